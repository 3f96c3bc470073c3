/*
 * Which message is due first: a binary heap of places in the index.
 *
 * It holds every message that may be leased, by the time of its next attempt and then by
 * age, which is the order of ids of version 7. New messages come in that order, so that
 * putting one in is one comparison. Each entry knows its place in the heap.
 */
#include "store/spool_priv.h"

#include <stdlib.h>

static edge_index_entry_t *entry_of(const edge_index_t *index, uint32_t at) {
    uint32_t place = index->due[at];
    return &index->chunks[place / EDGE_INDEX_CHUNK][place % EDGE_INDEX_CHUNK];
}

static bool is_before(const edge_index_entry_t *a, const edge_index_entry_t *b) {
    return a->next != b->next ? a->next < b->next : memcmp(&a->id, &b->id, sizeof a->id) < 0;
}

static void put(edge_index_t *index, uint32_t at, edge_index_entry_t *entry) {
    index->due[at] = entry->place;
    entry->due_at = at + 1;
}

static void rise(edge_index_t *index, uint32_t at, edge_index_entry_t *entry) {
    while (at > 0) {
        edge_index_entry_t *above = entry_of(index, (at - 1) / 2);
        if (!is_before(entry, above)) {
            break;
        }
        put(index, at, above);
        at = (at - 1) / 2;
    }
    put(index, at, entry);
}

static void sink(edge_index_t *index, uint32_t at, edge_index_entry_t *entry) {
    for (uint32_t below; (below = 2 * at + 1) < index->due_count; at = below) {
        if (below + 1 < index->due_count && is_before(entry_of(index, below + 1), entry_of(index, below))) {
            below++;
        }
        if (!is_before(entry_of(index, below), entry)) {
            break;
        }
        put(index, at, entry_of(index, below));
    }
    put(index, at, entry);
}

static void move(edge_index_t *index, uint32_t at, edge_index_entry_t *entry) {
    if (at > 0 && is_before(entry, entry_of(index, (at - 1) / 2))) {
        rise(index, at, entry);
    } else {
        sink(index, at, entry);
    }
}

static void make_room(edge_index_t *index) {
    if (index->due_count == index->due_room) {
        index->due_room = index->due_room == 0 ? 1024 : index->due_room * 2;
        index->due = realloc(index->due, index->due_room * sizeof index->due[0]);
        EDGE_ASSERT(index->due != NULL);
    }
}

void edge_due_remove(edge_index_t *index, edge_index_entry_t *entry) {
    if (entry->due_at == 0) {
        return;
    }
    uint32_t at = entry->due_at - 1;
    edge_index_entry_t *last = entry_of(index, --index->due_count);
    entry->due_at = 0;
    if (last != entry) {
        move(index, at, last);
    }
}

static bool waits(const edge_index_entry_t *entry) {
    return !entry->leased && !entry->changing &&
           (entry->state == EDGE_MESSAGE_ACTIVE || entry->state == EDGE_MESSAGE_DEFERRED);
}

void edge_due_update(edge_index_t *index, edge_index_entry_t *entry) {
    if (!waits(entry)) {
        edge_due_remove(index, entry);
    } else if (entry->due_at != 0) {
        move(index, entry->due_at - 1, entry);
    } else {
        make_room(index);
        rise(index, index->due_count++, entry);
    }
}

edge_index_entry_t *edge_due_first(const edge_index_t *index) {
    return index->due_count > 0 ? entry_of(index, 0) : NULL;
}
