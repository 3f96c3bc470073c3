/*
 * Finding a whole command line in what has arrived.
 *
 * Concept:  CRLF ends a line and nothing else does (RFC 5321 2.3.8). A line that
 *           holds a bare CR, a bare LF or a NUL is one line up to its CRLF, and
 *           bad: read in any other way it could become two commands. A line over
 *           its limit is found out without its end and then skipped piece by piece.
 * Owner:    a line is a span of the input.
 * Threads:  any.
 * Lifetime: that of the input.
 * Errors:   EDGE_SMTP_LINE_BAD and EDGE_SMTP_LINE_TOO_LONG.
 */
#ifndef EDGE_PROTO_SMTP_LINE_H
#define EDGE_PROTO_SMTP_LINE_H

#include "edge_base.h"

/* Octets of an AUTH line with its CRLF (RFC 4954 4), whatever the limit of other lines. */
#define EDGE_SMTP_LINE_AUTH_MOST 12288

typedef enum edge_smtp_line_result {
    EDGE_SMTP_LINE_PARTIAL, /* its end has not come yet */
    EDGE_SMTP_LINE_WHOLE,
    EDGE_SMTP_LINE_BAD,     /* whole, with a bare CR, bare LF or NUL in it */
    EDGE_SMTP_LINE_TOO_LONG /* no end within `most` octets: edge_smtp_line_skip finds it */
} edge_smtp_line_result_t;

/* WHOLE and BAD take the line off the front of `input` and give it without its CRLF. `most` counts the CRLF too. */
EDGE_API edge_smtp_line_result_t edge_smtp_line_take(edge_span_t *input, size_t most, edge_span_t *line);
/* Whether the line that begins here is an AUTH command, which may be longer. */
EDGE_API bool edge_smtp_line_is_auth(edge_span_t input);
/* Eats up to a CRLF, or all; true: it was there. `*after_cr` is kept between calls, false at first. */
EDGE_API bool edge_smtp_line_skip(edge_span_t *input, bool *after_cr);

#endif
