/*
 * A worker: one thread, one loop, and all that lives on it.
 *
 * Concept:  connections, sessions and timers belong to the worker that accepted
 *           them, for life. Other threads reach a worker by a letter, never by
 *           touching its objects. One turn of the loop is always: timeout, poll,
 *           clock, mailbox, I/O, timers, posted work, reap.
 * Owner:    the child process makes its workers and joins them.
 * Threads:  edge_worker_send from any thread; all else on the worker's own.
 * Lifetime: a letter belongs to the mailbox from send until deliver is called.
 * Errors:   sending never fails; it allocates nothing.
 */
#ifndef EDGE_WORKER_H
#define EDGE_WORKER_H

#include "edge_clock.h"
#include "edge_timer.h"

typedef struct edge_letter edge_letter_t;
struct edge_letter {
    edge_letter_t *next;
    void (*deliver)(edge_letter_t *letter, edge_worker_t *worker); /* on the receiver's thread; owns the letter again */
};

/* Work that is to run later in this turn or at its end; embed it, zero-filled. */
typedef struct edge_chore edge_chore_t;
struct edge_chore {
    edge_chore_t *next;
    void (*run)(edge_chore_t *chore, edge_worker_t *worker);
    bool queued;
};

#define EDGE_WORKERS_MOST 128

/* Any thread. Letters of one sender arrive in the order sent. */
EDGE_API void edge_worker_send(edge_worker_t *worker, edge_letter_t *letter);
/* The worker whose thread this is, or NULL. */
EDGE_API edge_worker_t *edge_worker_self(void);
/* 0-based. */
EDGE_API unsigned edge_worker_index(const edge_worker_t *worker);
/* NULL when there is no such worker (any more). */
EDGE_API edge_worker_t *edge_worker_at(unsigned index);
EDGE_API unsigned edge_worker_count(void);
/* The clock as read in this turn. */
EDGE_API edge_clock_t edge_worker_clock(const edge_worker_t *worker);
/* Runs the chore in the "posted work" step of this turn; twice posted is once run. */
EDGE_API void edge_worker_post(edge_worker_t *worker, edge_chore_t *chore);
/* Runs the chore in the "reap" step: the only place where memory of a connection is freed. */
EDGE_API void edge_worker_reap(edge_worker_t *worker, edge_chore_t *chore);

/* How a worker does; any thread may look. */
typedef struct edge_worker_facts {
    unsigned index;
    int thread;             /* as the system numbers it */
    edge_mono_t started;    /* monotonic */
    uint64_t turns;         /* of the loop */
    edge_mono_t busy_since; /* of the turn that goes on just now; 0: it waits for something to do */
    edge_mono_t busy_last;  /* how long the last turn took, behind the wait */
    edge_mono_t busy_most;  /* the longest since the last look */
    unsigned watched;       /* descriptors */
} edge_worker_facts_t;
/* False: there is no such worker (any more). Begins `busy_most` anew. */
EDGE_API bool edge_worker_look(unsigned index, edge_worker_facts_t *facts);
/* The same, and `busy_most` goes on. */
EDGE_API bool edge_worker_peek(unsigned index, edge_worker_facts_t *facts);

/* A pool for data that lives as long as the worker. */
EDGE_API apr_pool_t *edge_worker_pool(edge_worker_t *worker);
/* A root pool with its own allocator, from the worker's free list; it may be handed to another
 * thread and must come back (edge_worker_give_pool) on any worker's thread or be destroyed. */
EDGE_API apr_pool_t *edge_worker_take_pool(edge_worker_t *worker);
EDGE_API void edge_worker_give_pool(edge_worker_t *worker, apr_pool_t *pool);

/* Fixed-size zero-filled objects, recycled by size; `size` must be the same in both calls. */
EDGE_API void *edge_worker_take(edge_worker_t *worker, size_t size);
EDGE_API void edge_worker_give(edge_worker_t *worker, void *object, size_t size);

/* One pointer per upper floor or module, set at worker start: seats are handed out while loading. */
#define EDGE_WORKER_SEATS 64
EDGE_API unsigned edge_worker_new_seat(void);
EDGE_API void edge_worker_set_seat(edge_worker_t *worker, unsigned seat, void *value);
EDGE_API void *edge_worker_seat(edge_worker_t *worker, unsigned seat);

#endif
