/*
 * What a record means: the one place where records change index and segments.
 *
 * A segment counts what in it must stay: messages that live and their newest states.
 * A done record must outlive the message record that it buries, else the message would
 * come back after a restart; so a segment keeps a list of the segments its done records
 * bury something in, and is free only when those are gone. When a message was copied on
 * (compaction), the old segment is haunted until it is gone: done records bury it too.
 */
#include "store/spool_priv.h"

#include <stdlib.h>

static void add_live(edge_segment_t *segment, uint32_t length) {
    segment->live++;
    segment->live_bytes += (uint64_t)length * EDGE_RECORD_ALIGN;
}

static void end_live(edge_segment_t *segment, uint32_t length) {
    EDGE_ASSERT(segment->live > 0 && segment->live_bytes >= (uint64_t)length * EDGE_RECORD_ALIGN);
    segment->live--;
    segment->live_bytes -= (uint64_t)length * EDGE_RECORD_ALIGN;
}

static void haunt(edge_spool_t *spool, edge_segment_t *segment) {
    spool->haunted += segment->haunted ? 0 : 1;
    segment->haunted = true;
}

static void set_place(edge_index_entry_t *entry, edge_segment_t *segment, const edge_footer_entry_t *from) {
    entry->segment = segment;
    entry->offset = (uint32_t)(from->offset / EDGE_RECORD_ALIGN);
    entry->length = (uint32_t)(from->length / EDGE_RECORD_ALIGN);
    add_live(segment, entry->length);
}

static void set_state_place(edge_index_entry_t *entry, edge_segment_t *segment, const edge_footer_entry_t *from) {
    entry->state_segment = segment;
    entry->state_offset = (uint32_t)(from->offset / EDGE_RECORD_ALIGN);
    entry->state_length = (uint32_t)(from->length / EDGE_RECORD_ALIGN);
    add_live(segment, entry->state_length);
}

/* Of two copies the one in the newer segment stays, unless only the older is sound. */
static bool is_better(const edge_index_entry_t *entry, const edge_segment_t *segment, const edge_footer_entry_t *copy) {
    bool damaged = copy->state == EDGE_MESSAGE_DAMAGED, was_damaged = entry->state == EDGE_MESSAGE_DAMAGED;
    return damaged != was_damaged ? was_damaged : segment->head.number > entry->segment->head.number;
}

apr_status_t edge_ledger_message(edge_spool_t *spool, edge_segment_t *segment, const edge_footer_entry_t *from) {
    edge_index_entry_t *entry = edge_index_find(&spool->index, from->id);
    edge_message_state_t state = from->state == EDGE_MESSAGE_DAMAGED ? EDGE_MESSAGE_DAMAGED : EDGE_MESSAGE_ACTIVE;
    if (entry != NULL) {
        if (!is_better(entry, segment, from)) {
            haunt(spool, segment);
            return APR_EEXIST;
        }
        haunt(spool, entry->segment);
        end_live(entry->segment, entry->length);
        if (entry->state == EDGE_MESSAGE_DAMAGED) {
            edge_index_set_state(&spool->index, entry, state, false);
        }
        set_place(entry, segment, from);
        return APR_EEXIST;
    }
    entry = edge_index_add(&spool->index, from->id);
    entry->filed = from->type == EDGE_RECORD_FILED;
    entry->size = from->size;
    set_place(entry, segment, from);
    edge_index_set_state(&spool->index, entry, state, false);
    spool->index.bytes += entry->size;
    if (entry->filed) {
        spool->file_bytes += entry->size;
    }
    return APR_SUCCESS;
}

void edge_ledger_state(edge_spool_t *spool, edge_segment_t *segment, const edge_footer_entry_t *from) {
    edge_index_entry_t *entry = edge_index_find(&spool->index, from->id);
    if (entry == NULL || from->state == EDGE_MESSAGE_DAMAGED ||
        (entry->state_segment != NULL && from->change <= entry->change)) {
        return;
    }
    if (entry->state_segment != NULL) {
        end_live(entry->state_segment, entry->state_length);
    }
    set_state_place(entry, segment, from);
    entry->change = from->change;
    edge_index_set_next(&spool->index, entry, from->next);
    if (entry->state != EDGE_MESSAGE_DAMAGED) {
        edge_index_set_state(&spool->index, entry, from->state, entry->leased);
    }
}

void edge_ledger_bury(edge_segment_t *segment, edge_segment_t *holder) {
    if (segment == holder) {
        return;
    }
    for (unsigned i = segment->bury_count; i-- > 0;) {
        if (segment->buries[i] == holder) {
            return;
        }
    }
    if (segment->bury_count == segment->bury_room) {
        segment->bury_room = segment->bury_room == 0 ? 4 : segment->bury_room * 2;
        segment->buries = realloc(segment->buries, segment->bury_room * sizeof segment->buries[0]);
        EDGE_ASSERT(segment->buries != NULL);
    }
    segment->buries[segment->bury_count++] = holder;
}

static void bury_ghosts(edge_spool_t *spool, edge_segment_t *segment) {
    for (edge_segment_t *other = spool->segments; spool->haunted > 0 && other != NULL; other = other->next) {
        if (other->haunted) {
            edge_ledger_bury(segment, other);
        }
    }
}

static void end_message(edge_spool_t *spool, edge_index_entry_t *entry) {
    end_live(entry->segment, entry->length);
    if (entry->state_segment != NULL) {
        end_live(entry->state_segment, entry->state_length);
    }
    spool->index.bytes -= entry->size;
    if (entry->filed) {
        spool->file_bytes -= entry->size;
    }
    edge_index_remove(&spool->index, entry);
}

void edge_ledger_done(edge_spool_t *spool, edge_segment_t *segment, edge_uuid_t id) {
    edge_index_entry_t *entry = edge_index_find(&spool->index, id);
    segment->dones++;
    bury_ghosts(spool, segment);
    if (entry != NULL) {
        edge_ledger_bury(segment, entry->segment);
        end_message(spool, entry);
    }
}

void edge_ledger_apply(edge_spool_t *spool, edge_segment_t *segment, const edge_footer_entry_t *entry) {
    switch (entry->type) {
    case EDGE_RECORD_MESSAGE:
    case EDGE_RECORD_FILED:
    case EDGE_RECORD_REGION: edge_ledger_message(spool, segment, entry); break;
    case EDGE_RECORD_STATE: edge_ledger_state(spool, segment, entry); break;
    case EDGE_RECORD_DONE: edge_ledger_done(spool, segment, entry->id); break;
    }
}

bool edge_ledger_move(edge_spool_t *spool, edge_segment_t *from, uint64_t offset, edge_segment_t *segment,
                      const edge_footer_entry_t *copy) {
    edge_index_entry_t *entry = edge_index_find(&spool->index, copy->id);
    uint32_t place = (uint32_t)(offset / EDGE_RECORD_ALIGN);
    if (copy->type == EDGE_RECORD_DONE) {
        segment->dones++;
        bury_ghosts(spool, segment);
        for (unsigned i = 0; i < from->bury_count; i++) {
            edge_ledger_bury(segment, from->buries[i]);
        }
        return true;
    }
    if (entry != NULL && copy->type == EDGE_RECORD_STATE && entry->state_segment == from &&
        entry->state_offset == place) {
        end_live(from, entry->state_length);
        set_state_place(entry, segment, copy);
        return true;
    }
    if (entry != NULL && copy->type != EDGE_RECORD_STATE && entry->segment == from && entry->offset == place) {
        end_live(from, entry->length);
        set_place(entry, segment, copy);
        return true;
    }
    if (copy->type != EDGE_RECORD_STATE) {
        haunt(spool, segment);
    }
    return false;
}

unsigned edge_ledger_drop_segment(edge_spool_t *spool, edge_segment_t *segment) {
    unsigned lost = 0;
    for (uint32_t i = 0; segment->live > 0 && i < edge_index_places(&spool->index); i++) {
        edge_index_entry_t *entry = edge_index_at(&spool->index, i);
        if (entry != NULL && entry->state_segment == segment) {
            end_live(segment, entry->state_length);
            entry->state_segment = NULL;
        }
        if (entry != NULL && entry->segment == segment) {
            end_message(spool, entry);
            lost++;
        }
    }
    return lost;
}
