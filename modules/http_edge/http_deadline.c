/* What the clock says about a session: whose turn it is, told to the pace. */
#include "http_edge.h"

static edge_pace_turn_t turn_of(const http_session_t *s) {
    switch ((http_stage_t)s->stage) {
    case HTTP_SHAKES_HANDS: return EDGE_PACE_HANDSHAKE;
    case HTTP_AWAITS_HEAD: return EDGE_PACE_COMMAND;
    case HTTP_READS_BODY:
    case HTTP_SWALLOWS: return s->paused ? EDGE_PACE_OURS : EDGE_PACE_DATA;
    default: return EDGE_PACE_OURS;
    }
}

void http_deadline_set(http_session_t *s) {
    edge_conn_deadline(s->session.conn, edge_pace_due(&s->pace, http_settings_of(s)->limits, turn_of(s)));
}

void http_deadline_start(http_session_t *s) {
    edge_pace_start(&s->pace, http_now(s));
    http_deadline_set(s);
}

void http_deadline_input(http_session_t *s, size_t octets, bool head_eaten) {
    edge_pace_input(&s->pace, http_now(s), octets, head_eaten);
    http_deadline_set(s);
}

bool http_deadline_over(http_session_t *s, edge_close_reason_t *reason) {
    return edge_pace_over(&s->pace, http_settings_of(s)->limits, turn_of(s), http_now(s), reason);
}
