/* The listeners of one worker. */
#ifndef EDGE_LISTENER_PRIV_H
#define EDGE_LISTENER_PRIV_H

#include "event/listener.h"

typedef struct edge_listener_entry edge_listener_entry_t;

/* Zero-filled memory is a worker that does not listen. */
typedef struct edge_listener_set {
    edge_listener_entry_t *first;
    edge_timer_t pause; /* set: no listener of this worker is watched */
    edge_mono_t pause_for;
    edge_worker_t *worker;
} edge_listener_set_t;

#endif
