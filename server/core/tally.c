/* Counts events by key in shared memory. */
#include "core/tally.h"

#include <apr_general.h>
#include <errno.h>
#include <string.h>

#include "edge_shared.h"

typedef struct entry {
    edge_tally_key_t key;
    edge_mono_t first, last; /* of the window; last 0: the entry is free */
    uint32_t count;
} entry_t;

typedef struct set {
    pthread_mutex_t lock;
    entry_t ways[EDGE_TALLY_WAYS];
} set_t;

struct edge_tally {
    set_t sets[EDGE_TALLY_SETS];
};

static uint64_t seeds[2];

apr_status_t edge_tally_map(edge_tally_t **tally) {
    edge_tally_t *made = edge_shared_map(sizeof(*made));
    if (!made)
        return APR_FROM_OS_ERROR(errno);
    if (seeds[0] == 0)
        apr_generate_random_bytes((unsigned char *)seeds, sizeof(seeds));
    apr_status_t status = APR_SUCCESS;
    for (unsigned i = 0; i < EDGE_TALLY_SETS && status == APR_SUCCESS; i++)
        status = edge_shared_lock_make(&made->sets[i].lock);
    *tally = made;
    return status;
}

/* FNV-1a from a seed that nobody outside knows. */
static uint64_t stir(uint64_t hash, const void *octets, size_t len) {
    const unsigned char *at = octets;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 1099511628211u;
    return hash ^ hash >> 29;
}

edge_tally_key_t edge_tally_key(const void *octets, size_t len, const void *more, size_t more_len) {
    edge_tally_key_t key;
    for (unsigned i = 0; i < 2; i++)
        key.bits[i] = stir(stir(stir(seeds[i], octets, len), &len, sizeof(len)), more, more_len);
    return key;
}

static set_t *lock_set(edge_tally_t *tally, edge_tally_key_t key) {
    set_t *set = &tally->sets[(key.bits[0] >> 32) % EDGE_TALLY_SETS];
    /* A holder that was killed has left one count old or new, or an entry half taken: no more than an event is lost. */
    edge_shared_lock(&set->lock);
    return set;
}

static entry_t *find(set_t *set, edge_tally_key_t key) {
    for (unsigned i = 0; i < EDGE_TALLY_WAYS; i++) {
        entry_t *entry = &set->ways[i];
        if (entry->last != 0 && entry->key.bits[0] == key.bits[0] && entry->key.bits[1] == key.bits[1])
            return entry;
    }
    return NULL;
}

/* A free entry has `last` 0, so it is the quietest of all. */
static entry_t *quietest(set_t *set) {
    entry_t *best = &set->ways[0];
    for (unsigned i = 1; i < EDGE_TALLY_WAYS; i++)
        if (set->ways[i].last < best->last)
            best = &set->ways[i];
    return best;
}

uint32_t edge_tally_add(edge_tally_t *tally, edge_tally_key_t key, edge_mono_t now, edge_mono_t period) {
    set_t *set = lock_set(tally, key);
    entry_t *entry = find(set, key);
    if (!entry || now - entry->first >= period) {
        entry = entry ? entry : quietest(set);
        *entry = (entry_t){.key = key, .first = now};
    }
    entry->last = now > 0 ? now : 1;
    entry->count += entry->count < UINT32_MAX;
    uint32_t count = entry->count;
    pthread_mutex_unlock(&set->lock);
    return count;
}

uint32_t edge_tally_count(edge_tally_t *tally, edge_tally_key_t key, edge_mono_t now, edge_mono_t period) {
    set_t *set = lock_set(tally, key);
    const entry_t *entry = find(set, key);
    uint32_t count = entry && now - entry->first < period ? entry->count : 0;
    pthread_mutex_unlock(&set->lock);
    return count;
}

void edge_tally_forget(edge_tally_t *tally, edge_tally_key_t key) {
    set_t *set = lock_set(tally, key);
    entry_t *entry = find(set, key);
    if (entry)
        *entry = (entry_t){.last = 0};
    pthread_mutex_unlock(&set->lock);
}
