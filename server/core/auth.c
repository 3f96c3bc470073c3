/* Exchanges of AUTH: begins them, counts failures, delays their answers. */
#include "core/auth.h"

#include <stdlib.h>
#include <string.h>

#include "core/auth_figures.h"
#include "core/bans.h"
#include "core/core_conf.h"
#include "core/failures.h"
#include "core/listener_counters.h"
#include "edge_log.h"
#include "edge_module.h"
#include "edge_obj.h"
#include "edge_timer.h"

EDGE_LOG_AREA(edge_auth_log, "auth")

#define AUTHENTICATING_MAGIC 0x61757468u

typedef struct edge_authenticating {
    uint32_t magic;
    edge_session_t *session;
    edge_auth_exchange_t *exchange; /* NULL: it has ended, and its answer waits for the timer */
    edge_mono_t asked;              /* since when it is our turn; 0: the client's */
    edge_mono_t took;               /* all our turns so far */
    edge_timer_t delay;
    edge_reply_t reply; /* that answer */
    char *text;         /* what it stands in, if it is not a row's */
} edge_authenticating_t;

static const void *only_provider(const char *kind) {
    const char *name = edge_provider_at(kind, 0);
    return name ? edge_provider_find(kind, edge_span_of(name)) : NULL;
}

const edge_tls_provider_t *edge_tls_provider(void) { return only_provider("tls"); }

const char *edge_tls_mode_name(edge_tls_mode_t mode) {
    static const char *const names[] = {"off", "starttls", "immediate"};
    return names[mode];
}

const edge_auth_provider_t *edge_auth_provider(void) { return only_provider("auth"); }

edge_span_t edge_session_mechanisms(const edge_session_t *session) {
    const edge_auth_listener_t *auth = session->listener->auth;
    const edge_auth_provider_t *provider = auth ? edge_auth_provider() : NULL;
    return provider ? provider->offered(auth, session) : (edge_span_t)EDGE_SPAN("");
}

/* Failures */

static const edge_failures_rule_t *rule_of(const edge_session_t *session) {
    return &edge_core_listener_conf(session->listener->section)->auth_failures;
}

static edge_mono_t now_of(const edge_session_t *session) {
    return edge_worker_clock(edge_conn_worker(session->conn)).mono;
}

/* What a client has said, as it may stand between quotes in a line that other programs read. */
static void clean(edge_span_t text, char *out, size_t size) {
    size_t len = text.len < size - 1 ? text.len : size - 1;
    for (size_t i = 0; i < len; i++) {
        char c = text.at[i];
        out[i] = (char)(c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c);
    }
    out[len] = '\0';
}

/* This line is an interface: docs/GUESSING.md and conf/fail2ban describe it. */
static void log_failure(const edge_session_t *session, edge_span_t identity, const edge_failure_t *failure) {
    char ip[EDGE_IPADDR_TEXT], name[96];
    edge_ipaddr_format(session->from_ip, ip);
    clean(identity, name, sizeof(name));
    EDGE_LOG(&edge_auth_log, EDGE_LOG_NOTICE, 900,
             "authentication failed: client=%s listener=%s mechanism=%s identity=\"%s\" session=%s%s", ip,
             session->listener->name.at, session->auth_mechanism, name, session->id, failure->banned ? " banned" : "");
}

static edge_failure_t note_failure(const edge_session_t *session, edge_span_t identity) {
    edge_failure_t failure = edge_failures_note(rule_of(session), session->from_ip, identity, now_of(session));
    log_failure(session, identity, &failure);
    return failure;
}

/* Time */

edge_mono_t edge_session_auth_asked(const edge_session_t *session) {
    return session->authenticating ? session->authenticating->asked : 0;
}

static void our_turn(edge_session_t *session) { session->authenticating->asked = now_of(session); }

static void our_turn_ends(edge_session_t *session) {
    edge_authenticating_t *open = session->authenticating;
    edge_mono_t took = open->asked ? now_of(session) - open->asked : 0;
    session->waited.credentials += took;
    open->took += took;
    open->asked = 0;
}

/* Ending */

static void end(edge_session_t *session) {
    edge_authenticating_t *open = session->authenticating;
    our_turn_ends(session);
    edge_timer_cancel(edge_conn_worker(session->conn), &open->delay);
    session->authenticating = NULL;
    EDGE_OBJ_CLEAR(open);
    free(open->text);
    free(open);
}

static void refuse(edge_session_t *session, edge_reply_t reply) {
    edge_auth_answer_t answer = {.kind = EDGE_AUTH_FAILED, .reply = reply};
    session->listener->protocol->authenticated(session, &answer);
}

static void delay_over(edge_timer_t *timer) {
    edge_authenticating_t *open = EDGE_CONTAINER(timer, edge_authenticating_t, delay);
    EDGE_OBJ_CHECK(open, AUTHENTICATING_MAGIC);
    edge_session_t *session = open->session;
    edge_reply_t reply = open->reply;
    char *text = open->text;
    open->text = NULL;
    end(session);
    refuse(session, reply);
    free(text);
}

/* Nothing of the exchange is left when the reply goes out. */
static void keep_reply(edge_authenticating_t *open, const edge_reply_t *given) {
    open->text = strndup(given->text.at, given->text.len);
    if (!open->text)
        return;
    open->reply = *given;
    open->reply.text = edge_span_of(open->text);
}

/* The credentials were wrong, or count as wrong. Every such answer is the same row, so that no two kinds of failure can be
 * told apart, but for one that the store has words of its own for. */
static void failed(edge_session_t *session, edge_span_t identity, const edge_reply_t *given) {
    edge_authenticating_t *open = session->authenticating;
    edge_failure_t failure = note_failure(session, identity);
    open->exchange = NULL;
    open->reply = edge_reply_of(failure.banned ? EDGE_R_BANNED : EDGE_R_AUTH_FAILED);
    if (!failure.banned && given && given->literal)
        keep_reply(open, given);
    if (failure.delay == 0) {
        delay_over(&open->delay);
        return;
    }
    open->delay.fire = delay_over;
    edge_timer_set(edge_conn_worker(session->conn), &open->delay, now_of(session) + failure.delay);
}

static void count_attempt(const edge_session_t *session, const edge_auth_answer_t *answer, bool refused) {
    unsigned result = refused                          ? EDGE_ATTEMPT_FAIL
                      : answer->kind == EDGE_AUTH_DONE ? EDGE_ATTEMPT_OK
                                                       : EDGE_ATTEMPT_ERROR;
    const edge_authenticating_t *open = session->authenticating;
    if (answer->kind == EDGE_AUTH_CHALLENGE)
        return;
    edge_listener_count_attempt(session->listener, session->auth_mechanism, result);
    if (open->exchange) /* else somebody else has asked */
        edge_auth_figures_observe(session->auth_mechanism,
                                  open->took + (open->asked ? now_of(session) - open->asked : 0));
}

static void answered(edge_session_t *session, const edge_auth_answer_t *answer) {
    EDGE_OBJ_CHECK(session->authenticating, AUTHENTICATING_MAGIC);
    bool done = answer->kind == EDGE_AUTH_DONE;
    bool wrong = answer->kind == EDGE_AUTH_FAILED && answer->wrong;
    bool shut = answer->certain ? edge_bans_hold(session->from_ip, now_of(session))
                                : edge_session_auth_shut(session, answer->tried);
    count_attempt(session, answer, wrong || (done && shut));
    if (wrong || (done && shut)) {
        failed(session, answer->tried, wrong && !shut ? &answer->reply : NULL);
        return;
    }
    if (done)
        edge_failures_success(rule_of(session), session->from_ip, answer->tried, now_of(session));
    if (answer->kind == EDGE_AUTH_CHALLENGE)
        our_turn_ends(session);
    else
        end(session);
    session->listener->protocol->authenticated(session, answer);
}

/* The protocol's calls */

static void keep_mechanism(edge_session_t *session, edge_span_t mechanism) {
    size_t len = mechanism.len < EDGE_AUTH_MECHANISM_MOST ? mechanism.len : EDGE_AUTH_MECHANISM_MOST;
    for (size_t i = 0; i < len; i++) {
        char c = mechanism.at[i];
        session->auth_mechanism[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    session->auth_mechanism[len] = '\0';
}

static edge_authenticating_t *open_exchange(edge_session_t *session, edge_auth_exchange_t *exchange) {
    edge_authenticating_t *open = calloc(1, sizeof(*open));
    if (!open)
        return NULL;
    EDGE_OBJ_INIT(open, AUTHENTICATING_MAGIC);
    open->session = session;
    open->exchange = exchange;
    session->authenticating = open;
    return open;
}

void edge_session_auth(edge_session_t *session, edge_span_t mechanism, edge_span_t initial) {
    EDGE_ASSERT(session->authenticating == NULL);
    if (edge_bans_hold(session->from_ip, now_of(session))) {
        refuse(session, edge_reply_of(EDGE_R_BANNED));
        return;
    }
    const edge_auth_listener_t *auth = session->listener->auth;
    const edge_auth_provider_t *provider = edge_auth_provider();
    edge_auth_exchange_t *exchange = provider->begin(auth, session, mechanism, answered);
    if (!exchange) {
        refuse(session, edge_reply_of(EDGE_R_AUTH_BAD_MECHANISM));
        return;
    }
    if (!open_exchange(session, exchange)) {
        provider->cancel(exchange);
        refuse(session, edge_reply_of(EDGE_R_AUTH_TROUBLE));
        return;
    }
    keep_mechanism(session, mechanism);
    our_turn(session);
    provider->step(exchange, initial);
}

void edge_session_auth_told(edge_session_t *session, edge_span_t mechanism, const edge_auth_answer_t *answer) {
    EDGE_ASSERT(session->authenticating == NULL && answer->kind != EDGE_AUTH_CHALLENGE);
    if (edge_bans_hold(session->from_ip, now_of(session))) {
        refuse(session, edge_reply_of(EDGE_R_BANNED));
        return;
    }
    edge_authenticating_t *open = open_exchange(session, NULL);
    if (!open) {
        refuse(session, edge_reply_of(EDGE_R_AUTH_TROUBLE));
        return;
    }
    keep_mechanism(session, mechanism);
    answered(session, answer);
}

/* A ban also ends what was begun before it: guesses that run side by side are no more than one after the other. */
bool edge_session_auth_shut(const edge_session_t *session, edge_span_t tried) {
    return edge_bans_hold(session->from_ip, now_of(session)) ||
           edge_failures_block(rule_of(session), session->from_ip, tried, now_of(session));
}

void edge_session_auth_respond(edge_session_t *session, edge_span_t response) {
    EDGE_OBJ_CHECK(session->authenticating, AUTHENTICATING_MAGIC);
    our_turn(session);
    edge_auth_provider()->step(session->authenticating->exchange, response);
}

void edge_session_auth_cancel(edge_session_t *session) {
    if (!session->authenticating)
        return;
    if (session->authenticating->exchange)
        edge_auth_provider()->cancel(session->authenticating->exchange);
    end(session);
}
