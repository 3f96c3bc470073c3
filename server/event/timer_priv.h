/* The heap behind edge_timer.h; the loop asks it when to wake and what is due. */
#ifndef EDGE_TIMER_PRIV_H
#define EDGE_TIMER_PRIV_H

#include "edge_timer.h"

/* The moments stand beside the pointers, so that sifting does not touch the objects that embed the timers. */
typedef struct edge_timer_entry {
    edge_mono_t queued;
    edge_timer_t *timer;
} edge_timer_entry_t;

typedef struct edge_timer_heap {
    edge_timer_entry_t *entries;
    uint32_t count, size;
    edge_mono_t firing; /* the `now` of a pass that is under way, else 0 */
} edge_timer_heap_t;

/* Zero-filled memory is an empty heap. */
void edge_timer_heap_set(edge_timer_heap_t *heap, edge_timer_t *timer, edge_mono_t due);
void edge_timer_heap_cancel(edge_timer_heap_t *heap, edge_timer_t *timer);
/* Fires what is due at `now`. A timer set meanwhile to a moment that has passed fires in the next pass. */
void edge_timer_heap_fire(edge_timer_heap_t *heap, edge_mono_t now);
/* When to look again, at the earliest; INT64_MAX when no timer is set. */
edge_mono_t edge_timer_heap_next(const edge_timer_heap_t *heap);
void edge_timer_heap_free(edge_timer_heap_t *heap);

#endif
