/* The messages of a spool in memory: open addressing by id over entries that never move. */
#include "store/spool_priv.h"

#include <stdlib.h>

/* About 80 octets an entry, 4 to 8 in the heap of what is due and, at the loads kept here, 8 to 20 of slots. */
typedef struct edge_index_slot {
    uint32_t hash;
    uint32_t place; /* of the entry, + 1; 0 = free */
} slot_t;

#define SLOTS_LEAST 1024u

/* The last eight octets of a UUID of version 7 are random already; ids of damaged regions are not. */
static uint32_t hash_of(edge_uuid_t id) {
    uint64_t word;
    memcpy(&word, id.bytes + 8, sizeof word);
    word *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(word >> 32);
}

static edge_index_entry_t *entry_at(const edge_index_t *index, uint32_t place) {
    return &index->chunks[place / EDGE_INDEX_CHUNK][place % EDGE_INDEX_CHUNK];
}

edge_index_entry_t *edge_index_at(const edge_index_t *index, uint32_t at) {
    edge_index_entry_t *entry = entry_at(index, at);
    return entry->segment != NULL ? entry : NULL;
}

/* The slot of that id, or the free one where it would go. */
static uint32_t find_slot(const edge_index_t *index, edge_uuid_t id, uint32_t hash) {
    uint32_t mask = index->slot_count - 1, at = hash & mask;
    while (index->slots[at].place != 0 &&
           (index->slots[at].hash != hash || !edge_uuid_equal(entry_at(index, index->slots[at].place - 1)->id, id))) {
        at = (at + 1) & mask;
    }
    return at;
}

edge_index_entry_t *edge_index_find(const edge_index_t *index, edge_uuid_t id) {
    if (index->slot_count == 0) {
        return NULL;
    }
    const slot_t *slot = &index->slots[find_slot(index, id, hash_of(id))];
    return slot->place != 0 ? entry_at(index, slot->place - 1) : NULL;
}

/* Doubles the slots; entries are not touched. */
static void grow(edge_index_t *index) {
    uint32_t count = index->slot_count == 0 ? SLOTS_LEAST : index->slot_count * 2;
    slot_t *slots = calloc(count, sizeof *slots);
    EDGE_ASSERT(slots != NULL && count > index->slot_count);
    for (uint32_t i = 0; i < index->slot_count; i++) {
        if (index->slots[i].place != 0) {
            uint32_t at = index->slots[i].hash & (count - 1);
            while (slots[at].place != 0) {
                at = (at + 1) & (count - 1);
            }
            slots[at] = index->slots[i];
        }
    }
    free(index->slots);
    index->slots = slots;
    index->slot_count = count;
}

static uint32_t new_place(edge_index_t *index) {
    if (index->free_first != 0) {
        uint32_t place = index->free_first - 1;
        index->free_first = entry_at(index, place)->offset;
        return place;
    }
    if (index->next_new == index->chunk_count * EDGE_INDEX_CHUNK) {
        if (index->chunk_count == index->chunk_room) {
            index->chunk_room = index->chunk_room == 0 ? 64 : index->chunk_room * 2;
            index->chunks = realloc(index->chunks, index->chunk_room * sizeof index->chunks[0]);
            EDGE_ASSERT(index->chunks != NULL);
        }
        index->chunks[index->chunk_count] = calloc(EDGE_INDEX_CHUNK, sizeof(edge_index_entry_t));
        EDGE_ASSERT(index->chunks[index->chunk_count] != NULL);
        index->chunk_count++;
    }
    return index->next_new++;
}

edge_index_entry_t *edge_index_add(edge_index_t *index, edge_uuid_t id) {
    if (index->used + 1 > index->slot_count / 4 * 3) {
        grow(index);
    }
    uint32_t hash = hash_of(id), at = find_slot(index, id, hash);
    EDGE_ASSERT(index->slots[at].place == 0);
    uint32_t place = new_place(index);
    index->slots[at] = (slot_t){hash, place + 1};
    index->used++;
    edge_index_entry_t *entry = entry_at(index, place);
    *entry = (edge_index_entry_t){.id = id, .place = place};
    return entry;
}

/* Closes the gap, so that no search ends too early. */
static void clear_slot(edge_index_t *index, uint32_t at) {
    uint32_t mask = index->slot_count - 1, gap = at;
    for (at = (at + 1) & mask; index->slots[at].place != 0; at = (at + 1) & mask) {
        uint32_t home = index->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            index->slots[gap] = index->slots[at];
            gap = at;
        }
    }
    index->slots[gap].place = 0;
}

static void count_state(edge_index_t *index, const edge_index_entry_t *entry, uint32_t one) {
    index->leased += entry->leased ? one : 0;
    index->held += entry->state == EDGE_MESSAGE_HELD ? one : 0;
    index->deferred += entry->state == EDGE_MESSAGE_DEFERRED ? one : 0;
    index->damaged += entry->state == EDGE_MESSAGE_DAMAGED ? one : 0;
}

void edge_index_set_state(edge_index_t *index, edge_index_entry_t *entry, edge_message_state_t state, bool leased) {
    count_state(index, entry, UINT32_MAX); /* minus one */
    entry->state = (uint8_t)state;
    entry->leased = leased;
    count_state(index, entry, 1);
    edge_due_update(index, entry);
}

void edge_index_set_changing(edge_index_t *index, edge_index_entry_t *entry, bool changing) {
    entry->changing = changing;
    edge_due_update(index, entry);
}

void edge_index_set_next(edge_index_t *index, edge_index_entry_t *entry, apr_time_t next) {
    entry->next = next;
    edge_due_update(index, entry);
}

void edge_index_remove(edge_index_t *index, edge_index_entry_t *entry) {
    uint32_t at = find_slot(index, entry->id, hash_of(entry->id)), place = index->slots[at].place - 1;
    EDGE_ASSERT(index->slots[at].place != 0 && entry_at(index, place) == entry);
    count_state(index, entry, UINT32_MAX);
    edge_due_remove(index, entry);
    clear_slot(index, at);
    index->used--;
    *entry = (edge_index_entry_t){.offset = index->free_first};
    index->free_first = place + 1;
}

void edge_index_free(edge_index_t *index) {
    for (uint32_t i = 0; i < index->chunk_count; i++) {
        free(index->chunks[i]);
    }
    free(index->chunks);
    free(index->slots);
    free(index->due);
    *index = (edge_index_t){0};
}
