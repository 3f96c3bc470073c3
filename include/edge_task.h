/*
 * Bounded pools of threads for work that blocks.
 *
 * Concept:  a task has two functions: run, on a thread of the pool, with no
 *           session in sight; and done, on the loop that gave the task. The queue
 *           of a pool is bounded and a full queue is a normal answer.
 * Owner:    giver, then the pool's thread, then the giver's loop.
 * Threads:  submit from any thread; `worker` NULL runs done on the pool's thread.
 * Lifetime: the task's memory is the giver's; it may go in done.
 * Errors:   APR_EAGAIN when the queue is full, APR_EOF when the pool is stopping:
 *           then neither run nor done is called.
 */
#ifndef EDGE_TASK_H
#define EDGE_TASK_H

#include "edge_worker.h"

typedef struct edge_task_pool edge_task_pool_t;
typedef struct edge_task edge_task_t;

struct edge_task {
    edge_letter_t letter; /* private */
    edge_worker_t *worker;
    void (*run)(edge_task_t *task);
    void (*done)(edge_task_t *task);
};

/* Threads start at once. `name` shows in thread names and counters. */
EDGE_API apr_status_t edge_task_pool_start(edge_task_pool_t **pool, const char *name, unsigned threads,
                                           unsigned queue_most);
EDGE_API apr_status_t edge_task_submit(edge_task_pool_t *pool, edge_task_t *task);
/* Tasks already queued are run; returns when all threads have ended. */
EDGE_API void edge_task_pool_stop(edge_task_pool_t *pool);

#endif
