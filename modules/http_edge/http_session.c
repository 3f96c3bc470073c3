/* Drives one HTTP session: the connection's events and the core's calls move a request from stage to stage. */
#include "http_edge.h"

const char *const http_verb_names[] = {"post", "get", "head", "options", "other", NULL};

/* The loop */

static bool is_question(const http_session_t *s) {
    switch ((http_stage_t)s->stage) {
    case HTTP_ASKS_CREDENTIALS:
    case HTTP_ASKS_IDENTITY:
    case HTTP_ASKS_EHLO:
    case HTTP_ASKS_MAIL:
    case HTTP_ASKS_RCPT:
    case HTTP_ASKS_DATA:
    case HTTP_ASKS_HAVE_DATA: return true;
    default: return false;
    }
}

static void loop(http_session_t *s) {
    s->running = true;
    while (!s->waiting && is_question(s))
        http_policy_ask(s);
    s->running = false;
}

static void settle_pause(http_session_t *s) {
    bool pause = s->waiting || s->body_full;
    if (pause == s->paused)
        return;
    s->paused = pause;
    if (pause)
        edge_conn_pause(s->session.conn);
    else
        edge_conn_resume(s->session.conn);
}

void http_session_run(http_session_t *s) {
    if (s->running)
        return; /* answered at once: the loop goes on by itself */
    if (s->stage == HTTP_READS_BODY && !s->body_full)
        http_body_input(s, edge_span("", 0)); /* its last octets may have filled the queue */
    loop(s);
    settle_pause(s);
    http_deadline_start(s);
    edge_conn_flush(s->session.conn);
}

/* The connection's events */

static void on_opened(edge_conn_t *conn) {
    http_session_t *s = edge_conn_owner(conn);
    if (s->stage == HTTP_SHAKES_HANDS)
        edge_session_secured(&s->session);
    s->stage = HTTP_AWAITS_HEAD;
    if (s->refused.code)
        http_answer_last(s, edge_http_submit_status(&s->refused), &s->refused, s->refused_reason);
    http_session_run(s);
}

static size_t take(http_session_t *s, edge_span_t bytes) {
    switch ((http_stage_t)s->stage) {
    case HTTP_AWAITS_HEAD: return http_request_head(s, bytes);
    case HTTP_READS_BODY: return http_body_input(s, bytes);
    case HTTP_SWALLOWS: return http_body_swallow(s, bytes);
    default: return 0;
    }
}

/* A stage may end without eating anything: by a CR that is seen to be bare when the next octet has come, or where the rest of a
 * content is empty. The next one then looks at the same octets, since nobody would call again before there are more. */
static size_t on_input(edge_conn_t *conn, edge_span_t bytes) {
    http_session_t *s = edge_conn_owner(conn);
    bool awaited = s->stage == HTTP_AWAITS_HEAD;
    size_t eaten;
    unsigned stage;
    do {
        stage = s->stage;
        eaten = take(s, bytes);
        loop(s);
    } while (eaten == 0 && s->stage != stage);
    http_deadline_input(s, bytes.len, !awaited || eaten > 0);
    settle_pause(s);
    return eaten;
}

static void on_ended(edge_conn_t *conn) {
    http_session_t *s = edge_conn_owner(conn);
    if (s->stage == HTTP_READS_BODY) {
        edge_transaction_end(&s->session, NULL, EDGE_NO_SPAN);
        http_answer_last(s, edge_http_answer_status(EDGE_HTTP_CUT_SHORT), NULL, EDGE_CLOSE_PEER_CLOSED_IN_DATA);
    } else {
        edge_conn_close(conn, EDGE_CLOSE_PEER_CLOSED);
    }
    http_session_run(s);
}

/* A connection that waits for a request has nothing to be told: an answer to no request would be taken for the next one's. */
static void time_is_over(http_session_t *s, edge_close_reason_t reason) {
    edge_conn_t *conn = s->session.conn;
    bool asked = s->stage == HTTP_READS_BODY || (s->stage == HTTP_AWAITS_HEAD && edge_conn_unread(conn) > 0);
    edge_reply_t reply = edge_reply_of(EDGE_R_TIMED_OUT);
    if (edge_conn_unsent(conn) > 0) {
        edge_conn_close(conn, EDGE_CLOSE_TIMEOUT_WRITE);
    } else if (asked) {
        if (s->session.transaction)
            edge_transaction_end(&s->session, &reply, edge_span_of("DATA"));
        http_answer_last(s, edge_http_answer_status(EDGE_HTTP_TIMED_OUT), &reply, reason);
    } else {
        edge_conn_close(conn, reason);
    }
    s->stage = HTTP_CLOSES;
}

static void on_timeout(edge_conn_t *conn) {
    http_session_t *s = edge_conn_owner(conn);
    edge_close_reason_t reason;
    if (!http_deadline_over(s, &reason)) {
        http_deadline_set(s);
        return;
    }
    time_is_over(s, reason);
    http_session_run(s);
}

static void on_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    http_session_t *s = edge_conn_owner(conn);
    edge_worker_t *worker = edge_conn_worker(conn);
    apr_pool_t *pool = s->request ? s->request->pool : NULL;
    edge_session_close(&s->session, reason);
    if (pool)
        edge_worker_give_pool(worker, pool); /* behind the checks that may have looked at it */
}

/* The core's calls */

static void session_open(edge_session_t *session, const edge_reply_t *refused, edge_close_reason_t reason) {
    http_session_t *s = (http_session_t *)session;
    edge_pace_open(&s->pace, session->opened.mono);
    s->stage = HTTP_AWAITS_HEAD;
    if (refused) {
        s->refused = *refused;
        s->refused_reason = reason;
    }
    if (session->listener->tls) {
        s->stage = HTTP_SHAKES_HANDS;
        edge_session_shake_hands(session);
    }
    http_deadline_set(s);
}

static void session_verdict(edge_session_t *session, edge_reply_t reply) {
    http_session_t *s = (http_session_t *)session;
    if (s->stage == HTTP_CLOSES)
        return;
    s->waiting = false;
    http_policy_verdict(s, reply);
    http_session_run(s);
}

static void session_stored(edge_session_t *session, edge_reply_t reply) {
    http_session_t *s = (http_session_t *)session;
    if (s->stage == HTTP_CLOSES)
        return;
    s->waiting = false;
    http_policy_stored(s, reply);
    http_session_run(s);
}

static void session_body_room(edge_session_t *session) {
    http_session_t *s = (http_session_t *)session;
    s->body_full = false;
    http_session_run(s);
}

/* Between requests the connection just ends, as any client expects; a request that has begun may finish, or is told when there
 * is no time left for it. What is being stored is always waited for: its answer must be true. */
static void session_stop(edge_session_t *session, edge_stop_t when, edge_reply_row_t row, edge_close_reason_t reason) {
    http_session_t *s = (http_session_t *)session;
    edge_reply_t reply = edge_reply_of(row);
    bool idle = s->stage == HTTP_AWAITS_HEAD && edge_conn_unread(session->conn) == 0;
    s->stops = true;
    s->stop_reason = reason;
    if (s->stage == HTTP_CLOSES || (s->stage == HTTP_STORES && s->waiting))
        return;
    if (idle || s->stage == HTTP_SWALLOWS || (when != EDGE_STOP_SOON && s->stage == HTTP_SHAKES_HANDS)) {
        edge_conn_close(session->conn, reason);
        s->stage = HTTP_CLOSES;
    } else if (when == EDGE_STOP_NOW) {
        http_answer_last(s, edge_http_submit_status(&reply), &reply, reason);
        http_session_run(s);
    }
}

static edge_session_state_t session_look(const edge_session_t *session, edge_mono_t *idle_since) {
    static const edge_session_state_t states[] = {
        [HTTP_SHAKES_HANDS] = EDGE_STATE_HANDSHAKE, [HTTP_REFUSED] = EDGE_STATE_CLOSING,
        [HTTP_AWAITS_HEAD] = EDGE_STATE_REQUEST,    [HTTP_ASKS_CREDENTIALS] = EDGE_STATE_AUTH,
        [HTTP_ASKS_IDENTITY] = EDGE_STATE_AUTH,     [HTTP_ASKS_EHLO] = EDGE_STATE_COMMAND,
        [HTTP_ASKS_MAIL] = EDGE_STATE_MAIL,         [HTTP_ASKS_RCPT] = EDGE_STATE_RCPT,
        [HTTP_ASKS_DATA] = EDGE_STATE_DATA,         [HTTP_READS_BODY] = EDGE_STATE_DATA,
        [HTTP_ASKS_HAVE_DATA] = EDGE_STATE_DATA,    [HTTP_STORES] = EDGE_STATE_STORING,
        [HTTP_SWALLOWS] = EDGE_STATE_REQUEST,       [HTTP_CLOSES] = EDGE_STATE_CLOSING,
    };
    const http_session_t *s = (const http_session_t *)session;
    *idle_since = s->pace.data_progress ? s->pace.data_progress : session->opened.mono;
    return states[s->stage];
}

static const edge_conn_handler_t handler = {
    .opened = on_opened,
    .input = on_input,
    .ended = on_ended,
    .timeout = on_timeout,
    .closed = on_closed,
};

const edge_protocol_t http_protocol = {
    .name = "http",
    .verbs = http_verb_names,
    .session_size = sizeof(http_session_t),
    .handler = &handler,
    .open = session_open,
    .verdict = session_verdict,
    .stored = session_stored,
    .authenticated = http_credentials_answered,
    .body_room = session_body_room,
    .stop = session_stop,
    .look = session_look,
    .prepare = http_settings_prepare,
};
