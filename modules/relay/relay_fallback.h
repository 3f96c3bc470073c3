/*
 * A submission that its next hop cannot take goes into another queue.
 *
 * Concept:  what was kept of the body is copied into a body of that queue, and submitted
 *           there with the same envelope and prelude; the answer is that queue's.
 * Owner:    the giver, until `done`.
 * Threads:  the worker's.
 * Lifetime: from relay_fallback_begin to `done`.
 * Errors:   a source that breaks off is FAILED.
 */
#ifndef EDGE_MODULE_RELAY_FALLBACK_H
#define EDGE_MODULE_RELAY_FALLBACK_H

#include "edge_queue.h"
#include "edge_relay.h"

typedef struct relay_fallback relay_fallback_t;

struct relay_fallback {
    edge_queue_t *queue;               /* where it goes */
    const edge_submission_t *original; /* its worker, pool, envelope and prelude are used; nobody else does meanwhile */
    edge_source_t *source;             /* the body, without the prelude, at its first octet */
    void (*done)(relay_fallback_t *fallback); /* on the worker, once, never inside begin */
    edge_outcome_t outcome;                   /* then; with `reply` of ANSWERED */
    edge_reply_t reply;
    /* Private. */
    edge_submission_t submission;
    edge_body_t *body;
    edge_chore_t chore;
};

void relay_fallback_begin(relay_fallback_t *fallback);

#endif
