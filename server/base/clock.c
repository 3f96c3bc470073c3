/* Reading the two clocks, printing and reading dates. */
#include "edge_clock.h"

#include <time.h>

static int64_t microseconds(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

edge_mono_t edge_clock_mono(void) { return microseconds(CLOCK_MONOTONIC); }

edge_clock_t edge_clock_read(void) {
    return (edge_clock_t){.mono = microseconds(CLOCK_MONOTONIC), .wall = microseconds(CLOCK_REALTIME)};
}

typedef struct date {
    unsigned year, month, day, weekday, hour, minute, second, micro;
} date_t;

/* 9999-12-31T23:59:59.999999Z: later dates do not fit the fixed widths. */
#define WALL_LAST INT64_C(253402300799999999)

/* The proleptic Gregorian calendar counted in eras of 400 years that begin on the first of March. */
static date_t split(apr_time_t wall) {
    if (wall < 0) {
        wall = 0;
    } else if (wall > WALL_LAST) {
        wall = WALL_LAST;
    }
    uint64_t seconds = (uint64_t)wall / 1000000;
    uint64_t days = seconds / 86400;
    unsigned rest = (unsigned)(seconds % 86400);
    uint64_t shifted = days + 719468; /* days from 0000-03-01 to 1970-01-01 */
    uint64_t era = shifted / 146097;
    unsigned day_of_era = (unsigned)(shifted % 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;
    unsigned month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    date_t date = {
        .year = (unsigned)(era * 400) + year_of_era + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
        .weekday = (unsigned)((days + 4) % 7), /* 1970-01-01 was a Thursday */
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
        .micro = (unsigned)((uint64_t)wall % 1000000),
    };
    return date;
}

/* The last `digits` decimal digits; returns the place behind them. */
static char *put(char *at, unsigned value, unsigned digits) {
    for (unsigned i = digits; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

static char *put_text(char *at, const char *text, size_t len) {
    memcpy(at, text, len);
    return at + len;
}

void edge_clock_rfc3339(apr_time_t wall, char out[EDGE_CLOCK_RFC3339_SIZE]) {
    date_t date = split(wall);
    char *at = put(out, date.year, 4);
    *at++ = '-';
    at = put(at, date.month, 2);
    *at++ = '-';
    at = put(at, date.day, 2);
    *at++ = 'T';
    at = put(at, date.hour, 2);
    *at++ = ':';
    at = put(at, date.minute, 2);
    *at++ = ':';
    at = put(at, date.second, 2);
    *at++ = '.';
    at = put(at, date.micro, 6);
    *at++ = 'Z';
    *at = '\0';
}

void edge_clock_rfc5322(apr_time_t wall, char out[EDGE_CLOCK_RFC5322_SIZE]) {
    static const char weekdays[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    date_t date = split(wall);
    char *at = put_text(out, weekdays + (size_t)date.weekday * 3, 3);
    at = put_text(at, ", ", 2);
    at = put(at, date.day, 2);
    *at++ = ' ';
    at = put_text(at, months + (size_t)(date.month - 1) * 3, 3);
    *at++ = ' ';
    at = put(at, date.year, 4);
    *at++ = ' ';
    at = put(at, date.hour, 2);
    *at++ = ':';
    at = put(at, date.minute, 2);
    *at++ = ':';
    at = put(at, date.second, 2);
    at = put_text(at, " +0000", 6);
    *at = '\0';
}

/* Reading */

typedef struct reading {
    edge_span_t rest;
    bool good;
} reading_t;

static unsigned take(reading_t *reading, unsigned digits, unsigned least, unsigned most) {
    unsigned value = 0;
    for (unsigned i = 0; reading->good && i < digits; i++) {
        unsigned char c = i < reading->rest.len ? (unsigned char)reading->rest.at[i] : ' ';
        reading->good = c >= '0' && c <= '9';
        value = value * 10 + (c - '0');
    }
    reading->good = reading->good && value >= least && value <= most;
    if (reading->good) {
        reading->rest = edge_span_after(reading->rest, digits);
    }
    return value;
}

static bool next_is(reading_t *reading, char c) {
    bool is = reading->good && reading->rest.len > 0 && reading->rest.at[0] == c;
    if (is) {
        reading->rest = edge_span_after(reading->rest, 1);
    }
    return is;
}

static void demand(reading_t *reading, char c) { reading->good = next_is(reading, c); }

/* Days since 1970-01-01 of a day that there is. */
static int64_t take_day(reading_t *reading) {
    static const unsigned char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year = take(reading, 4, 1970, 9999);
    demand(reading, '-');
    unsigned month = take(reading, 2, 1, 12);
    demand(reading, '-');
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    unsigned day = take(reading, 2, 1, reading->good ? lengths[month - 1] + (month == 2 && leap ? 1u : 0u) : 0);
    unsigned from_march = month > 2 ? month - 3 : month + 9, shifted = month > 2 ? year : year - 1;
    return (int64_t)shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (153 * from_march + 2) / 5 + day - 1 -
           719468;
}

static int64_t take_fraction(reading_t *reading) {
    int64_t micro = 0, unit = 100000;
    if (!next_is(reading, '.')) {
        return 0;
    }
    do {
        micro += take(reading, 1, 0, 9) * unit;
        unit /= 10;
    } while (reading->good && reading->rest.len > 0 && reading->rest.at[0] >= '0' && reading->rest.at[0] <= '9');
    return micro;
}

/* Seconds that the written time is ahead of UTC. */
static int64_t take_offset(reading_t *reading) {
    if (next_is(reading, 'Z') || next_is(reading, 'z')) {
        return 0;
    }
    bool ahead = next_is(reading, '+');
    if (!ahead) {
        demand(reading, '-');
    }
    int64_t hours = take(reading, 2, 0, 23);
    demand(reading, ':');
    int64_t seconds = hours * 3600 + take(reading, 2, 0, 59) * 60;
    return ahead ? seconds : -seconds;
}

bool edge_clock_rfc3339_parse(edge_span_t text, apr_time_t *wall) {
    reading_t reading = {text, true};
    int64_t seconds = take_day(&reading) * 86400, micro = 0;
    if (reading.rest.len > 0) {
        if (!next_is(&reading, 'T') && !next_is(&reading, 't')) {
            demand(&reading, ' ');
        }
        seconds += take(&reading, 2, 0, 23) * 3600;
        demand(&reading, ':');
        seconds += take(&reading, 2, 0, 59) * 60;
        demand(&reading, ':');
        seconds += take(&reading, 2, 0, 60); /* a leap second is the next one here */
        micro = take_fraction(&reading);
        seconds -= take_offset(&reading);
    }
    if (!reading.good || reading.rest.len > 0) {
        return false; /* what was summed up may be anything */
    }
    *wall = seconds * 1000000 + micro;
    return *wall >= 0 && *wall <= WALL_LAST;
}
