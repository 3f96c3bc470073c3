/* One task for each exchange. */
#include "smtp_proof.h"

#include <stdlib.h>

#include "edge_obj.h"

static void run(edge_task_t *task) {
    relay_proof_t *self = EDGE_CONTAINER(task, relay_proof_t, task);
    self->good =
        edge_password_scram_prove(&self->scram.asked, self->password, edge_span(self->scram.message, self->scram.len),
                                  self->proof, self->signature);
}

static void told(edge_task_t *task) {
    relay_proof_t *self = EDGE_CONTAINER(task, relay_proof_t, task);
    if (self->done)
        self->done(self);
    edge_password_wipe(self, sizeof(*self));
    free(self);
}

relay_proof_t *relay_proof_begin(edge_task_pool_t *threads, edge_worker_t *worker, const edge_scram_client_t *scram,
                                 edge_span_t password, void (*done)(relay_proof_t *proof), void *owner) {
    relay_proof_t *self = calloc(1, sizeof(*self));
    EDGE_ASSERT(self != NULL);
    self->task = (edge_task_t){.worker = worker, .run = run, .done = told};
    self->done = done;
    self->owner = owner;
    self->scram = *scram;
    self->password = password;
    if (edge_task_submit(threads, &self->task) == APR_SUCCESS)
        return self;
    free(self);
    return NULL;
}

void relay_proof_forget(relay_proof_t *proof) { proof->done = NULL; }
