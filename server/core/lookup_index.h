/*
 * Numbers of entries, found by a hash of what they are.
 *
 * Concept:  open addressing. The hash stands beside each number, so that a look at
 *           another entry is rare and a larger index is made without asking for hashes
 *           again. It knows nothing of entries: who asks compares.
 * Owner:    embedded in a table.
 * Threads:  as the table.
 * Lifetime: zero-filled memory is an empty index, until edge_lookup_index_free.
 * Errors:   false: no memory.
 */
#ifndef EDGE_CORE_LOOKUP_INDEX_H
#define EDGE_CORE_LOOKUP_INDEX_H

#include "edge_base.h"

typedef struct edge_lookup_slot {
    uint32_t hash;
    uint32_t number; /* of the entry, from 1; 0: free */
} edge_lookup_slot_t;

typedef struct edge_lookup_index {
    edge_lookup_slot_t *slots;
    uint32_t mask, used;
} edge_lookup_index_t;

/* Without memory for it nothing is added. `number` from 0. */
bool edge_lookup_index_add(edge_lookup_index_t *index, uint32_t hash, uint32_t number);
void edge_lookup_index_free(edge_lookup_index_t *index);

/* That hash will be asked for soon. */
static inline void edge_lookup_index_fetch(const edge_lookup_index_t *index, uint32_t hash) {
    if (index->slots)
        __builtin_prefetch(&index->slots[hash & index->mask]);
}

/* Goes over the entries of that hash: `at` begins as the hash. False: there is none left. */
static inline bool edge_lookup_index_next(const edge_lookup_index_t *index, uint32_t hash, uint32_t *at,
                                          uint32_t *number) {
    while (index->slots) {
        edge_lookup_slot_t slot = index->slots[*at & index->mask];
        if (!slot.number)
            break;
        (*at)++;
        if (slot.hash == hash) {
            *number = slot.number - 1;
            return true;
        }
    }
    return false;
}

#endif
