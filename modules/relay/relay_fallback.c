/* Copies in turns: bytes wait for room in the queue, room for bytes of the source. */
#include "relay_fallback.h"

#include "edge_obj.h"

/* What is done in one go before others of this worker have their turn. */
#define TURN_BYTES ((uint64_t)262144)

static void finish(relay_fallback_t *self, edge_outcome_t outcome, edge_reply_t reply) {
    self->outcome = outcome;
    self->reply = reply;
    self->done(self);
}

static void submitted(edge_submission_t *submission) {
    relay_fallback_t *self = EDGE_CONTAINER(submission, relay_fallback_t, submission);
    finish(self, submission->outcome, submission->reply);
}

static void submit(relay_fallback_t *self) {
    self->submission = (edge_submission_t){.worker = self->original->worker,
                                           .pool = self->original->pool,
                                           .envelope = self->original->envelope,
                                           .prelude = self->original->prelude,
                                           .body = self->body,
                                           .done = submitted};
    self->queue->provider->submit(self->queue, &self->submission);
}

static void copy(edge_chore_t *chore, edge_worker_t *worker) {
    relay_fallback_t *self = EDGE_CONTAINER(chore, relay_fallback_t, chore);
    uint64_t before = self->body->size;
    edge_span_t bytes;
    (void)worker;
    while (self->body->size - before < TURN_BYTES) {
        switch (edge_source_look(self->source, &bytes)) {
        case EDGE_SOURCE_WAIT: return;
        case EDGE_SOURCE_END: submit(self); return;
        case EDGE_SOURCE_BROKEN:
            edge_body_abandon(self->body);
            finish(self, EDGE_OUTCOME_FAILED, (edge_reply_t){.code = 0});
            return;
        case EDGE_SOURCE_BYTES: break;
        }
        edge_body_flow_t flow = edge_body_write(self->body, bytes);
        edge_source_eat(self->source, bytes.len);
        if (flow == EDGE_BODY_WAIT)
            return;
    }
    edge_worker_post(self->original->worker, &self->chore);
}

/* The source's and the body's call: there are bytes, there is room. Neither may be used inside the other's call. */
static void called(void *owner) {
    relay_fallback_t *self = owner;
    edge_worker_post(self->original->worker, &self->chore);
}

void relay_fallback_begin(relay_fallback_t *self) {
    self->source->ready = called;
    self->source->owner = self;
    self->chore.run = copy;
    self->body = self->queue->provider->body_open(self->queue, self->original->worker, called, self);
    called(self);
}
