/* Connections of a worker that have nothing to do, and wait to be used again. */
#include <stdlib.h>

#include "smtp_connection.h"

typedef struct idle {
    relay_connection_t *first;
} idle_t;

static unsigned seat;
static pthread_once_t seat_once = PTHREAD_ONCE_INIT;
static void take_seat(void) { seat = edge_worker_new_seat(); }

apr_status_t relay_smtp_worker_start(edge_worker_t *worker) {
    pthread_once(&seat_once, take_seat);
    idle_t *idle = calloc(1, sizeof(*idle));
    if (!idle)
        return APR_ENOMEM;
    edge_worker_set_seat(worker, seat, idle);
    return APR_SUCCESS;
}

/* All connections of the worker are closed by then. */
void relay_smtp_worker_stop(edge_worker_t *worker) {
    idle_t *idle = edge_worker_seat(worker, seat);
    EDGE_ASSERT(!idle || !idle->first);
    free(idle);
    edge_worker_set_seat(worker, seat, NULL);
}

void relay_idle_wait(relay_connection_t *self) {
    idle_t *idle = edge_worker_seat(self->worker, seat);
    self->next = idle->first;
    if (self->next)
        self->next->link = &self->next;
    self->link = &idle->first;
    idle->first = self;
}

void relay_idle_leave(relay_connection_t *self) {
    if (!self->link)
        return;
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    self->link = NULL;
    self->next = NULL;
}

relay_connection_t *relay_idle_take(edge_worker_t *worker, const edge_relay_t *relay, edge_span_t domain) {
    idle_t *idle = edge_worker_seat(worker, seat);
    relay_connection_t *self = idle->first;
    while (self && (self->relay != relay || !edge_span_equal(self->domain, domain)))
        self = self->next;
    if (self)
        relay_idle_leave(self);
    return self;
}
