/* Drives one SMTP session: the machine's actions meet the connection, policy and the queue. */
#include "smtp_edge.h"

#include <stdlib.h>

#include "edge_obj.h"
#include "proto/smtp_command.h"
#include "proto/smtp_reply.h"

/* Replies */

/* A challenge may hold what the credentials are made of. */
static void tell_said(smtp_session_t *s, const edge_smtp_action_t *action, edge_span_t text) {
    edge_session_said(&s->session, action->reply.code == 334 ? (edge_span_t)EDGE_SPAN("334 ...") : text);
}

static void write_reply(smtp_session_t *s, const edge_smtp_action_t *action) {
    char text[2048];
    const edge_smtp_rules_t *rules = &smtp_settings_of(s)->rules;
    size_t len = action->with_keywords ? edge_smtp_hello_format(&action->reply, action->keywords, rules,
                                                                action->mechanisms, text, sizeof(text))
                                       : edge_smtp_reply_format(&action->reply, text, sizeof(text));
    if (EDGE_LIKELY(len <= sizeof(text))) {
        edge_conn_write(s->session.conn, edge_span(text, len));
        tell_said(s, action, edge_span(text, len));
        return;
    }
    char *large = malloc(len);
    EDGE_ASSERT(large != NULL);
    if (action->with_keywords)
        edge_smtp_hello_format(&action->reply, action->keywords, rules, action->mechanisms, large, len);
    else
        edge_smtp_reply_format(&action->reply, large, len);
    edge_conn_write(s->session.conn, edge_span(large, len));
    tell_said(s, action, edge_span(large, len));
    free(large);
}

/* The command may have been asked about: its verb is remembered, since the input it stood in may have moved. */
static edge_span_t verb_of(const smtp_session_t *s, const edge_smtp_action_t *action) {
    return s->asked_verb.len ? s->asked_verb : action->verb;
}

static void act_reply(smtp_session_t *s, const edge_smtp_action_t *action) {
    edge_span_t verb = verb_of(s, action);
    write_reply(s, action);
    /* The go-ahead of DATA and a challenge are not the command's outcome; that comes after them. */
    if (edge_reply_class(&action->reply) == 3) {
        edge_session_replied(&s->session);
        return;
    }
    edge_session_count_reply(&s->session, edge_smtp_verb_index(verb), &action->reply);
    if (s->reset_pending) {
        s->reset_pending = false;
        edge_transaction_end(&s->session, &action->reply, verb);
    }
    s->asked_verb = EDGE_NO_SPAN;
    edge_session_replied(&s->session);
}

/* Questions */

static void remember_verb(smtp_session_t *s, edge_span_t verb) {
    size_t len = verb.len < sizeof(s->verb_text) ? verb.len : sizeof(s->verb_text);
    if (len)
        memcpy(s->verb_text, verb.at, len);
    s->asked_verb = edge_span(s->verb_text, len);
}

static void ask_hello(smtp_session_t *s, const edge_smtp_action_t *action) {
    free(s->hello);
    s->hello = strndup(action->argument.at, action->argument.len);
    edge_session_ask(&s->session, action->phase, action->argument, action->parameters, action->reply);
}

static void act_ask(smtp_session_t *s, const edge_smtp_action_t *action) {
    s->asked = action->phase;
    remember_verb(s, action->verb);
    switch (action->phase) {
    case EDGE_PHASE_EHLO:
    case EDGE_PHASE_HELO: ask_hello(s, action); break;
    case EDGE_PHASE_MAIL: smtp_transaction_ask_mail(s, action); break;
    case EDGE_PHASE_RCPT: smtp_transaction_ask_rcpt(s, action); break;
    case EDGE_PHASE_HAVE_DATA: smtp_transaction_ask_have_data(s, action); break;
    case EDGE_PHASE_AUTH: smtp_secure_ask_identity(s, action); break;
    default: edge_session_ask(&s->session, action->phase, action->argument, action->parameters, action->reply);
    }
}

static void settle_hello(smtp_session_t *s, const edge_reply_t *reply) {
    if (edge_reply_class(reply) == 2)
        edge_session_set_ehlo(&s->session, edge_span_of(s->hello), s->asked == EDGE_PHASE_EHLO);
    free(s->hello);
    s->hello = NULL;
}

/* A refused BDAT is answered only when its chunk has been read (RFC 3030 2): its text must outlive the check's pool. */
static void keep_reply(smtp_session_t *s, edge_reply_t *reply) {
    apr_pool_t *pool = s->session.transaction->pool;
    reply->text = edge_span_copy(pool, reply->text);
    if (reply->argument.at)
        reply->argument = edge_span_copy(pool, reply->argument);
}

/* Only a banner that was waited for is worth a look: one that goes out at once is too quick for anybody. */
static void look_for_early_talker(smtp_session_t *s) {
    bool waited = !s->running;
    if (waited && edge_conn_has_input(s->session.conn))
        edge_session_violated(&s->session, EDGE_VIOLATION_EARLY_TALKER);
}

static void session_verdict(edge_session_t *session, edge_reply_t reply) {
    smtp_session_t *s = (smtp_session_t *)session;
    if (s->asking_early) {
        smtp_secure_settle_early(s);
        return;
    }
    if (s->asked == EDGE_PHASE_BANNER)
        look_for_early_talker(s);
    if (s->asked == EDGE_PHASE_AUTH)
        smtp_secure_settle_identity(s, &reply);
    else if (s->asked == EDGE_PHASE_EHLO || s->asked == EDGE_PHASE_HELO)
        settle_hello(s, &reply);
    else
        smtp_transaction_verdict(s, &reply);
    if (s->asked == EDGE_PHASE_DATA && s->session.transaction)
        keep_reply(s, &reply);
    edge_smtp_server_verdict(&s->machine, reply);
    smtp_session_run(s);
}

static void session_stored(edge_session_t *session, edge_reply_t reply) {
    smtp_session_t *s = (smtp_session_t *)session;
    edge_smtp_server_stored(&s->machine, reply);
    smtp_session_run(s);
}

/* The loop */

static void act(smtp_session_t *s, const edge_smtp_action_t *action) {
    switch (action->kind) {
    case EDGE_SMTP_REPLY: act_reply(s, action); break;
    case EDGE_SMTP_ASK: act_ask(s, action); break;
    case EDGE_SMTP_COMMAND:
        /* No module adds verbs: rules.verbs is empty, so the machine never asks. */
        EDGE_ASSERT(action->kind != EDGE_SMTP_COMMAND);
        break;
    case EDGE_SMTP_RESET: s->reset_pending = s->session.transaction != NULL; break;
    case EDGE_SMTP_BODY_OPEN:
    case EDGE_SMTP_BODY_SPAN:
    case EDGE_SMTP_BODY_DROP: smtp_transaction_body(s, action); break;
    case EDGE_SMTP_COMMIT: smtp_transaction_commit(s); break;
    case EDGE_SMTP_START_TLS: smtp_secure_start_tls(s); break;
    case EDGE_SMTP_AUTH:
    case EDGE_SMTP_AUTH_RESPONSE:
    case EDGE_SMTP_AUTH_CANCEL: smtp_secure_auth(s, action); break;
    case EDGE_SMTP_CLOSE: edge_conn_close(s->session.conn, (edge_close_reason_t)action->close_reason); break;
    }
}

/* Does what the machine says until it wants input, waits for an answer, or the queue is full. */
static void loop(smtp_session_t *s) {
    edge_smtp_action_t action;
    s->running = true;
    while (!s->body_full && !s->asking_early && edge_smtp_server_next(&s->machine, &action))
        act(s, &action);
    s->running = false;
}

static void settle_pause(smtp_session_t *s) {
    bool pause = s->body_full || s->asking_early || edge_smtp_server_waits(&s->machine) != EDGE_SMTP_WAITS_NOT;
    if (pause == s->paused)
        return;
    s->paused = pause;
    if (pause)
        edge_conn_pause(s->session.conn);
    else
        edge_conn_resume(s->session.conn);
}

/* After an event that came from elsewhere than the input. */
void smtp_session_run(smtp_session_t *s) {
    if (s->running)
        return; /* answered at once: the loop goes on by itself */
    loop(s);
    settle_pause(s);
    smtp_deadline_start(s); /* behind it: a paused session has no deadline */
    edge_conn_flush(s->session.conn);
}

/* The connection's events */

static void on_opened(edge_conn_t *conn) {
    smtp_session_t *s = edge_conn_owner(conn);
    smtp_secure_opened(s);
    smtp_session_run(s);
}

static size_t on_input(edge_conn_t *conn, edge_span_t bytes) {
    smtp_session_t *s = edge_conn_owner(conn);
    edge_smtp_server_input(&s->machine, bytes);
    loop(s);
    size_t eaten = edge_smtp_server_eaten(&s->machine);
    smtp_deadline_input(s, bytes.len, edge_smtp_server_progressed(&s->machine));
    settle_pause(s);
    return eaten;
}

static void on_ended(edge_conn_t *conn) {
    smtp_session_t *s = edge_conn_owner(conn);
    edge_smtp_server_peer_closed(&s->machine);
    smtp_session_run(s);
}

static void on_timeout(edge_conn_t *conn) {
    smtp_session_t *s = edge_conn_owner(conn);
    edge_close_reason_t reason;
    if (!smtp_deadline_over(s, &reason)) {
        smtp_deadline_set(s);
    } else if (s->handshaking) {
        edge_conn_close(conn, reason); /* nothing can be said */
    } else if (edge_conn_unsent(conn) > 0) {
        edge_conn_close(conn, EDGE_CLOSE_TIMEOUT_WRITE); /* it does not read: it would not read a 421 either */
    } else {
        edge_smtp_server_timeout(&s->machine, reason);
        smtp_session_run(s);
    }
}

static void on_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    smtp_session_t *s = edge_conn_owner(conn);
    free(s->hello);
    free(s->auth_text);
    edge_session_close(&s->session, reason);
}

/* The core's calls */

static void session_open(edge_session_t *session, const edge_reply_t *refused, edge_close_reason_t reason) {
    smtp_session_t *s = (smtp_session_t *)session;
    const smtp_settings_t *settings = smtp_settings_of(s);
    edge_pace_open(&s->pace, session->opened.mono);
    if (refused)
        edge_smtp_server_refuse(&s->machine, &settings->rules, *refused, (int)reason);
    else
        edge_smtp_server_start(&s->machine, &settings->rules, settings->banner);
    smtp_secure_begin(s);
}

static void session_body_room(edge_session_t *session) {
    smtp_session_t *s = (smtp_session_t *)session;
    s->body_full = false;
    smtp_session_run(s);
}

_Static_assert((int)EDGE_STOP_SOON == EDGE_SMTP_STOP_SOON && (int)EDGE_STOP_ANSWERED == EDGE_SMTP_STOP_ANSWERED &&
                   (int)EDGE_STOP_NOW == EDGE_SMTP_STOP_NOW,
               "the core and the machine mean the same");

static void session_stop(edge_session_t *session, edge_stop_t when, edge_reply_row_t row, edge_close_reason_t reason) {
    smtp_session_t *s = (smtp_session_t *)session;
    bool wordless = s->handshaking && when != EDGE_STOP_SOON;
    edge_smtp_server_stop(&s->machine, wordless ? EDGE_SMTP_STOP_SOON : (edge_smtp_stop_t)when, row, (int)reason);
    if (wordless)
        edge_conn_close(session->conn, reason);
    else if (!s->handshaking)
        smtp_session_run(s);
}

/* Looking on */

static edge_session_state_t state_of_command(const smtp_session_t *s) {
    const edge_transaction_t *transaction = s->session.transaction;
    if (!transaction)
        return EDGE_STATE_COMMAND;
    if (edge_smtp_server_in_data(&s->machine) || transaction->data_started)
        return EDGE_STATE_DATA;
    return transaction->envelope->recipient_count ? EDGE_STATE_RCPT : EDGE_STATE_MAIL;
}

static edge_session_state_t state_of_question(const smtp_session_t *s) {
    switch (s->asked) {
    case EDGE_PHASE_BANNER: return EDGE_STATE_GREETING;
    case EDGE_PHASE_AUTH: return EDGE_STATE_AUTH;
    case EDGE_PHASE_RCPT: return EDGE_STATE_RCPT;
    case EDGE_PHASE_DATA:
    case EDGE_PHASE_HAVE_DATA: return EDGE_STATE_DATA;
    default: return state_of_command(s);
    }
}

static edge_session_state_t session_look(const edge_session_t *session, edge_mono_t *idle_since) {
    const smtp_session_t *s = (const smtp_session_t *)session;
    *idle_since = s->pace.data_progress ? s->pace.data_progress : session->opened.mono;
    if (edge_smtp_server_closing(&s->machine))
        return EDGE_STATE_CLOSING;
    if (s->handshaking)
        return EDGE_STATE_HANDSHAKE;
    switch (edge_smtp_server_waits(&s->machine)) {
    case EDGE_SMTP_WAITS_STORED: return EDGE_STATE_STORING;
    case EDGE_SMTP_WAITS_AUTH: return EDGE_STATE_AUTH;
    case EDGE_SMTP_WAITS_VERDICT: return state_of_question(s);
    default: return session->authenticating ? EDGE_STATE_AUTH : state_of_command(s);
    }
}

static const edge_conn_handler_t handler = {
    .opened = on_opened,
    .input = on_input,
    .ended = on_ended,
    .timeout = on_timeout,
    .closed = on_closed,
};

const edge_protocol_t smtp_protocol = {
    .name = "smtp",
    .verbs = edge_smtp_verb_names,
    .session_size = sizeof(smtp_session_t),
    .handler = &handler,
    .open = session_open,
    .verdict = session_verdict,
    .stored = session_stored,
    .authenticated = smtp_secure_authenticated,
    .body_room = session_body_room,
    .stop = session_stop,
    .look = session_look,
    .prepare = smtp_settings_prepare,
};
