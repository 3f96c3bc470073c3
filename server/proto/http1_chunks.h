/*
 * Content in chunks (RFC 9112 7.1).
 *
 * Concept:  a decoder that is shown what has arrived and says how to go on. It hands
 *           out content as spans of the input, without copying. Chunk extensions and
 *           trailer fields are checked for their form, bounded, and dropped.
 * Owner:    the caller owns decoder and input.
 * Threads:  plain values.
 * Lifetime: zero-filled memory is a decoder at the start of the content.
 * Errors:   EDGE_HTTP1_CHUNKS_BAD is for good: answer 400 and close.
 */
#ifndef EDGE_PROTO_HTTP1_CHUNKS_H
#define EDGE_PROTO_HTTP1_CHUNKS_H

#include "edge_base.h"

#define EDGE_HTTP1_EXTENSION_MOST 256 /* octets behind a chunk's size */
#define EDGE_HTTP1_TRAILER_MOST 8192

typedef enum edge_http1_chunks_state {
    EDGE_HTTP1_CHUNKS_MORE, /* all input is eaten */
    EDGE_HTTP1_CHUNKS_DATA, /* `data` holds content; call again */
    EDGE_HTTP1_CHUNKS_DONE, /* the content is over; what is left of the input belongs to the next message */
    EDGE_HTTP1_CHUNKS_BAD
} edge_http1_chunks_state_t;

typedef struct edge_http1_chunks {
    uint64_t left;    /* of the chunk */
    uint32_t counted; /* octets of the extension or the trailer; digits of a size */
    uint8_t state;
    bool name_seen; /* of the trailer line */
} edge_http1_chunks_t;

/* Eats from the front of `input`. */
EDGE_API edge_http1_chunks_state_t edge_http1_chunks_next(edge_http1_chunks_t *chunks, edge_span_t *input,
                                                          edge_span_t *data);

#endif
