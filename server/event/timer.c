/* Timers: an intrusive heap with four children a node. */
#include "edge_obj.h"

#include "event/timer_priv.h"
#include "event/worker_priv.h"

#include <stdlib.h>

#define CHILDREN 4

/* Places are 1-based; index 0 of the array is place 1. */
static void put(edge_timer_heap_t *heap, uint32_t place, edge_timer_entry_t entry) {
    heap->entries[place - 1] = entry;
    entry.timer->place = place;
}

static void sift_up(edge_timer_heap_t *heap, uint32_t place, edge_timer_entry_t entry) {
    while (place > 1) {
        uint32_t parent = (place - 2) / CHILDREN + 1;
        if (heap->entries[parent - 1].queued <= entry.queued) {
            break;
        }
        put(heap, place, heap->entries[parent - 1]);
        place = parent;
    }
    put(heap, place, entry);
}

static void sift_down(edge_timer_heap_t *heap, uint32_t place, edge_timer_entry_t entry) {
    for (;;) {
        uint32_t child = (place - 1) * CHILDREN + 2, least = 0;
        for (uint32_t i = child; i < child + CHILDREN && i <= heap->count; i++) {
            if (least == 0 || heap->entries[i - 1].queued < heap->entries[least - 1].queued) {
                least = i;
            }
        }
        if (least == 0 || heap->entries[least - 1].queued >= entry.queued) {
            break;
        }
        put(heap, place, heap->entries[least - 1]);
        place = least;
    }
    put(heap, place, entry);
}

static void reserve(edge_timer_heap_t *heap) {
    if (heap->count == heap->size) {
        uint32_t size = heap->size == 0 ? 64 : heap->size * 2;
        edge_timer_entry_t *entries = realloc(heap->entries, size * sizeof *entries);
        EDGE_ASSERT(entries != NULL);
        heap->entries = entries;
        heap->size = size;
    }
}

void edge_timer_heap_set(edge_timer_heap_t *heap, edge_timer_t *timer, edge_mono_t due) {
    EDGE_ASSERT(timer->fire != NULL);
    if (heap->firing != 0 && due <= heap->firing) {
        due = heap->firing + 1; /* else two timers that set each other would keep the loop for ever */
    }
    timer->due = due;
    if (timer->place == 0) {
        reserve(heap);
        timer->queued = due;
        sift_up(heap, ++heap->count, (edge_timer_entry_t){due, timer});
    } else if (due < timer->queued) {
        timer->queued = due;
        sift_up(heap, timer->place, (edge_timer_entry_t){due, timer});
    }
}

static void take_out(edge_timer_heap_t *heap, edge_timer_t *timer) {
    uint32_t place = timer->place;
    EDGE_ASSERT(place <= heap->count && heap->entries[place - 1].timer == timer);
    edge_timer_entry_t last = heap->entries[--heap->count];
    timer->place = 0;
    if (last.timer == timer) {
        return;
    }
    if (last.queued < timer->queued) {
        sift_up(heap, place, last);
    } else {
        sift_down(heap, place, last);
    }
}

void edge_timer_heap_cancel(edge_timer_heap_t *heap, edge_timer_t *timer) {
    if (timer->place != 0) {
        take_out(heap, timer);
    }
}

void edge_timer_heap_fire(edge_timer_heap_t *heap, edge_mono_t now) {
    heap->firing = now;
    while (heap->count > 0 && heap->entries[0].queued <= now) {
        edge_timer_t *timer = heap->entries[0].timer;
        if (timer->due > now) {
            /* It was moved later since: back to sleep. */
            timer->queued = timer->due;
            sift_down(heap, 1, (edge_timer_entry_t){timer->due, timer});
        } else {
            take_out(heap, timer);
            timer->fire(timer);
        }
    }
    heap->firing = 0;
}

edge_mono_t edge_timer_heap_next(const edge_timer_heap_t *heap) {
    return heap->count == 0 ? INT64_MAX : heap->entries[0].queued;
}

void edge_timer_heap_free(edge_timer_heap_t *heap) {
    free(heap->entries);
    memset(heap, 0, sizeof *heap);
}

void edge_timer_set(edge_worker_t *worker, edge_timer_t *timer, edge_mono_t due) {
    EDGE_ASSERT(worker == edge_worker_self());
    edge_timer_heap_set(&worker->timers, timer, due);
}

void edge_timer_cancel(edge_worker_t *worker, edge_timer_t *timer) {
    EDGE_ASSERT(worker == edge_worker_self());
    edge_timer_heap_cancel(&worker->timers, timer);
}
