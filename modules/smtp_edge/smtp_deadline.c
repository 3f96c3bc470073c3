/* What the clock says about a session: one deadline out of several limits. */
#include "smtp_edge.h"

#define RATE_WINDOW EDGE_SECONDS(60)

static edge_mono_t earlier(edge_mono_t a, edge_mono_t b) {
    if (a == 0 || b == 0)
        return a + b; /* 0 = none */
    return a < b ? a : b;
}

static edge_mono_t after(edge_mono_t since, edge_mono_t limit) { return limit ? since + limit : 0; }

static edge_mono_t data_deadline(const smtp_session_t *s) {
    const smtp_settings_t *settings = smtp_settings_of(s);
    edge_mono_t due = after(s->data_progress, settings->timeouts.data);
    due = earlier(due, after(s->data_since, settings->timeouts.data_total));
    return earlier(due, settings->min_rate ? s->rate_since + RATE_WINDOW : 0);
}

/* While an answer is awaited the client cannot be late: the checks and the queue have deadlines of their own. */
void smtp_deadline_set(smtp_session_t *s) {
    const smtp_settings_t *settings = smtp_settings_of(s);
    edge_mono_t due = 0;
    if (s->handshaking) {
        due = after(s->line_since, settings->timeouts.tls);
    } else if (!s->paused && edge_smtp_server_waits(&s->machine) == EDGE_SMTP_WAITS_NOT) {
        due =
            edge_smtp_server_in_data(&s->machine) ? data_deadline(s) : after(s->line_since, settings->timeouts.command);
        due = earlier(due, after(s->session.opened.mono, settings->timeouts.session));
    }
    edge_conn_deadline(s->session.conn, due);
}

/* It is the client's turn, from now on: what it waited for us is not held against it. */
void smtp_deadline_start(smtp_session_t *s) {
    s->line_since = s->data_progress = s->rate_since = smtp_now(s);
    s->rate_octets = 0;
    smtp_deadline_set(s);
}

/* Only a whole line is progress of a command; any octet is progress of data. */
void smtp_deadline_input(smtp_session_t *s, size_t octets, bool line_eaten) {
    edge_mono_t now = smtp_now(s);
    s->rate_octets += octets;
    s->data_progress = now;
    if (line_eaten)
        s->line_since = now;
    smtp_deadline_set(s);
}

void smtp_deadline_body(smtp_session_t *s) {
    s->data_since = s->data_progress = s->rate_since = smtp_now(s);
    s->rate_octets = 0;
}

/* MinRate looks at whole minutes, so a pause in the middle of a fast message is no offence. */
static bool too_slow(smtp_session_t *s, edge_mono_t now) {
    uint32_t rate = smtp_settings_of(s)->min_rate;
    if (rate == 0 || now < s->rate_since + RATE_WINDOW)
        return false;
    bool slow = s->rate_octets < (uint64_t)rate * (RATE_WINDOW / EDGE_SECONDS(1));
    s->rate_since = now;
    s->rate_octets = 0;
    return slow;
}

static bool past(edge_mono_t now, edge_mono_t since, edge_mono_t limit) { return limit && now >= since + limit; }

bool smtp_deadline_over(smtp_session_t *s, edge_close_reason_t *reason) {
    const smtp_timeouts_t *limits = &smtp_settings_of(s)->timeouts;
    edge_mono_t now = smtp_now(s);
    bool in_data = edge_smtp_server_in_data(&s->machine);
    if (s->handshaking) {
        *reason = EDGE_CLOSE_TIMEOUT_TLS;
        return past(now, s->line_since, limits->tls);
    }
    if (s->paused || edge_smtp_server_waits(&s->machine) != EDGE_SMTP_WAITS_NOT)
        return false;
    if (past(now, s->session.opened.mono, limits->session))
        *reason = EDGE_CLOSE_TIMEOUT_SESSION;
    else if (in_data && (past(now, s->data_progress, limits->data) || past(now, s->data_since, limits->data_total)))
        *reason = EDGE_CLOSE_TIMEOUT_DATA;
    else if (in_data && too_slow(s, now))
        *reason = EDGE_CLOSE_SLOW;
    else if (!in_data && past(now, s->line_since, limits->command))
        *reason = EDGE_CLOSE_TIMEOUT_COMMAND;
    else
        return false;
    return true;
}
