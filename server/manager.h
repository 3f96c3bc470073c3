/*
 * The service manager's picture of the server: what it is told, and when.
 *
 * Concept:  that the server serves, reloads, stops; every ten seconds one line for
 *           people; and signs of life, four in the time that the manager waits for one.
 *           Until the first child serves nothing is due.
 * Owner:    supervise.c, one.
 * Threads:  the parent's only one.
 * Lifetime: of the parent.
 * Errors:   none: without a manager all calls do nothing.
 */
#ifndef EDGE_MANAGER_H
#define EDGE_MANAGER_H

#include "notify.h"

typedef struct edge_manager {
    edge_notify_t notify;
    edge_mono_t status_at, alive_at; /* when it is to be told; 0: not yet, or no more */
    edge_mono_t counted_at;
    int64_t accepted; /* messages, at that moment */
    bool refused;     /* the last reload */
} edge_manager_t;

/* Begins with the environment's word on where the manager is. */
void edge_manager_open(edge_manager_t *manager);
/* How often a child is to say that its workers turn; 0: never. */
edge_mono_t edge_manager_heartbeat(const edge_manager_t *manager);
/* After the start, and after a reload however it went. */
void edge_manager_ready(edge_manager_t *manager, uint64_t generation, bool refused);
void edge_manager_reloading(edge_manager_t *manager);
void edge_manager_stopping(edge_manager_t *manager, edge_mono_t patience);
/* Tells what is due. `alive`: the workers of the child that serves have turned; false from then on, until they do again. */
void edge_manager_turn(edge_manager_t *manager, uint64_t generation, bool *alive);
/* When something is due; 0: nothing is. */
edge_mono_t edge_manager_next(const edge_manager_t *manager);

#endif
