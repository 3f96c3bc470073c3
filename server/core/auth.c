/* Exchanges of AUTH: begins them, counts failures, delays their answers. */
#include "core/auth.h"

#include <stdlib.h>
#include <string.h>

#include "edge_module.h"
#include "edge_obj.h"
#include "edge_timer.h"

#define AUTHENTICATING_MAGIC 0x61757468u

typedef struct edge_authenticating {
    uint32_t magic;
    edge_session_t *session;
    edge_auth_exchange_t *exchange; /* NULL: it has ended, and its answer waits for the timer */
    edge_timer_t delay;
    edge_reply_t reply; /* that answer */
} edge_authenticating_t;

static const void *only_provider(const char *kind) {
    const char *name = edge_provider_at(kind, 0);
    return name ? edge_provider_find(kind, edge_span_of(name)) : NULL;
}

const edge_tls_provider_t *edge_tls_provider(void) { return only_provider("tls"); }

const edge_auth_provider_t *edge_auth_provider(void) { return only_provider("auth"); }

edge_span_t edge_session_mechanisms(const edge_session_t *session) {
    const edge_auth_listener_t *auth = session->listener->auth;
    const edge_auth_provider_t *provider = auth ? edge_auth_provider() : NULL;
    return provider ? provider->offered(auth, session) : (edge_span_t)EDGE_SPAN("");
}

/* Ending */

static void end(edge_session_t *session) {
    edge_authenticating_t *open = session->authenticating;
    edge_timer_cancel(edge_conn_worker(session->conn), &open->delay);
    session->authenticating = NULL;
    EDGE_OBJ_CLEAR(open);
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
    end(session);
    refuse(session, reply);
}

/* The credentials were wrong. The reply that waits is a row: nothing of the exchange is left that a text could stand in. */
static void failed(edge_session_t *session, const edge_auth_answer_t *answer, edge_mono_t delay) {
    edge_authenticating_t *open = session->authenticating;
    edge_worker_t *worker = edge_conn_worker(session->conn);
    if (delay == 0) {
        end(session);
        session->listener->protocol->authenticated(session, answer);
        return;
    }
    open->exchange = NULL;
    open->reply = edge_reply_of(EDGE_R_AUTH_FAILED);
    open->delay.fire = delay_over;
    edge_timer_set(worker, &open->delay, edge_worker_clock(worker).mono + delay);
}

static edge_mono_t note_failure(const edge_session_t *session, edge_span_t identity) {
    (void)session;
    (void)identity;
    return 0;
}

static void answered(edge_session_t *session, const edge_auth_answer_t *answer) {
    EDGE_OBJ_CHECK(session->authenticating, AUTHENTICATING_MAGIC);
    if (answer->kind == EDGE_AUTH_FAILED && answer->wrong) {
        failed(session, answer, note_failure(session, answer->identity));
        return;
    }
    if (answer->kind != EDGE_AUTH_CHALLENGE)
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

void edge_session_auth(edge_session_t *session, edge_span_t mechanism, edge_span_t initial) {
    EDGE_ASSERT(session->authenticating == NULL);
    const edge_auth_listener_t *auth = session->listener->auth;
    const edge_auth_provider_t *provider = edge_auth_provider();
    edge_authenticating_t *open = calloc(1, sizeof(*open));
    edge_auth_exchange_t *exchange = open ? provider->begin(auth, session, mechanism, answered) : NULL;
    if (!exchange) {
        free(open);
        refuse(session, edge_reply_of(open ? EDGE_R_AUTH_BAD_MECHANISM : EDGE_R_AUTH_TROUBLE));
        return;
    }
    EDGE_OBJ_INIT(open, AUTHENTICATING_MAGIC);
    open->session = session;
    open->exchange = exchange;
    session->authenticating = open;
    keep_mechanism(session, mechanism);
    provider->step(exchange, initial);
}

void edge_session_auth_respond(edge_session_t *session, edge_span_t response) {
    EDGE_OBJ_CHECK(session->authenticating, AUTHENTICATING_MAGIC);
    edge_auth_provider()->step(session->authenticating->exchange, response);
}

void edge_session_auth_cancel(edge_session_t *session) {
    if (!session->authenticating)
        return;
    if (session->authenticating->exchange)
        edge_auth_provider()->cancel(session->authenticating->exchange);
    end(session);
}
