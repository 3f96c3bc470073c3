/*
 * A thread that looks at something again and again.
 *
 * Concept:  for what no event tells of, such as files that an operator has changed. Each
 *           look says how long to wait for the next.
 * Owner:    whoever embeds it.
 * Threads:  start and stop on one thread; `look` on a thread of its own, where it may block.
 * Lifetime: from start to stop, which waits for a look that is under way. Zero-filled memory
 *           is a watch that does not run.
 * Errors:   start says when there is no thread to be had.
 */
#ifndef EDGE_WATCH_H
#define EDGE_WATCH_H

#include "edge_base.h"

#include <pthread.h>

typedef struct edge_watch {
    pthread_mutex_t lock; /* of `stopping` */
    pthread_cond_t ending;
    pthread_t thread;
    bool running, stopping;
    unsigned wait;                   /* seconds until the next look */
    unsigned (*look)(void *context); /* returns the same */
    void *context;
} edge_watch_t;

/* The first look is in `wait` seconds. `name` has at most 15 letters. */
EDGE_API apr_status_t edge_watch_start(edge_watch_t *watch, const char *name, unsigned wait,
                                       unsigned (*look)(void *context), void *context);
/* One that does not run is left alone. */
EDGE_API void edge_watch_stop(edge_watch_t *watch);

#endif
