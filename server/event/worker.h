/*
 * Starting and stopping all workers of a process.
 *
 * Concept:  edge_workers_start makes the threads and returns when every one has run
 *           its start function; edge_workers_stop ends the loops and joins.
 * Owner:    the child process.
 * Threads:  both from one thread that is no worker.
 * Lifetime: workers can be reached (edge_worker_at) from start to stop. Whoever
 *           sends letters or resumes tickets from other threads (task pools, the
 *           committer) is stopped before: what was sent until then is delivered.
 * Errors:   if a thread cannot be made or a start function fails, the workers made
 *           so far are stopped and its status is returned.
 */
#ifndef EDGE_WORKERS_H
#define EDGE_WORKERS_H

#include "edge_worker.h"

typedef struct edge_workers_plan {
    unsigned count; /* 1 to EDGE_WORKERS_MOST */
    /* On the worker's thread, before its first turn; may be NULL. */
    apr_status_t (*started)(edge_worker_t *worker, void *context);
    /* On the worker's thread, after its last turn and only if it has started; closes what is open (edge_conn_abort
     * closes at once here) and frees what the start function made. May be NULL. */
    void (*stopping)(edge_worker_t *worker, void *context);
    void *context;
} edge_workers_plan_t;

apr_status_t edge_workers_start(const edge_workers_plan_t *plan);
void edge_workers_stop(void);
/* Frees what ended workers have kept, once no other thread can hold one of their tickets. */
void edge_workers_forget(void);

/* Whether the last turn is over: what is posted from now on runs only in edge_worker_settle. */
bool edge_worker_has_ended(const edge_worker_t *worker);
/* For an ended worker: delivers, runs and reaps until nothing moves any more. It happens once more by itself behind
 * `stopping`. */
void edge_worker_settle(edge_worker_t *worker);

#endif
