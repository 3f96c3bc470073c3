/*
 * Records, headers and footers of a segment, as octets (docs/SPOOL.md).
 *
 * Concept:  all numbers are little endian. A record's header is checked with the salt
 *           of its segment, so neither what an earlier use of the file has left nor
 *           what a message contains can pass for a record.
 * Owner:    the caller owns every buffer.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   readers trust nothing and return false.
 */
#ifndef EDGE_STORE_RECORD_H
#define EDGE_STORE_RECORD_H

#include "edge_queue.h"

#define EDGE_RECORD_ALIGN 8u
#define EDGE_RECORD_SIZE 64u   /* of a record's header */
#define EDGE_SEGMENT_HEAD 64u  /* of a segment's header, at its start; a copy stands at its end */
#define EDGE_SEGMENT_TAIL 128u /* the copy of the header, then the trailer of the footer */
#define EDGE_FOOTER_ENTRY 48u

typedef enum edge_record_type {
    EDGE_RECORD_MESSAGE = 1, /* envelope, prelude, body */
    EDGE_RECORD_FILED = 2,   /* envelope, prelude; the body is in a file */
    EDGE_RECORD_STATE = 3,   /* deferred, held, released, tried: the whole changing part of a message */
    EDGE_RECORD_DONE = 4,    /* the message is gone */
    EDGE_RECORD_REGION = 5   /* only in footers: octets in which no record could be read */
} edge_record_type_t;

typedef struct edge_record {
    edge_record_type_t type;
    uint32_t segment;
    uint64_t offset, batch; /* octets from the start of the segment: of the record, of its batch's first record */
    uint32_t change;        /* of the message's state; the highest one counts */
    edge_uuid_t id;
    uint64_t body_len; /* in the file, when it is filed */
    uint32_t head_len; /* envelope and prelude, or state */
    uint32_t prelude_len;
    uint32_t head_crc, body_crc;
} edge_record_t;

static inline uint64_t edge_record_align(uint64_t length) {
    return (length + EDGE_RECORD_ALIGN - 1) & ~(uint64_t)(EDGE_RECORD_ALIGN - 1);
}
/* What follows the header in the log, without padding. */
static inline uint64_t edge_record_content(const edge_record_t *record) {
    return record->head_len + (record->type == EDGE_RECORD_FILED ? 0 : record->body_len);
}
/* Octets taken in the log. */
static inline uint64_t edge_record_length(const edge_record_t *record) {
    return edge_record_align(EDGE_RECORD_SIZE + edge_record_content(record));
}

void edge_record_write(const edge_record_t *record, uint32_t salt, char out[EDGE_RECORD_SIZE]);
/* Whether a sound header of segment `number` stands there, which is at `offset` in it. */
bool edge_record_read(const char in[EDGE_RECORD_SIZE], uint32_t number, uint32_t salt, uint64_t offset,
                      edge_record_t *record);

typedef struct edge_segment_head {
    uint32_t number, salt;
    uint64_t size; /* of the file */
    apr_time_t made;
} edge_segment_head_t;
void edge_record_write_head(const edge_segment_head_t *head, char out[EDGE_SEGMENT_HEAD]);
bool edge_record_read_head(const char in[EDGE_SEGMENT_HEAD], edge_segment_head_t *head);

/* One record as the footer has it, and as recovery sees it. */
typedef struct edge_footer_entry {
    edge_uuid_t id;
    edge_record_type_t type;
    edge_message_state_t state; /* of a STATE record; DAMAGED when the contents failed their check */
    uint64_t offset, length;
    uint64_t size; /* of the whole message */
    uint32_t change;
    apr_time_t next; /* of a STATE record */
} edge_footer_entry_t;
void edge_record_write_entry(const edge_footer_entry_t *entry, char out[EDGE_FOOTER_ENTRY]);
bool edge_record_read_entry(const char in[EDGE_FOOTER_ENTRY], edge_footer_entry_t *entry);

typedef struct edge_segment_trailer {
    uint32_t number, count;
    uint64_t tail;    /* where the records end */
    uint64_t entries; /* where the entries start */
    uint32_t entries_crc;
} edge_segment_trailer_t;
void edge_record_write_trailer(const edge_segment_trailer_t *trailer, uint32_t salt, char out[64]);
bool edge_record_read_trailer(const char in[64], uint32_t number, uint32_t salt, edge_segment_trailer_t *trailer);

/* The changing part of a message. */
size_t edge_record_state_size(const edge_envelope_t *envelope);
void edge_record_write_state(const edge_envelope_t *envelope, edge_message_state_t state, char *out);
/* Puts it into the envelope, whose recipients must be as many; replies are copied to `pool`. `envelope` may be NULL. */
bool edge_record_read_state(edge_span_t in, apr_pool_t *pool, edge_envelope_t *envelope, edge_message_state_t *state,
                            apr_time_t *next);

#endif
