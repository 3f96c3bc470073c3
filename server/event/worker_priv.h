/* What a worker is made of; for this floor and its tests. */
#ifndef EDGE_WORKER_PRIV_H
#define EDGE_WORKER_PRIV_H

#include "edge_buf.h"
#include "edge_histogram.h"
#include "edge_log.h"
#include "edge_worker.h"

#include "event/listener_priv.h"
#include "event/loop_priv.h"
#include "event/mailbox_priv.h"
#include "event/ticket_priv.h"
#include "event/timer_priv.h"

#define EDGE_WORKER_MAGIC 0x0e3a11f5U

/* Sizes are rounded up to 16; larger objects than the last class come from malloc. */
#define EDGE_WORKER_GRAIN 16
#define EDGE_WORKER_SIZES 256
#define EDGE_WORKER_POOLS_KEPT 64

typedef struct edge_chore_list {
    edge_chore_t *head, *last;
} edge_chore_list_t;

typedef struct edge_worker_free edge_worker_free_t;

typedef struct edge_worker_memory {
    edge_worker_free_t *free[EDGE_WORKER_SIZES + 1];
    char *fresh; /* the unused rest of the newest slab */
    size_t fresh_left;
    edge_worker_free_t *slabs;
    apr_pool_t *pools[EDGE_WORKER_POOLS_KEPT];
    unsigned pool_count;
} edge_worker_memory_t;

struct edge_worker {
    unsigned magic;
    unsigned index;
    edge_clock_t clock;
    apr_pool_t *pool;
    edge_loop_t loop;
    edge_mailbox_t mailbox;
    edge_timer_heap_t timers;
    edge_chore_list_t posted, reaped;
    edge_worker_memory_t memory;
    edge_listener_set_t listeners;
    void *seats[EDGE_WORKER_SEATS];
    edge_ticket_table_t tickets;
    _Atomic bool stopping;
    bool ended;
    /* How many descriptors the loop watches, and how many connections are on their way from other workers: by
     * these the listeners share connections out. Written by the worker, and by givers; read by all. */
    _Atomic unsigned watched, promised;
    /* For whoever looks on; written by the worker. */
    int thread;
    edge_mono_t started;
    _Atomic uint64_t turns;
    _Atomic edge_mono_t busy_since, busy_last, busy_most;
    edge_histogram_t lag; /* lengths of turns */
};

extern edge_log_area_t edge_worker_log;

/* A worker on this thread that turns only when told (edge_loop_turn); edge_workers_start makes the real ones. */
apr_status_t edge_worker_make(unsigned index, edge_worker_t **worker);
/* Delivers what is in the mailbox, runs what is posted, frees all. */
void edge_worker_destroy(edge_worker_t *worker);
/* The chores that are in the list now; `added_too`: also those that they add. */
void edge_worker_run_chores(edge_chore_list_t *list, edge_worker_t *worker, bool added_too);
void edge_worker_memory_free(edge_worker_memory_t *memory);

#endif
