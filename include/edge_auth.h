/*
 * Authentication as the core and the protocols see it; a module brings it (RFC 4422, RFC 4954).
 *
 * Concept:  an exchange of one mechanism goes in steps: each takes what the client sent
 *           and is answered exactly once, with a challenge, an identity, or a refusal.
 *           Answers may come at once or later, because credentials may lie behind a
 *           hash, a database or a network. The core (edge_session_auth_*) stands between
 *           protocol and module: it counts failures, delays and bans.
 * Owner:    provider kind "auth"; an exchange belongs to its session.
 * Threads:  prepare while loading; the rest on the session's worker.
 * Lifetime: an exchange from begin until its DONE, its FAILED, or cancel. Texts of an
 *           answer are good during the call that brings it.
 * Errors:   trouble of a store is a FAILED answer with 454 4.7.0.
 */
#ifndef EDGE_AUTH_H
#define EDGE_AUTH_H

#include "edge_conf.h"
#include "edge_reply.h"
#include "edge_tls.h"

struct edge_session;

#define EDGE_AUTH_MECHANISM_MOST 20 /* letters of a mechanism's name (RFC 4422 3.1) */

typedef struct edge_auth_exchange edge_auth_exchange_t;

typedef enum edge_auth_kind { EDGE_AUTH_CHALLENGE, EDGE_AUTH_DONE, EDGE_AUTH_FAILED } edge_auth_kind_t;

typedef struct edge_auth_answer {
    edge_auth_kind_t kind;
    edge_span_t challenge; /* CHALLENGE: base64, as it stands behind "334 "; may be empty */
    edge_span_t identity;  /* DONE: as the credential store gives it. FAILED: the same as `tried` */
    edge_span_t tried;     /* DONE, FAILED: the name the client gave, absent when none; failures are counted by it */
    edge_reply_t reply;    /* DONE: the success (AUTH_OK, or the store's text). FAILED: the refusal */
    bool certain; /* DONE: by what nobody can guess, a certificate: others' guesses at the name do not shut it */
    bool wrong;   /* FAILED: the credentials were wrong; a failure that AuthFailures counts */
} edge_auth_answer_t;

typedef void edge_auth_answered_fn(struct edge_session *session, const edge_auth_answer_t *answer);

/* What a listener's Auth directive says. */
typedef struct edge_auth_listener {
    bool required;        /* MAIL without an identity is 530 5.7.0 */
    const void *settings; /* the module's */
} edge_auth_listener_t;

/* A mechanism as a listener has it. */
typedef struct edge_auth_mechanism {
    const char *name;
    bool enabled;      /* offered when the session allows it */
    bool served;       /* some backend keeps what it needs */
    bool requires_tls; /* it sends the password itself, or is bound to the channel */
} edge_auth_mechanism_t;

/* A name and a password, tried on the stores of a listener without a session. */
typedef struct edge_auth_check edge_auth_check_t;

typedef enum edge_auth_verdict {
    EDGE_AUTH_VERIFIED,
    EDGE_AUTH_WRONG,    /* the name is known, the password is another */
    EDGE_AUTH_UNKNOWN,  /* no store knows the name */
    EDGE_AUTH_UNUSABLE, /* name or password is no text that could be one (RFC 4013) */
    EDGE_AUTH_BUSY,
    EDGE_AUTH_TROUBLE,
    EDGE_AUTH_VERDICTS
} edge_auth_verdict_t;

typedef struct edge_auth_checked {
    edge_auth_verdict_t verdict;
    edge_span_t store;    /* the <AuthBackend> that has said so; absent: none */
    edge_span_t identity; /* VERIFIED: as the store gives it */
} edge_auth_checked_t;

typedef void edge_auth_checked_fn(void *asker, const edge_auth_checked_t *checked);

typedef struct edge_auth_provider {
    const char *name;
    /* While loading; NULL when the listener has no Auth, or an error was reported. `tls` is NULL without TLS there. */
    const edge_auth_listener_t *(*prepare)(edge_conf_check_t *check, const edge_section_t *listener,
                                           const edge_tls_listener_t *tls, apr_pool_t *pool);
    /* Mechanisms offered to the session as it stands now, separated by blanks; empty: none, and no AUTH keyword.
     * The text lives as long as the snapshot. */
    edge_span_t (*offered)(const edge_auth_listener_t *listener, const struct edge_session *session);
    /* NULL: no such mechanism is offered now. `answered` is called once for each step, inside it or later. */
    edge_auth_exchange_t *(*begin)(const edge_auth_listener_t *listener, struct edge_session *session,
                                   edge_span_t mechanism, edge_auth_answered_fn *answered);
    /* `response` is base64 as the client wrote it. The first step takes the initial response: absent when the client gave
     * none, "=" when it gave an empty one (RFC 4954 4). */
    void (*step)(edge_auth_exchange_t *exchange, edge_span_t response);
    /* The client has given up, or has gone; no answer follows. */
    void (*cancel)(edge_auth_exchange_t *exchange);
    /* The index-th mechanism that there is, enabled or not; false behind the last. */
    bool (*mechanism_at)(const edge_auth_listener_t *listener, unsigned index, edge_auth_mechanism_t *mechanism);
    /* On a worker: asks the stores as a mechanism does that sends the password; nothing is counted and nobody is answered
     * but `checked`, once. NULL: that was inside this call. Else it is later, unless check_cancel comes first. Name and password
     * are the caller's until this returns. NULL instead of a function: it cannot be tried. */
    edge_auth_check_t *(*check)(const edge_auth_listener_t *listener, edge_span_t name, edge_span_t password,
                                edge_auth_checked_fn *checked, void *asker);
    void (*check_cancel)(edge_auth_check_t *check);
} edge_auth_provider_t;

#endif
