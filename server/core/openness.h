/*
 * Which listeners take connections, and whether the whole server drains.
 *
 * Concept:  an operator may pause a listener (no new connections), drain it (its sessions
 *           are told to end as well) or drain the whole server. That is kept by the
 *           listener's name in memory that all children share, so that a reload or a crash
 *           of the child does not open what was shut; a restart of the server does.
 * Owner:    the parent maps the memory before its first fork.
 * Threads:  any; a lock for changes, plain copies out of it.
 * Lifetime: of the parent.
 * Errors:   false when there is no room for another name; without a map all is open.
 */
#ifndef EDGE_CORE_OPENNESS_H
#define EDGE_CORE_OPENNESS_H

#include "edge_clock.h"

typedef enum edge_openness { EDGE_OPEN, EDGE_PAUSED, EDGE_DRAINING } edge_openness_t;

typedef struct edge_listener_openness {
    edge_openness_t state;
    apr_time_t since; /* wall clock; 0: from the start */
} edge_listener_openness_t;

typedef struct edge_drain {
    bool on, leaves; /* `leaves`: the server stops when its sessions have ended */
    apr_time_t since, deadline;
    edge_mono_t deadline_mono; /* sessions that are left then are ended at once */
    bool hurried;              /* which has happened */
} edge_drain_t;

apr_status_t edge_openness_map(void);
/* "open", "paused", "draining". */
const char *edge_openness_name(edge_openness_t state);
edge_listener_openness_t edge_openness_of(edge_span_t listener);
bool edge_openness_set(edge_span_t listener, edge_openness_t state, apr_time_t now);

edge_drain_t edge_drain_now(void);
bool edge_draining(void);
void edge_drain_set(const edge_drain_t *drain);

#endif
