/*
 * Timers of one loop.
 *
 * Concept:  an intrusive member that fires once on the loop it was set on. Moving
 *           a deadline later is cheap: the timer fires, sees that it is early and
 *           goes back to sleep without calling anybody.
 * Owner:    the object that embeds it; it must be cancelled before that object goes.
 * Threads:  the worker's own thread only (asserted).
 * Lifetime: zero-filled memory is a timer that is not set.
 * Errors:   none; memory for the heap is reserved when setting, and running out of
 *           it is an assertion.
 */
#ifndef EDGE_TIMER_H
#define EDGE_TIMER_H

#include "edge_clock.h"

typedef struct edge_worker edge_worker_t;
typedef struct edge_timer edge_timer_t;

struct edge_timer {
    void (*fire)(edge_timer_t *timer); /* may set or cancel any timer, itself included */
    edge_mono_t due;                   /* when it is to fire */
    edge_mono_t queued;                /* where it stands in the heap: <= due */
    uint32_t place;                    /* 1-based index in the heap; 0 = not set */
};

EDGE_API void edge_timer_set(edge_worker_t *worker, edge_timer_t *timer, edge_mono_t due);
EDGE_API void edge_timer_cancel(edge_worker_t *worker, edge_timer_t *timer);
static inline bool edge_timer_is_set(const edge_timer_t *timer) { return timer->place != 0; }

#endif
