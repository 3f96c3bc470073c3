/*
 * BDAT: chunks of a message by count (RFC 3030).
 *
 * Concept:  a chunk is a number of octets that are taken off the input whatever
 *           they hold; also when the command was refused, so that the dialogue
 *           stays in step.
 * Owner:    the caller.
 * Threads:  any.
 * Lifetime: one chunk.
 * Errors:   an argument that is none gives false.
 */
#ifndef EDGE_PROTO_SMTP_BDAT_H
#define EDGE_PROTO_SMTP_BDAT_H

#include "edge_base.h"

typedef struct edge_smtp_bdat {
    uint64_t size; /* octets of the chunk */
    uint64_t left; /* of them, not yet taken */
    bool last;     /* the message ends with it */
} edge_smtp_bdat_t;

/* chunk-size [ SP "LAST" ] (RFC 3030 2) */
EDGE_API bool edge_smtp_bdat_parse(edge_span_t argument, edge_smtp_bdat_t *bdat);
/* The part of `input` that belongs to the chunk. */
EDGE_API edge_span_t edge_smtp_bdat_part(const edge_smtp_bdat_t *bdat, edge_span_t input);
/* `octets` of that part have been read. */
EDGE_API void edge_smtp_bdat_took(edge_smtp_bdat_t *bdat, size_t octets);

#endif
