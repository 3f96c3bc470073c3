/*
 * Waiting for descriptors.
 *
 * Concept:  a watch says which readiness of a descriptor its owner wants to hear
 *           of; the loop of the worker calls `ready` in the I/O step of its turn.
 *           Readiness is level triggered: it is told again until it is used up.
 * Owner:    the object that embeds the watch. It ends the watch before closing the
 *           descriptor, and its memory goes in the reap step, not earlier: an event
 *           of the same turn may still be on its way.
 * Threads:  the worker's own.
 * Lifetime: zero-filled memory, `fd` and `ready` set, is a watch that wants nothing.
 * Errors:   the system may refuse one more descriptor (limit or memory).
 */
#ifndef EDGE_LOOP_H
#define EDGE_LOOP_H

#include "edge_worker.h"

#include <apr_poll.h>

typedef struct edge_loop_watch edge_loop_watch_t;
struct edge_loop_watch {
    apr_pollfd_t poll; /* private, but poll.reqevents may be read: what is wanted now */
    int fd;
    /* `events`: APR_POLLIN, APR_POLLOUT as wanted; APR_POLLERR and APR_POLLHUP whenever anything is wanted. */
    void (*ready)(edge_loop_watch_t *watch, edge_worker_t *worker, int events);
};

/* Wants exactly `events` from now on; 0 ends the watch. Two system calls when something was wanted before. */
apr_status_t edge_loop_want(edge_worker_t *worker, edge_loop_watch_t *watch, int events);

#endif
