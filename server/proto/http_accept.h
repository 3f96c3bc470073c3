/*
 * Accept: which of several forms of an answer a client would rather have (RFC 9110 12.5.1).
 *
 * Concept:  each form's weight is that of the most specific range that covers it; the
 *           form of the highest weight is chosen, the first of equals.
 * Owner:    values only.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   ranges that are malformed count for nothing.
 */
#ifndef EDGE_PROTO_HTTP_ACCEPT_H
#define EDGE_PROTO_HTTP_ACCEPT_H

#include "edge_base.h"

/* The index of the best of `types` ("text/csv"); -1: none of them is wanted. Without the field, 0. */
EDGE_API int edge_http_accept_best(edge_span_t accept, const char *const *types, unsigned count);

#endif
