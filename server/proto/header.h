/*
 * The header block of a message: scanned while it arrives, read when it is whole.
 *
 * Concept:  the scanner is fed spans in any cut and keeps only what decisions need:
 *           how many Received fields there are, which of the wanted fields are
 *           missing, the first Message-Id, where the block ends. The reader walks a
 *           complete block field by field. Both follow RFC 5322 2.2 and are tolerant
 *           where mail is old: blanks before the colon, and a line end of LF alone.
 *           A first line that is no field means a message without a header block; a
 *           later one means that the block ended just before it.
 * Owner:    the caller owns scanner, reader and the bytes behind them.
 * Threads:  plain values; one at a time.
 * Lifetime: zero-filled memory is a scanner at the start of a message.
 * Errors:   none; a header has no wrong bytes here, only fields and what is none.
 */
#ifndef EDGE_PROTO_HEADER_H
#define EDGE_PROTO_HEADER_H

#include "edge_base.h"

#define EDGE_HEADER_HAS_FROM 0x01u
#define EDGE_HEADER_HAS_DATE 0x02u
#define EDGE_HEADER_HAS_MESSAGE_ID 0x04u
#define EDGE_HEADER_HAS_SUBJECT 0x08u

#define EDGE_HEADER_MESSAGE_ID_MOST 200
#define EDGE_HEADER_NAME_KEPT 12

typedef struct edge_header_scan {
    uint64_t seen;     /* octets fed so far, up to where the end was recognised */
    uint64_t size;     /* with `ended`: octets of the block, its empty line included */
    unsigned received; /* Received fields */
    unsigned fields;   /* fields in all */
    unsigned has;      /* EDGE_HEADER_HAS_* */
    bool ended;        /* the block's end was seen; all later octets are body */
    bool none;         /* with `ended`: the message has no header block, its first line is no field */
    uint8_t state;     /* the rest is the scanner's own */
    uint8_t field;
    uint8_t name_len;
    uint8_t message_id_len;
    uint64_t line_start;
    char name[EDGE_HEADER_NAME_KEPT];
    char message_id[EDGE_HEADER_MESSAGE_ID_MOST];
} edge_header_scan_t;

/* True once the block has ended; what is fed after that is not looked at. */
EDGE_API bool edge_header_scan_feed(edge_header_scan_t *scan, edge_span_t bytes);
/* The message is over: a block that was still open ends here. */
EDGE_API void edge_header_scan_end(edge_header_scan_t *scan);
/* The first Message-Id's value without blanks at its ends, cut at EDGE_HEADER_MESSAGE_ID_MOST octets; absent when there is
 * none. Good as long as the scanner is. */
EDGE_API edge_span_t edge_header_scan_message_id(const edge_header_scan_t *scan);

typedef struct edge_header_field {
    edge_span_t name;  /* without the colon and blanks in front of it */
    edge_span_t value; /* behind the colon, as written: folds inside, without the last line end */
    edge_span_t whole; /* name to the last line end */
} edge_header_field_t;

/* Takes the next field off the front of `block`; false at the block's end (an empty line, a line that is no field, or no
 * more bytes), where `block` then stands. */
EDGE_API bool edge_header_next(edge_span_t *block, edge_header_field_t *field);
/* The value on one line: line ends of folds are taken out, blanks trimmed (RFC 5322 2.2.3); in `pool`, NUL behind it. */
EDGE_API edge_span_t edge_header_value(const edge_header_field_t *field, apr_pool_t *pool);

#endif
