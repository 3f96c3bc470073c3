/*
 * Proving a password to a next hop (SCRAM): milliseconds by intention, so off the workers.
 *
 * Concept:  the task copies what it needs, and tells its owner on the worker, unless that
 *           has forgotten it.
 * Owner:    the asker, until `done` or relay_proof_forget; then itself.
 * Threads:  the worker's.
 * Lifetime: from relay_proof_begin to `done` or relay_proof_forget.
 * Errors:   `good` is false.
 */
#ifndef EDGE_MODULE_SMTP_PROOF_H
#define EDGE_MODULE_SMTP_PROOF_H

#include "edge_task.h"
#include "proto/scram_client.h"

typedef struct relay_proof relay_proof_t;

struct relay_proof {
    edge_task_t task;
    void (*done)(relay_proof_t *proof); /* on the worker, once; it is freed behind that */
    void *owner;
    bool good;
    uint8_t proof[EDGE_SCRAM_KEY_SIZE], signature[EDGE_SCRAM_KEY_SIZE];
    edge_scram_client_t scram;
    edge_span_t password; /* lives longer than all tasks */
};

/* NULL: it cannot be begun. */
relay_proof_t *relay_proof_begin(edge_task_pool_t *threads, edge_worker_t *worker, const edge_scram_client_t *scram,
                                 edge_span_t password, void (*done)(relay_proof_t *proof), void *owner);
/* `done` is not called any more. */
void relay_proof_forget(relay_proof_t *proof);

#endif
