/* Counts open connections, in all and by key, in memory that all children share. */
#include "core/places.h"

#include <errno.h>
#include <stdatomic.h>

#include "edge_codec.h"
#include "edge_obj.h"
#include "edge_shared.h"

#define STRIPES 64u
#define ENTRIES 1024u /* per stripe */

typedef struct entry {
    edge_ipaddr_t key;
    uint32_t held[EDGE_PLACES_CHILDREN]; /* all zero: the entry is free */
} entry_t;

typedef struct stripe {
    pthread_mutex_t lock;
    entry_t entries[ENTRIES];
} stripe_t;

typedef struct table {
    _Atomic uint32_t held[EDGE_PLACES_CHILDREN];
    stripe_t stripes[STRIPES];
} table_t;

static table_t *table;
static unsigned this_child;

apr_status_t edge_places_map(void) {
    table = edge_shared_map(sizeof(table_t));
    if (!table)
        return errno;
    apr_status_t status = APR_SUCCESS;
    for (unsigned i = 0; i < STRIPES && status == APR_SUCCESS; i++)
        status = edge_shared_lock_make(&table->stripes[i].lock);
    return status;
}

void edge_places_use_child(unsigned child) {
    EDGE_ASSERT(child < EDGE_PLACES_CHILDREN);
    this_child = child;
}

static uint32_t entry_sum(const entry_t *entry) {
    uint32_t sum = 0;
    for (unsigned i = 0; i < EDGE_PLACES_CHILDREN; i++)
        sum += entry->held[i];
    return sum;
}

static uint32_t key_hash(edge_ipaddr_t key) { return edge_crc32c(0, key.bytes, sizeof(key.bytes)) * 2654435761u; }

static stripe_t *stripe_lock(uint32_t hash) {
    stripe_t *stripe = &table->stripes[hash % STRIPES];
    /* A holder that was killed leaves counts that are each either old or new: nothing to mend. */
    edge_shared_lock(&stripe->lock);
    return stripe;
}

static void stripe_unlock(stripe_t *stripe) { pthread_mutex_unlock(&stripe->lock); }

static unsigned home_of(uint32_t hash) { return (hash / STRIPES) % ENTRIES; }

/* Linear probing; the free entry where the key would stand when it is not there, NULL when the stripe is full. */
static entry_t *entry_find(stripe_t *stripe, edge_ipaddr_t key, uint32_t hash) {
    for (unsigned i = 0; i < ENTRIES; i++) {
        entry_t *entry = &stripe->entries[(home_of(hash) + i) % ENTRIES];
        if (entry_sum(entry) == 0 || edge_ipaddr_equal(entry->key, key))
            return entry;
    }
    return NULL;
}

/* Closes the gap that a freed entry leaves in its probe chain, so that no later one is cut off from its home. */
static void entry_close_gap(stripe_t *stripe, entry_t *gap) {
    unsigned hole = (unsigned)(gap - stripe->entries);
    for (unsigned step = 1; step < ENTRIES; step++) {
        unsigned at = (hole + step) % ENTRIES;
        entry_t *entry = &stripe->entries[at];
        if (entry_sum(entry) == 0)
            return;
        unsigned home = home_of(key_hash(entry->key));
        bool reaches_hole = (at + ENTRIES - home) % ENTRIES >= step;
        if (!reaches_hole)
            continue;
        stripe->entries[hole] = *entry;
        memset(entry, 0, sizeof(*entry));
        hole = at;
        step = 0;
    }
}

static edge_place_t take_for_key(edge_ipaddr_t key, uint32_t most) {
    uint32_t hash = key_hash(key);
    stripe_t *stripe = stripe_lock(hash);
    entry_t *entry = entry_find(stripe, key, hash);
    edge_place_t place = entry ? EDGE_PLACE_TAKEN : EDGE_PLACE_NO_ROOM;
    if (entry && most != 0 && entry_sum(entry) >= most)
        place = EDGE_PLACE_TOO_MANY_FOR_KEY;
    if (place == EDGE_PLACE_TAKEN) {
        entry->key = key;
        entry->held[this_child]++;
    }
    stripe_unlock(stripe);
    return place;
}

bool edge_places_take_key(edge_ipaddr_t key, uint32_t most) { return take_for_key(key, most) == EDGE_PLACE_TAKEN; }

void edge_places_give_key(edge_ipaddr_t key) {
    uint32_t hash = key_hash(key);
    stripe_t *stripe = stripe_lock(hash);
    entry_t *entry = entry_find(stripe, key, hash);
    EDGE_ASSERT(entry && entry->held[this_child] > 0);
    entry->held[this_child]--;
    if (entry_sum(entry) == 0)
        entry_close_gap(stripe, entry);
    stripe_unlock(stripe);
}

uint32_t edge_places_taken(void) {
    uint32_t sum = 0;
    for (unsigned i = 0; i < EDGE_PLACES_CHILDREN; i++)
        sum += atomic_load_explicit(&table->held[i], memory_order_relaxed);
    return sum;
}

uint32_t edge_places_taken_for(edge_ipaddr_t key) {
    uint32_t hash = key_hash(key);
    stripe_t *stripe = stripe_lock(hash);
    entry_t *entry = entry_find(stripe, key, hash);
    uint32_t sum = entry ? entry_sum(entry) : 0;
    stripe_unlock(stripe);
    return sum;
}

/* Adds first and looks afterwards, so that two workers at the last place cannot both have it. */
edge_place_t edge_places_take(edge_ipaddr_t key, uint32_t most, uint32_t most_for_key) {
    atomic_fetch_add(&table->held[this_child], 1);
    bool full = most != 0 && edge_places_taken() > most;
    edge_place_t place = full ? EDGE_PLACE_TOO_MANY : take_for_key(key, most_for_key);
    if (place != EDGE_PLACE_TAKEN)
        atomic_fetch_sub(&table->held[this_child], 1);
    return place;
}

void edge_places_give(edge_ipaddr_t key) {
    edge_places_give_key(key);
    atomic_fetch_sub(&table->held[this_child], 1);
}

void edge_places_forget_child(unsigned child) {
    EDGE_ASSERT(child < EDGE_PLACES_CHILDREN);
    atomic_store(&table->held[child], 0);
    for (unsigned s = 0; s < STRIPES; s++) {
        stripe_t *stripe = stripe_lock(s);
        for (unsigned i = 0; i < ENTRIES; i++) {
            entry_t *entry = &stripe->entries[i];
            /* Closing a gap moves another entry here: look again until this place holds nothing of that child. */
            while (entry->held[child] != 0) {
                entry->held[child] = 0;
                if (entry_sum(entry) == 0)
                    entry_close_gap(stripe, entry);
            }
        }
        stripe_unlock(stripe);
    }
}

edge_ipaddr_t edge_places_key_of(edge_span_t name) {
    /* 0100::/64 is the discard-only prefix (RFC 6666): never the address of a peer. */
    edge_ipaddr_t key = {{0x01}};
    uint32_t sum = edge_crc32c(0, name.at, name.len);
    memcpy(key.bytes + 12, &sum, sizeof(sum));
    return key;
}
