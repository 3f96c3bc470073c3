/* Tests of server/base/clock.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_clock.h"

#include <time.h>

static void clocks_do_not_run_backwards(void **state) {
    (void)state;
    edge_clock_t a = edge_clock_read(), b = edge_clock_read();
    assert_true(b.mono >= a.mono);
    assert_true(a.wall > INT64_C(1700000000000000));
}

static void prints_rfc3339(void **state) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    (void)state;
    edge_clock_rfc3339(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    edge_clock_rfc3339(INT64_C(1795365669120934), text);
    assert_string_equal(text, "2026-11-22T16:41:09.120934Z");
    edge_clock_rfc3339(INT64_C(951868799999999), text); /* a leap day of a year divisible by 400 */
    assert_string_equal(text, "2000-02-29T23:59:59.999999Z");
    edge_clock_rfc3339(-5, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    edge_clock_rfc3339(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

static void prints_rfc5322(void **state) {
    char text[EDGE_CLOCK_RFC5322_SIZE];
    (void)state;
    edge_clock_rfc5322(INT64_C(1795365669120934), text);
    assert_string_equal(text, "Sun, 22 Nov 2026 16:41:09 +0000");
}

static int64_t parsed(const char *text) {
    apr_time_t wall;
    return edge_clock_rfc3339_parse(edge_span_of(text), &wall) ? wall : -1;
}

static void reads_rfc3339(void **state) {
    static const char *const wrong[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-2",
        "2026-11-022",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2100-02-29",
        "2026-04-31",
        "2026-11-00",
        "1969-12-31",
        "2026/11/22",
        "+026-11-22",
        "2026-11-22T",
        "2026-11-22T16:41:09",
        "2026-11-22T24:00:00Z",
        "2026-11-22T16:60:00Z",
        "2026-11-22T16:41:61Z",
        "2026-11-22T16:41:09.Z",
        "2026-11-22T16:41:09Zx",
        "2026-11-22T16:41:09+0200",
        "2026-11-22T16:41:09+24:00",
        "2026-11-22T16:41:09+02",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "tomorrow",
        "x026-11-22",
        "2026-1x-22",
        "2026-11-2x",
        "20",
        " 2026-11-22",
    };
    (void)state;
    assert_int_equal(parsed("1970-01-01"), 0);
    assert_int_equal(parsed("2026-11-22T16:41:09.120934Z"), INT64_C(1795365669120934));
    assert_int_equal(parsed("2026-11-22t16:41:09.12093499z"), INT64_C(1795365669120934));
    assert_int_equal(parsed("2026-11-22 17:41:09.5+01:00"), INT64_C(1795365669500000));
    assert_int_equal(parsed("2026-11-22T16:11:09-00:30"), INT64_C(1795365669000000));
    assert_int_equal(parsed("2000-02-29T23:59:59.999999Z"), INT64_C(951868799999999));
    assert_int_equal(parsed("9999-12-31T23:59:59.999999Z"), INT64_C(253402300799999999));
    for (unsigned i = 0; i < EDGE_COUNT(wrong); i++)
        assert_int_equal(parsed(wrong[i]), -1);
}

/* What is printed is read as what it was. */
static void reads_what_it_prints(void **state) {
    (void)state;
    for (int64_t wall = 0; wall < INT64_C(253402300800000000); wall += INT64_C(40403647123457)) {
        char text[EDGE_CLOCK_RFC3339_SIZE];
        edge_clock_rfc3339(wall, text);
        assert_int_equal(parsed(text), wall);
    }
}

/* The C library knows the calendar too. */
static void agrees_with_the_library(void **state) {
    (void)state;
    for (int64_t seconds = 0; seconds < INT64_C(253402300800); seconds += 40403647) {
        char ours[EDGE_CLOCK_RFC5322_SIZE], theirs[64];
        time_t when = (time_t)seconds;
        struct tm tm;
        gmtime_r(&when, &tm);
        strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S +0000", &tm);
        edge_clock_rfc5322(seconds * 1000000, ours);
        assert_string_equal(ours, theirs);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_do_not_run_backwards),
        cmocka_unit_test(prints_rfc3339),
        cmocka_unit_test(prints_rfc5322),
        cmocka_unit_test(reads_rfc3339),
        cmocka_unit_test(reads_what_it_prints),
        cmocka_unit_test(agrees_with_the_library),
    };
    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
