/* The loop of a worker: its pollset, and one turn. */
#ifndef EDGE_LOOP_PRIV_H
#define EDGE_LOOP_PRIV_H

#include "event/loop.h"

typedef struct edge_loop {
    apr_pollset_t *pollset;
    /* A pollset without copies reads the descriptor number while adding or removing and never again, so one
     * socket object, filled anew each time, serves all watches and none costs memory. */
    apr_socket_t *socket;
    unsigned events; /* how many descriptors were ready in this turn: how busy the worker is */
} edge_loop_t;

apr_status_t edge_loop_open(edge_loop_t *loop, apr_pool_t *pool);
/* One turn; waits at most `wait_most` microseconds, -1 = until there is something to do. */
void edge_loop_turn(edge_worker_t *worker, edge_mono_t wait_most);
/* Any thread: ends the wait of the loop. */
void edge_loop_interrupt(edge_loop_t *loop);

#endif
