/*
 * An answer that is made once for all who ask within a moment.
 *
 * Concept:  some documents look at every worker, queue and ring of the server: dear to make,
 *           cheap to send, and the same for whoever may see them. One who asks while the last
 *           one is fresh is told the same; the document itself says when it was looked at.
 *           What an operator has changed is seen at once: a change ends all that were made
 *           before it.
 * Owner:    the route's file has it, static; its text is malloc'ed and lives on.
 * Threads:  any that answers requests, never a worker: it waits for whoever is making one.
 * Lifetime: of the process.
 * Errors:   what is no 200 is not kept; without memory nothing is.
 */
#ifndef EDGE_CONTROL_ADMIN_KEPT_H
#define EDGE_CONTROL_ADMIN_KEPT_H

#include <pthread.h>

#include "control/admin.h"
#include "edge_clock.h"

typedef struct edge_admin_kept {
    pthread_mutex_t lock; /* PTHREAD_MUTEX_INITIALIZER */
    edge_mono_t fresh;    /* how long one is told */
    edge_mono_t made;     /* when it was ready */
    unsigned changes;     /* how many there had been when it was begun */
    size_t len, room;     /* 0: there is none */
    char *text;
    char etag[32]; /* "": none */
} edge_admin_kept_t;

void edge_admin_kept_answer(edge_admin_kept_t *kept, edge_admin_handler_t *make, const edge_admin_request_t *request,
                            edge_admin_answer_t *answer);

/* Something was changed: no document from before is told again. */
void edge_admin_kept_void(void);

#endif
