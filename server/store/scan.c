/*
 * Reading the records of a segment that has no footer.
 *
 * What no sound header introduces is skipped up to the next one: the headers' salted
 * checksum over segment number and offset makes it certain that it is one. What was
 * skipped, or fails its checksum, is a torn write when it belongs to the last batch of the
 * segment, whose sync had not returned, so that nobody was told anything; earlier it is
 * damage, since a batch is written only when the one before is durable. Damage keeps its
 * place in the index and costs only itself.
 */
#include "edge_codec.h"
#include "store/spool_priv.h"

#include <stdlib.h>

#define WINDOW (1u << 20)

typedef struct scan {
    const edge_segment_t *segment;
    char *window;
    uint64_t start; /* of what is in the window */
    size_t len;
    uint64_t end; /* no record reaches beyond */
} scan_t;

/* The octets at `offset`, of which at least `least` (<= WINDOW) are there; NULL at the end. */
static const char *peek(scan_t *scan, uint64_t offset, size_t least, size_t *have, apr_status_t *status) {
    if (offset + least > scan->end) {
        return NULL;
    }
    if (offset < scan->start || offset + least > scan->start + scan->len) {
        size_t len = scan->end - offset < WINDOW ? (size_t)(scan->end - offset) : WINDOW;
        *status = edge_files_read(scan->segment->fd, scan->window, len, offset);
        if (*status != APR_SUCCESS) {
            scan->len = 0;
            return NULL;
        }
        scan->start = offset;
        scan->len = len;
    }
    *have = (size_t)(scan->start + scan->len - offset);
    return scan->window + (offset - scan->start);
}

static bool read_header(scan_t *scan, uint64_t offset, edge_record_t *record, apr_status_t *status) {
    size_t have;
    const char *octets = peek(scan, offset, EDGE_RECORD_SIZE, &have, status);
    return octets != NULL &&
           edge_record_read(octets, scan->segment->head.number, scan->segment->head.salt, offset, record) &&
           offset + edge_record_length(record) <= scan->end;
}

static bool check_part(scan_t *scan, uint64_t offset, uint64_t len, uint32_t wanted, apr_status_t *status) {
    uint32_t crc = 0;
    while (len > 0) {
        size_t have;
        const char *octets = peek(scan, offset, 1, &have, status);
        if (octets == NULL) {
            return false;
        }
        if (have > len) {
            have = (size_t)len;
        }
        crc = edge_crc32c(crc, octets, have);
        offset += have;
        len -= have;
    }
    return crc == wanted;
}

static bool is_sound(scan_t *scan, const edge_record_t *record, apr_status_t *status) {
    uint64_t head = record->offset + EDGE_RECORD_SIZE;
    return check_part(scan, head, record->head_len, record->head_crc, status) &&
           (record->type == EDGE_RECORD_FILED ||
            check_part(scan, head + record->head_len, record->body_len, record->body_crc, status));
}

/* The next place behind `offset` where a sound header stands. */
static bool find_next(scan_t *scan, uint64_t offset, edge_record_t *record, apr_status_t *status) {
    for (offset += EDGE_RECORD_ALIGN; *status == APR_SUCCESS && offset + EDGE_RECORD_SIZE <= scan->end;
         offset += EDGE_RECORD_ALIGN) {
        if (read_header(scan, offset, record, status)) {
            return true;
        }
    }
    return false;
}

/* A region has an id of its own, always the same, so that its removal can be recorded: version 8, number and offset. */
static edge_uuid_t region_id(const edge_segment_t *segment, uint64_t offset) {
    edge_uuid_t id = {{0}};
    for (unsigned i = 0; i < 6; i++) {
        id.bytes[i] = (uint8_t)(segment->head.made / 1000 >> (40 - 8 * i));
    }
    id.bytes[6] = 0x80;
    id.bytes[8] = 0x80;
    for (unsigned i = 0; i < 3; i++) {
        id.bytes[9 + i] = (uint8_t)(segment->head.number >> (16 - 8 * i));
    }
    for (unsigned i = 0; i < 4; i++) {
        id.bytes[12 + i] = (uint8_t)(offset / EDGE_RECORD_ALIGN >> (24 - 8 * i));
    }
    return id;
}

/* State records say more than their header. */
static void read_state(scan_t *scan, const edge_record_t *record, edge_footer_entry_t *entry, apr_status_t *status) {
    size_t have;
    const char *octets = record->head_len <= WINDOW
                             ? peek(scan, record->offset + EDGE_RECORD_SIZE, record->head_len, &have, status)
                             : NULL;
    if (octets == NULL ||
        !edge_record_read_state(edge_span(octets, record->head_len), NULL, NULL, &entry->state, &entry->next)) {
        entry->state = EDGE_MESSAGE_DAMAGED;
    }
}

static edge_footer_entry_t entry_of(scan_t *scan, const edge_record_t *record, bool sound, apr_status_t *status) {
    edge_footer_entry_t entry = {.id = record->id,
                                 .type = record->type,
                                 .state = sound ? EDGE_MESSAGE_ACTIVE : EDGE_MESSAGE_DAMAGED,
                                 .offset = record->offset,
                                 .length = edge_record_length(record),
                                 .size = record->prelude_len + record->body_len,
                                 .change = record->change};
    if (sound && record->type == EDGE_RECORD_STATE) {
        read_state(scan, record, &entry, status);
    }
    return entry;
}

/* Of what was skipped or is unsound, what lies in the last batch is torn and goes. */
static void drop_torn(edge_segment_t *segment, uint32_t from, uint64_t last_batch, edge_scan_result_t *result) {
    uint32_t kept = from;
    for (uint32_t i = from; i < segment->entry_count; i++) {
        edge_footer_entry_t *entry = &segment->entries[i];
        bool bad = entry->state == EDGE_MESSAGE_DAMAGED;
        if (bad && entry->offset >= last_batch) {
            result->torn++;
            continue;
        }
        result->damaged += bad ? 1 : 0;
        segment->entries[kept++] = *entry;
    }
    segment->entry_count = kept;
}

static apr_status_t scan_all(scan_t *scan, edge_segment_t *segment, edge_scan_result_t *result) {
    apr_status_t status = APR_SUCCESS;
    uint64_t at = segment->tail, last_batch = at;
    uint32_t from = segment->entry_count;
    edge_record_t record;
    while (status == APR_SUCCESS) {
        if (!read_header(scan, at, &record, &status)) {
            if (!find_next(scan, at, &record, &status)) {
                break;
            }
            edge_footer_entry_t region = {.id = region_id(segment, at),
                                          .type = EDGE_RECORD_REGION,
                                          .state = EDGE_MESSAGE_DAMAGED,
                                          .offset = at,
                                          .length = record.offset - at};
            edge_segment_note(segment, &region);
        }
        bool sound = is_sound(scan, &record, &status);
        edge_footer_entry_t entry = entry_of(scan, &record, sound, &status);
        edge_segment_note(segment, &entry);
        result->records++;
        at = record.offset + edge_record_length(&record);
        last_batch = record.batch > last_batch ? record.batch : last_batch;
    }
    segment->tail = at;
    drop_torn(segment, from, last_batch, result);
    return status;
}

static apr_status_t scan_whole_ones(scan_t *scan, edge_segment_t *segment, edge_scan_result_t *result) {
    apr_status_t status = APR_SUCCESS;
    edge_record_t record;
    while (read_header(scan, segment->tail, &record, &status) && is_sound(scan, &record, &status)) {
        edge_footer_entry_t entry = entry_of(scan, &record, true, &status);
        edge_segment_note(segment, &entry);
        result->records++;
        segment->tail += edge_record_length(&record);
    }
    return status;
}

apr_status_t edge_scan_segment(edge_segment_t *segment, bool follow, edge_scan_result_t *result) {
    scan_t scan = {.segment = segment, .end = segment->head.size - EDGE_SEGMENT_TAIL};
    *result = (edge_scan_result_t){0, 0, 0};
    scan.window = malloc(WINDOW);
    if (scan.window == NULL) {
        return APR_ENOMEM;
    }
    apr_status_t status = follow ? scan_whole_ones(&scan, segment, result) : scan_all(&scan, segment, result);
    free(scan.window);
    return status;
}
