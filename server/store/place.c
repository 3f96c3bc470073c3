/* A message found in the index, held fast, and its head read from the log. */
#include "edge_codec.h"
#include "proto/envelope.h"
#include "store/spool_priv.h"

void edge_place_take(edge_index_entry_t *entry, edge_place_t *place) {
    *place = (edge_place_t){.id = entry->id,
                            .segment = entry->segment,
                            .state_segment = entry->state_segment,
                            .offset = (uint64_t)entry->offset * EDGE_RECORD_ALIGN,
                            .state_offset = (uint64_t)entry->state_offset * EDGE_RECORD_ALIGN,
                            .state = entry->leased ? EDGE_MESSAGE_LEASED : (edge_message_state_t)entry->state,
                            .filed = entry->filed,
                            .due = entry->next,
                            .change = entry->change};
    place->segment->pins++;
    if (place->state_segment != NULL) {
        place->state_segment->pins++;
    }
}

void edge_place_release(edge_spool_t *spool, edge_place_t *place) {
    pthread_mutex_lock(&spool->lock);
    place->segment->pins--;
    if (place->state_segment != NULL) {
        place->state_segment->pins--;
    }
    pthread_mutex_unlock(&spool->lock);
    place->segment = place->state_segment = NULL;
}

/* Header and head of a record; the head in `pool`. */
static apr_status_t read_head(const edge_segment_t *segment, uint64_t offset, edge_uuid_t id, apr_pool_t *pool,
                              edge_record_t *record, char **head) {
    char octets[EDGE_RECORD_SIZE];
    apr_status_t status = edge_files_read(segment->fd, octets, sizeof octets, offset);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!edge_record_read(octets, segment->head.number, segment->head.salt, offset, record) ||
        offset + edge_record_length(record) > segment->head.size || !edge_uuid_equal(record->id, id)) {
        return APR_EGENERAL;
    }
    *head = apr_palloc(pool, record->head_len + 1);
    status = edge_files_read(segment->fd, *head, record->head_len, offset + EDGE_RECORD_SIZE);
    if (status != APR_SUCCESS) {
        return status;
    }
    return edge_crc32c(0, *head, record->head_len) == record->head_crc ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t edge_place_read(edge_place_t *place, apr_pool_t *pool, edge_envelope_t **envelope, edge_span_t *prelude) {
    char *head = NULL;
    edge_record_t state_record;
    edge_message_state_t state;
    apr_time_t next;
    apr_status_t status = read_head(place->segment, place->offset, place->id, pool, &place->record, &head);
    if (status != APR_SUCCESS) {
        return status;
    }
    size_t envelope_len = place->record.head_len - place->record.prelude_len;
    *envelope = apr_pcalloc(pool, sizeof **envelope);
    *prelude = edge_span(head + envelope_len, place->record.prelude_len);
    if (place->record.type > EDGE_RECORD_FILED ||
        edge_envelope_decode(edge_span(head, envelope_len), pool, *envelope) != NULL) {
        return APR_EGENERAL;
    }
    if (place->state_segment == NULL) {
        return APR_SUCCESS;
    }
    status = read_head(place->state_segment, place->state_offset, place->id, pool, &state_record, &head);
    if (status == APR_SUCCESS &&
        !edge_record_read_state(edge_span(head, state_record.head_len), pool, *envelope, &state, &next)) {
        status = APR_EGENERAL;
    }
    return status;
}

void edge_place_damaged(edge_spool_t *spool, edge_place_t *place, const char *what) {
    char text[EDGE_UUID_TEXT];
    pthread_mutex_lock(&spool->lock);
    edge_index_entry_t *entry = edge_index_find(&spool->index, place->id);
    bool fresh = entry != NULL && entry->state != EDGE_MESSAGE_DAMAGED;
    if (fresh) {
        edge_index_set_state(&spool->index, entry, EDGE_MESSAGE_DAMAGED, false);
    }
    pthread_mutex_unlock(&spool->lock);
    place->state = EDGE_MESSAGE_DAMAGED;
    if (fresh) {
        edge_uuid_format(place->id, text);
        edge_spool_count(spool, EDGE_SPOOL_DAMAGES, 1);
        EDGE_LOG(&edge_spool_log, EDGE_LOG_ERROR, 240,
                 "spool %s: message %s: %s fails its check (segment %08u, octet %llu)", spool->name, text, what,
                 place->segment->head.number, (unsigned long long)place->offset);
    }
}
