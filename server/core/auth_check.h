/*
 * Trying a name and a password on a listener's stores, for whoever looks after the server.
 *
 * Concept:  the question goes to a worker, where stores are asked; the asker waits for the
 *           answer, but not for ever. No failure is counted, so nobody is banned or made
 *           to wait for it.
 * Owner:    the question belongs to asker and worker; the last of them wipes and frees it.
 * Threads:  the asker's, which is no worker's.
 * Lifetime: one call; a question whose asker has gone is taken back from the store.
 * Errors:   EDGE_AUTH_TROUBLE without a worker.
 */
#ifndef EDGE_CORE_AUTH_CHECK_H
#define EDGE_CORE_AUTH_CHECK_H

#include "edge_session.h"

typedef struct edge_auth_told {
    edge_auth_verdict_t verdict;
    bool late; /* no answer came in time, and `verdict` says nothing */
    edge_mono_t took;
    const char *store, *identity; /* in the asker's pool; NULL: none */
} edge_auth_told_t;

/* Whether the loaded module can be asked. */
bool edge_auth_check_can(void);
/* `listener`, which has AUTH, is of `snapshot`; of that a count is held as long as it is needed. */
void edge_auth_check_ask(edge_snapshot_t *snapshot, const edge_listener_t *listener, edge_span_t name,
                         edge_span_t password, edge_mono_t most, edge_auth_told_t *told, apr_pool_t *pool);

#endif
