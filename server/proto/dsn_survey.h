/*
 * A first look at a message that may be returned: what may be copied, and how it must be labelled.
 *
 * Concept:  a report says in front of the returned message how it is encoded, and
 *           encloses it between boundaries, so all of what is returned is read once
 *           before it is copied. The survey is fed the message in any cut and tells
 *           how much of the header block, and whether the whole, can stand in a
 *           report as it is: lines of at most 998 octets, CRLF at their ends, no NUL
 *           (RFC 5321 4.5.3.1.6, RFC 2045 2.8), and no line that is the boundary.
 * Owner:    the caller; a plain value.
 * Threads:  one at a time.
 * Lifetime: one message.
 * Errors:   none.
 */
#ifndef EDGE_PROTO_DSN_SURVEY_H
#define EDGE_PROTO_DSN_SURVEY_H

#include "proto/header.h"

#define EDGE_DSN_BOUNDARY_OCTETS 24
#define EDGE_DSN_BOUNDARY_SIZE 34   /* "=_" and 24 octets in base 64; no NUL */
#define EDGE_DSN_HEADERS_MOST 65536 /* of a header block no more is returned */

typedef struct edge_dsn_survey {
    edge_header_scan_t header;
    uint64_t size;          /* octets fed */
    uint64_t header_octets; /* whole lines of the header block that can be copied */
    bool header_eight_bit;  /* an octet over 127 in these */
    bool eight_bit;         /* one anywhere */
    bool unfit;             /* something stands in the message that a report cannot hold */
    char boundary[EDGE_DSN_BOUNDARY_SIZE];
    uint64_t line_size; /* the rest is the survey's own */
    uint8_t matched;
    bool after_cr, line_eight_bit, line_unfit, header_over;
} edge_dsn_survey_t;

/* Makes the boundary of 24 octets nobody could foresee when the message was written. */
EDGE_API void edge_dsn_survey_begin(edge_dsn_survey_t *survey, const uint8_t random[EDGE_DSN_BOUNDARY_OCTETS]);
/* False when the rest changes nothing: the header block is known, and the whole cannot be returned. */
EDGE_API bool edge_dsn_survey_feed(edge_dsn_survey_t *survey, edge_span_t bytes);
EDGE_API void edge_dsn_survey_end(edge_dsn_survey_t *survey);

#endif
