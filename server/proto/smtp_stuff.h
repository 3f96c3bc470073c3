/*
 * A message's bytes as DATA sends them (RFC 5321 4.5.2).
 *
 * Concept:  fed with spans in any cut, it gives back spans of the same input with a dot
 *           between them where a line begins with one; nothing is copied. A line begins
 *           at the front and behind CRLF, and nowhere else. The end is a line end, when
 *           the message has none of its own, and the dot line.
 * Owner:    the caller.
 * Threads:  one at a time.
 * Lifetime: one message; zero-filled memory is its beginning.
 * Errors:   none.
 */
#ifndef EDGE_PROTO_SMTP_STUFF_H
#define EDGE_PROTO_SMTP_STUFF_H

#include "edge_base.h"

typedef struct edge_smtp_stuff {
    uint8_t state;
} edge_smtp_stuff_t;

/* The next span to send, taken off the front of `input`; it may be a static dot. False: all is eaten. */
EDGE_API bool edge_smtp_stuff_next(edge_smtp_stuff_t *stuff, edge_span_t *input, edge_span_t *out);
/* What ends the message: static text. */
EDGE_API edge_span_t edge_smtp_stuff_end(const edge_smtp_stuff_t *stuff);

#endif
