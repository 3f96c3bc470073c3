/* The ring of recent events. */
#include "edge_event.h"

#include "edge_cond.h"

#include <pthread.h>
#include <stdatomic.h>

#define ENTRIES 10000
#define OCTETS (UINT64_C(4) << 20)
#define WANTED_FOR EDGE_SECONDS(60)

typedef struct entry {
    const char *type;
    uint64_t at; /* where its text begins, counted from the first octet ever written */
    size_t len;
} entry_t;

/* Events first..next-1 are there, event ID in entries[ID % ENTRIES]. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_once_t made;
    uint64_t first, next;
    uint64_t born;    /* the first id of this process */
    uint64_t written; /* octets, gaps at the ring's end counted */
    unsigned waiting;
    bool stopped;
    _Atomic edge_mono_t asked; /* by a reader, last */
    entry_t entries[ENTRIES];
    char octets[OCTETS];
} ring = {.lock = PTHREAD_MUTEX_INITIALIZER, .made = PTHREAD_ONCE_INIT};

static const edge_event_type_t types[] = {
    {"tick", "Once a second: rates, sessions and queue, as in the overview."},
    {"session", "A session opened or closed; of more than 50 a second the rest is told by ticks alone."},
    {"queue", "A message was held, released or deleted, or a queue stopped or began to accept."},
    {"config", "A setting was changed, or a configuration loaded."},
    {"validator", "A validator's mode was changed."},
    {"listener", "A listener was paused, resumed or drained."},
    {"audit", "A line of the audit trail."},
    {"gap", "Events are lost: how many."},
};

const edge_event_type_t *edge_event_type_at(unsigned index) { return index < EDGE_COUNT(types) ? &types[index] : NULL; }

/* Ids begin with the clock: those of the next process are higher than all of this one. */
static void make(void) {
    edge_cond_make(&ring.more);
    ring.born = ring.first = ring.next = (uint64_t)edge_clock_read().wall;
}

static void lock(void) {
    pthread_once(&ring.made, make);
    pthread_mutex_lock(&ring.lock);
}

static entry_t *entry_of(uint64_t id) { return &ring.entries[id % ENTRIES]; }

/* Where the text goes: never over the ring's end. What stands in its way is forgotten. */
static uint64_t make_room(size_t len) {
    uint64_t left = OCTETS - ring.written % OCTETS, at = ring.written + (left < len ? left : 0);
    while (ring.first < ring.next &&
           (ring.next - ring.first == ENTRIES || entry_of(ring.first)->at + OCTETS < at + len)) {
        ring.first++;
    }
    return at;
}

void edge_event(const char *type, edge_span_t json) {
    if (json.len > EDGE_EVENT_MOST) {
        json = edge_span("{}", 2);
    }
    lock();
    uint64_t at = make_room(json.len);
    memcpy(ring.octets + at % OCTETS, json.at, json.len);
    *entry_of(ring.next) = (entry_t){type, at, json.len};
    ring.next++;
    ring.written = at + json.len;
    if (ring.waiting > 0) {
        pthread_cond_broadcast(&ring.more);
    }
    pthread_mutex_unlock(&ring.lock);
}

bool edge_event_wanted(void) {
    edge_mono_t asked = atomic_load_explicit(&ring.asked, memory_order_relaxed);
    return asked != 0 && edge_clock_mono() - asked < WANTED_FOR;
}

uint64_t edge_event_last(void) {
    lock();
    uint64_t last = ring.next - 1;
    pthread_mutex_unlock(&ring.lock);
    return last;
}

/* Of this process: how many there were between others and its first, nobody knows. */
static uint64_t lost_behind(uint64_t after) { return ring.first - (after + 1 < ring.born ? ring.born : after + 1); }

/* With the lock held. An id of a time to come is one of a clock that was set back: it is as good as lost. */
static edge_event_next_t look(uint64_t *after, edge_event_seen_t *seen, apr_pool_t *pool) {
    bool too_old = *after < ring.first - 1;
    if (too_old || *after >= ring.next) {
        seen->id = too_old ? lost_behind(*after) : 0;
        *after = too_old ? ring.first - 1 : ring.next - 1;
        return EDGE_EVENT_GAP;
    }
    if (*after + 1 == ring.next) {
        return EDGE_EVENT_NOTHING;
    }
    const entry_t *entry = entry_of(++*after);
    seen->id = *after;
    seen->type = entry->type;
    seen->json = edge_span_copy(pool, edge_span(ring.octets + entry->at % OCTETS, entry->len));
    return EDGE_EVENT_SEEN;
}

edge_event_next_t edge_event_next(uint64_t *after, edge_mono_t deadline, edge_event_seen_t *seen, apr_pool_t *pool) {
    edge_event_next_t next;
    bool in_time = true;
    atomic_store_explicit(&ring.asked, edge_clock_mono(), memory_order_relaxed);
    lock();
    while (!ring.stopped && (next = look(after, seen, pool)) == EDGE_EVENT_NOTHING && in_time) {
        ring.waiting++;
        in_time = edge_cond_wait(&ring.more, &ring.lock, deadline);
        ring.waiting--;
    }
    next = ring.stopped ? EDGE_EVENT_END : next;
    pthread_mutex_unlock(&ring.lock);
    return next;
}

void edge_event_stop(void) {
    lock();
    ring.stopped = true;
    pthread_cond_broadcast(&ring.more);
    pthread_mutex_unlock(&ring.lock);
}
