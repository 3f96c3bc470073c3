/* What the clock says about a session: whose turn it is, told to the pace. */
#include "smtp_edge.h"

/* While an answer is awaited the client cannot be late. */
static edge_pace_turn_t turn_of(const smtp_session_t *s) {
    if (s->handshaking)
        return EDGE_PACE_HANDSHAKE;
    if (s->paused || edge_smtp_server_waits(&s->machine) != EDGE_SMTP_WAITS_NOT)
        return EDGE_PACE_OURS;
    if (edge_smtp_server_in_data(&s->machine))
        return EDGE_PACE_DATA;
    if (s->session.authenticating)
        return EDGE_PACE_AUTH;
    return s->session.counts.commands > 1 ? EDGE_PACE_COMMAND : EDGE_PACE_BANNER; /* the banner is a reply too */
}

void smtp_deadline_set(smtp_session_t *s) {
    edge_conn_deadline(s->session.conn, edge_pace_due(&s->pace, smtp_settings_of(s)->limits, turn_of(s)));
}

void smtp_deadline_start(smtp_session_t *s) {
    edge_pace_start(&s->pace, smtp_now(s));
    smtp_deadline_set(s);
}

void smtp_deadline_input(smtp_session_t *s, size_t octets, bool line_eaten) {
    edge_pace_input(&s->pace, smtp_now(s), octets, line_eaten);
    smtp_deadline_set(s);
}

void smtp_deadline_body(smtp_session_t *s) { edge_pace_body(&s->pace, smtp_now(s)); }

bool smtp_deadline_over(smtp_session_t *s, edge_close_reason_t *reason) {
    return edge_pace_over(&s->pace, smtp_settings_of(s)->limits, turn_of(s), smtp_now(s), reason);
}
