/*
 * Writing heads of HTTP/1 messages.
 *
 * Concept:  one place where a status line and fields become bytes; control bytes in
 *           what is given become blanks, so nobody can inject a line.
 * Owner:    the caller owns the buffer.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   none; a buffer that is too small gets what fits, and the whole length is
 *           returned.
 */
#ifndef EDGE_PROTO_HTTP1_WRITE_H
#define EDGE_PROTO_HTTP1_WRITE_H

#include "proto/http1.h"

/* "HTTP/1.minor CODE REASON", the fields in their order, the empty line. An absent reason is the code's own phrase. */
EDGE_API size_t edge_http1_write_response(unsigned minor, unsigned code, edge_span_t reason,
                                          const edge_http1_field_t *fields, unsigned count, char *out, size_t size);
/* "METHOD TARGET HTTP/1.1", the fields, the empty line. */
EDGE_API size_t edge_http1_write_request(edge_span_t method, edge_span_t target, const edge_http1_field_t *fields,
                                         unsigned count, char *out, size_t size);
/* The phrase of RFC 9110 15; for other codes that of their class. */
EDGE_API const char *edge_http1_reason(unsigned code);

#endif
