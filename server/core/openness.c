/* Shut listeners, by name, in shared memory. */
#include "core/openness.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "edge_shared.h"

#define NAMES 64
#define NAME_MOST 64

typedef struct entry {
    char name[NAME_MOST]; /* "": free */
    edge_listener_openness_t openness;
} entry_t;

typedef struct table {
    pthread_mutex_t lock;
    _Atomic bool draining;
    edge_drain_t drain;
    entry_t entries[NAMES];
} table_t;

static table_t *table;

apr_status_t edge_openness_map(void) {
    table = edge_shared_map(sizeof(*table));
    return table ? edge_shared_lock_make(&table->lock) : APR_FROM_OS_ERROR(errno);
}

const char *edge_openness_name(edge_openness_t state) {
    static const char *const names[] = {"open", "paused", "draining"};
    return names[state];
}

/* Under the lock: the listener's entry, or a free one, or NULL. */
static entry_t *find(edge_span_t listener) {
    entry_t *vacant = NULL;
    for (unsigned i = 0; i < NAMES; i++) {
        entry_t *entry = &table->entries[i];
        if (edge_span_equal(listener, edge_span_of(entry->name)))
            return entry;
        if (!vacant && !entry->name[0])
            vacant = entry;
    }
    return vacant;
}

edge_listener_openness_t edge_openness_of(edge_span_t listener) {
    edge_listener_openness_t openness = {EDGE_OPEN, 0};
    if (!table)
        return openness;
    edge_shared_lock(&table->lock);
    const entry_t *entry = find(listener);
    if (entry && entry->name[0])
        openness = entry->openness;
    pthread_mutex_unlock(&table->lock);
    return openness;
}

bool edge_openness_set(edge_span_t listener, edge_openness_t state, apr_time_t now) {
    if (!table || listener.len == 0 || listener.len >= NAME_MOST)
        return false;
    edge_shared_lock(&table->lock);
    entry_t *entry = find(listener);
    if (entry) {
        memcpy(entry->name, listener.at, listener.len);
        entry->name[listener.len] = '\0';
        entry->openness = (edge_listener_openness_t){state, now};
    }
    pthread_mutex_unlock(&table->lock);
    return entry != NULL;
}

edge_drain_t edge_drain_now(void) {
    edge_drain_t drain = {.on = false};
    if (!table)
        return drain;
    edge_shared_lock(&table->lock);
    drain = table->drain;
    pthread_mutex_unlock(&table->lock);
    return drain;
}

bool edge_draining(void) { return table && atomic_load_explicit(&table->draining, memory_order_relaxed); }

void edge_drain_set(const edge_drain_t *drain) {
    if (!table)
        return;
    edge_shared_lock(&table->lock);
    table->drain = *drain;
    pthread_mutex_unlock(&table->lock);
    atomic_store_explicit(&table->draining, drain->on, memory_order_relaxed);
}
