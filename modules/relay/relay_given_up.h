/*
 * Messages that an operator has given up: their senders are to be told.
 *
 * Concept:  an id is added by whoever asks, and taken by the forwarder when it has leased
 *           the message. In memory only: what a crash forgets goes on as before.
 * Owner:    the forwarder.
 * Threads:  add and drop on any that may wait for a moment; take on the forwarder's.
 * Lifetime: from start to free.
 * Errors:   none.
 */
#ifndef EDGE_MODULE_RELAY_GIVEN_UP_H
#define EDGE_MODULE_RELAY_GIVEN_UP_H

#include <pthread.h>
#include <stdatomic.h>

#include "edge_id.h"

typedef struct relay_given_up {
    pthread_mutex_t lock;
    edge_uuid_t *ids; /* by malloc */
    unsigned room;
    _Atomic unsigned count;
} relay_given_up_t;

void relay_given_up_start(relay_given_up_t *all);
void relay_given_up_free(relay_given_up_t *all);
void relay_given_up_add(relay_given_up_t *all, edge_uuid_t id);
/* Takes it out; false: it is not there. */
bool relay_given_up_take(relay_given_up_t *all, edge_uuid_t id);

#endif
