/*
 * Stores of credentials: who may log in, and by what it is shown.
 *
 * Concept:  a mechanism asks a question about a user; a store answers it, from a file,
 *           a database or a directory. Stores are asked one after the other until one
 *           knows the user. A store need not know which mechanism asks, and a mechanism
 *           never learns where the answer came from. A store may also bring mechanisms
 *           of its own, whose messages only it understands.
 * Owner:    provider kind "credentials", chosen by Type in an <AuthBackend>; a query
 *           belongs to the asker, who keeps its spans until the answer.
 * Threads:  prepare while loading; ask and cancel on the query's worker, where the
 *           answer is given too. A store must not block there: it hands work to a
 *           thread or a socket, and finds its way back by a task or a ticket.
 * Lifetime: a query from ask until its answer or cancel, exactly one of which ends it.
 *           The query is gone when `answered` has returned. Spans of an answer are good
 *           during that call.
 * Errors:   BUSY and TROUBLE are told to the client as 454 4.7.0 and end the asking: a
 *           store that is down must not let another one speak for its users.
 */
#ifndef EDGE_CREDENTIALS_H
#define EDGE_CREDENTIALS_H

#include "edge_conf.h"
#include "edge_password.h"
#include "edge_reply.h"
#include "edge_worker.h"

typedef enum edge_credentials_want {
    EDGE_CREDENTIALS_VERIFY, /* is this the user's password? */
    EDGE_CREDENTIALS_SECRET, /* the secret itself, for CRAM-MD5 */
    EDGE_CREDENTIALS_SCRAM,  /* a verifier of SCRAM-SHA-256 */
    EDGE_CREDENTIALS_NAME    /* is there such a user? */
} edge_credentials_want_t;
#define EDGE_CREDENTIALS_CAN(want) (1u << EDGE_CREDENTIALS_##want)

typedef enum edge_credentials_result {
    EDGE_CREDENTIALS_GOOD,
    EDGE_CREDENTIALS_COMPARE, /* VERIFY only: GOOD if the password is `secret`, else WRONG; who asks finds out */
    EDGE_CREDENTIALS_WRONG,   /* the user is known; the password is another, or nothing of the wanted kind is kept */
    EDGE_CREDENTIALS_UNKNOWN, /* the next store is asked */
    EDGE_CREDENTIALS_BUSY,
    EDGE_CREDENTIALS_TROUBLE
} edge_credentials_result_t;

typedef struct edge_credentials_answer {
    edge_credentials_result_t result;
    edge_span_t identity; /* GOOD: what the session is called, in the store's spelling */
    edge_span_t secret;   /* GOOD to SECRET, COMPARE */
    /* GOOD, WRONG, COMPARE: the text of the final reply, in place of the usual one; absent: the usual one. */
    edge_span_t message;
    /* GOOD to SCRAM. WRONG and UNKNOWN: `iterations` says what is usual in this store, so that an invented verifier looks
     * like one of its own; 0: it cannot say. */
    edge_scram_t scram;
} edge_credentials_answer_t;

typedef struct edge_credentials_query edge_credentials_query_t;
struct edge_credentials_query {
    edge_credentials_want_t want;
    edge_span_t user;      /* prepared (RFC 4013); UTF-8, not empty */
    edge_span_t password;  /* VERIFY; prepared */
    const char *mechanism; /* by which the user wants to be known: "PLAIN" */
    edge_span_t authzid;   /* whom the user wants to act as, prepared; absent: it did not say */
    /* No store knows the user, and the first one is asked once more: it says UNKNOWN, but only when it has taken as long as
     * it takes to find a password of one of its own wrong. */
    bool pretend;
    edge_worker_t *worker;
    void (*answered)(edge_credentials_query_t *query, const edge_credentials_answer_t *answer);
    void *state; /* the store's, while it works */
};

/* A mechanism that a store brings itself. */
typedef struct edge_credentials_mechanism {
    const char *name; /* RFC 4422 3.1; none of those the server knows */
    bool secure;      /* may be used without TLS */
} edge_credentials_mechanism_t;

typedef struct edge_credentials_exchange edge_credentials_exchange_t;

/* The answer to one message of the client's, given once: inside `step` or later, on the same worker. */
typedef struct edge_credentials_step {
    enum { EDGE_CREDENTIALS_GOES_ON, EDGE_CREDENTIALS_IS_DONE, EDGE_CREDENTIALS_REFUSES } kind;
    edge_span_t challenge; /* GOES_ON: base64 */
    edge_span_t identity;  /* IS_DONE */
    edge_reply_t reply;    /* IS_DONE, REFUSES: the last reply; code 0: the usual one */
    bool wrong;            /* REFUSES: the credentials were wrong */
} edge_credentials_step_t;

struct edge_credentials_exchange {
    const edge_credentials_mechanism_t *mechanism;
    void (*stepped)(edge_credentials_exchange_t *exchange, const edge_credentials_step_t *step);
    void *state; /* the store's, NULL at the first step */
};

typedef struct edge_credentials_provider {
    const char *name;
    const char *prose;
    /* While loading: opens what the <AuthBackend> names; NULL after an error was reported. Lives as long as `pool`. */
    void *(*prepare)(edge_conf_check_t *check, const edge_section_t *backend, apr_pool_t *pool);
    /* Bits EDGE_CREDENTIALS_CAN(...): what could be answered with GOOD for some user. */
    unsigned (*can)(void *store);
    /* In the child, before and after the workers run; NULL: nothing to do. */
    apr_status_t (*start)(void *store);
    void (*stop)(void *store);
    /* Answers once: inside this call or later. */
    void (*ask)(void *store, edge_credentials_query_t *query);
    /* The asker has gone; no answer follows. Only between ask and its answer. */
    void (*cancel)(void *store, edge_credentials_query_t *query);
    /* The host that a challenge of CRAM-MD5 names (RFC 2195 2), at most 255 letters; NULL, or an answer of NULL: ServerName. */
    const char *(*challenge_host)(void *store);
    /* The store's own mechanisms; NULL: none. The index-th, NULL behind the last. */
    const edge_credentials_mechanism_t *(*mechanism_at)(void *store, unsigned index);
    /* A message of the client's: base64 as it came; absent at the first step when the client gave none. */
    void (*step)(void *store, edge_credentials_exchange_t *exchange, edge_span_t response);
    /* The exchange is over, or is given up: also when a step has not been answered, which then never is. */
    void (*leave)(void *store, edge_credentials_exchange_t *exchange);
} edge_credentials_provider_t;

#endif
