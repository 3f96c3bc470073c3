/* An index of entries by hash; it doubles when it is three quarters full. */
#include "core/lookup_index.h"

#include <stdlib.h>

#define SMALLEST 16u

static void put(edge_lookup_index_t *index, edge_lookup_slot_t slot) {
    uint32_t at = slot.hash;
    while (index->slots[at & index->mask].number)
        at++;
    index->slots[at & index->mask] = slot;
}

static bool grow(edge_lookup_index_t *index) {
    uint64_t size = index->slots ? 2 * ((uint64_t)index->mask + 1) : SMALLEST;
    edge_lookup_index_t larger = {.mask = (uint32_t)(size - 1), .used = index->used};
    larger.slots = size <= (uint64_t)1 << 31 ? calloc(size, sizeof(*larger.slots)) : NULL;
    if (!larger.slots)
        return false;
    for (uint64_t i = 0; index->slots && i <= index->mask; i++)
        if (index->slots[i].number)
            put(&larger, index->slots[i]);
    free(index->slots);
    *index = larger;
    return true;
}

bool edge_lookup_index_add(edge_lookup_index_t *index, uint32_t hash, uint32_t number) {
    if ((!index->slots || index->used / 3 >= (index->mask + 1) / 4) && !grow(index))
        return false;
    put(index, (edge_lookup_slot_t){hash, number + 1});
    index->used++;
    return true;
}

void edge_lookup_index_free(edge_lookup_index_t *index) {
    free(index->slots);
    *index = (edge_lookup_index_t){0};
}
