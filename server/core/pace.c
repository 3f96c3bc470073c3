/* One deadline out of several limits. */
#include "edge_pace.h"

#define RATE_WINDOW EDGE_SECONDS(60)

void edge_pace_open(edge_pace_t *pace, edge_mono_t now) { *pace = (edge_pace_t){.opened = now, .line_since = now}; }

void edge_pace_handshake(edge_pace_t *pace, edge_mono_t now) { pace->line_since = now; }

void edge_pace_start(edge_pace_t *pace, edge_mono_t now) {
    pace->line_since = pace->data_progress = pace->rate_since = now;
    pace->rate_octets = 0;
}

void edge_pace_body(edge_pace_t *pace, edge_mono_t now) {
    pace->data_since = pace->data_progress = pace->rate_since = now;
    pace->rate_octets = 0;
}

void edge_pace_input(edge_pace_t *pace, edge_mono_t now, size_t octets, bool whole) {
    pace->rate_octets += octets;
    pace->data_progress = now;
    if (whole)
        pace->line_since = now;
}

static edge_mono_t earlier(edge_mono_t a, edge_mono_t b) {
    if (a == 0 || b == 0)
        return a + b; /* 0 = none */
    return a < b ? a : b;
}

static edge_mono_t after(edge_mono_t since, edge_mono_t limit) { return limit ? since + limit : 0; }

static edge_mono_t data_due(const edge_pace_t *pace, const edge_limits_t *limits) {
    edge_mono_t due = after(pace->data_progress, limits->timeouts.data);
    due = earlier(due, after(pace->data_since, limits->timeouts.data_total));
    return earlier(due, limits->min_rate ? pace->rate_since + RATE_WINDOW : 0);
}

edge_mono_t edge_pace_due(const edge_pace_t *pace, const edge_limits_t *limits, edge_pace_turn_t turn) {
    edge_mono_t session = after(pace->opened, limits->timeouts.session);
    switch (turn) {
    case EDGE_PACE_HANDSHAKE: return after(pace->line_since, limits->timeouts.tls);
    case EDGE_PACE_BANNER:
    case EDGE_PACE_COMMAND:
    case EDGE_PACE_AUTH: return earlier(after(pace->line_since, limits->timeouts.command), session);
    case EDGE_PACE_DATA: return earlier(data_due(pace, limits), session);
    case EDGE_PACE_OURS: break;
    }
    return 0;
}

static bool too_slow(edge_pace_t *pace, uint32_t rate, edge_mono_t now) {
    if (rate == 0 || now < pace->rate_since + RATE_WINDOW)
        return false;
    bool slow = pace->rate_octets < (uint64_t)rate * (RATE_WINDOW / EDGE_SECONDS(1));
    pace->rate_since = now;
    pace->rate_octets = 0;
    return slow;
}

static bool past(edge_mono_t now, edge_mono_t since, edge_mono_t limit) { return limit && now >= since + limit; }

static edge_close_reason_t line_missed(edge_pace_turn_t turn) {
    switch (turn) {
    case EDGE_PACE_BANNER: return EDGE_CLOSE_TIMEOUT_BANNER;
    case EDGE_PACE_AUTH: return EDGE_CLOSE_TIMEOUT_AUTH;
    default: return EDGE_CLOSE_TIMEOUT_COMMAND;
    }
}

bool edge_pace_over(edge_pace_t *pace, const edge_limits_t *limits, edge_pace_turn_t turn, edge_mono_t now,
                    edge_close_reason_t *reason) {
    const edge_timeouts_t *most = &limits->timeouts;
    bool in_data = turn == EDGE_PACE_DATA;
    if (turn == EDGE_PACE_OURS)
        return false;
    if (turn == EDGE_PACE_HANDSHAKE) {
        *reason = EDGE_CLOSE_TIMEOUT_TLS;
        return past(now, pace->line_since, most->tls);
    }
    if (past(now, pace->opened, most->session))
        *reason = EDGE_CLOSE_TIMEOUT_SESSION;
    else if (in_data && (past(now, pace->data_progress, most->data) || past(now, pace->data_since, most->data_total)))
        *reason = EDGE_CLOSE_TIMEOUT_DATA;
    else if (in_data && too_slow(pace, limits->min_rate, now))
        *reason = EDGE_CLOSE_SLOW;
    else if (!in_data && past(now, pace->line_since, most->command))
        *reason = line_missed(turn);
    else
        return false;
    return true;
}
