/*
 * Credential stores: who knows which secrets.
 *
 * Concept:  a mechanism asks a question about a name and is answered once: at once, or
 *           later, because the store hashes, or asks a database. Stores stand in a row:
 *           whoever does not know the name lets the next one be asked. Mechanisms know
 *           no store, and stores no mechanism.
 * Owner:    provider kind "credentials", by the name that <AuthBackend> Type says; an
 *           instance belongs to its <AuthBackend> and the snapshot. A query belongs to
 *           whoever asks, until `done` or a cancel has returned.
 * Threads:  prepare while loading; ask and cancel on the query's worker; `done` on that
 *           worker's loop, possibly inside ask.
 * Lifetime: what a result points to is good during `done` only.
 * Errors:   BUSY (no room to hash now) and TROUBLE (the store cannot be read) are answers
 *           like others; they do not go on to the next store.
 */
#ifndef EDGE_CREDENTIALS_H
#define EDGE_CREDENTIALS_H

#include "edge_conf.h"
#include "edge_worker.h"

typedef enum edge_credentials_want {
    EDGE_CREDENTIALS_PASSWORD, /* is `password` right for `user`? */
    EDGE_CREDENTIALS_SECRET,   /* the clear text itself, for CRAM-MD5 */
    EDGE_CREDENTIALS_SCRAM,    /* the verifier of SCRAM-SHA-256 (RFC 5802 3) */
    EDGE_CREDENTIALS_NAME      /* is there such a user? For EXTERNAL, where TLS has shown the rest */
} edge_credentials_want_t;

typedef enum edge_credentials_result {
    EDGE_CREDENTIALS_GOOD,
    EDGE_CREDENTIALS_WRONG,   /* the password is, or the store has nothing of that kind for the user */
    EDGE_CREDENTIALS_UNKNOWN, /* no such user here */
    EDGE_CREDENTIALS_BUSY,
    EDGE_CREDENTIALS_TROUBLE
} edge_credentials_result_t;

#define EDGE_CREDENTIALS_KEY 32       /* octets of SHA-256 */
#define EDGE_CREDENTIALS_SALT_MOST 64 /* octets */

typedef struct edge_scram_verifier {
    uint8_t salt[EDGE_CREDENTIALS_SALT_MOST];
    unsigned salt_len, iterations;
    uint8_t stored_key[EDGE_CREDENTIALS_KEY], server_key[EDGE_CREDENTIALS_KEY];
} edge_scram_verifier_t;

typedef struct edge_credentials_query edge_credentials_query_t;

struct edge_credentials_query {
    edge_credentials_want_t want;
    edge_worker_t *worker;
    edge_span_t user, password; /* must live until `done`; UTF-8, already prepared (RFC 4013) */
    void (*done)(edge_credentials_query_t *query);
    /* Set before `done`. */
    edge_credentials_result_t result;
    edge_span_t identity; /* GOOD: how the store calls the user */
    edge_span_t secret;   /* GOOD, SECRET */
    edge_scram_verifier_t
        scram;   /* GOOD, SCRAM. UNKNOWN, SCRAM: salt_len and iterations as this store usually has them */
    void *store; /* the store's, while it works; NULL before */
};

typedef struct edge_credentials_provider {
    const char *name; /* "file" */
    /* While loading: the instance of an <AuthBackend>, in `pool`; NULL after an error was reported. */
    void *(*prepare)(edge_conf_check_t *check, const edge_section_t *backend, apr_pool_t *pool);
    void (*ask)(void *instance, edge_credentials_query_t *query);
    /* `done` will not be called any more. */
    void (*cancel)(void *instance, edge_credentials_query_t *query);
} edge_credentials_provider_t;

#endif
