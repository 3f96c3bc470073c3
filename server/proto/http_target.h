/*
 * Request targets: path segments and query members (RFC 3986 3.3, 3.4).
 *
 * Concept:  a target is split as it was sent and decoded part by part, so that an
 *           encoded slash never becomes a separator.
 * Owner:    decoded text lives in the caller's pool.
 * Threads:  any.
 * Lifetime: split spans point into the target.
 * Errors:   a bad percent escape or an encoded control byte gives an absent span.
 */
#ifndef EDGE_PROTO_HTTP_TARGET_H
#define EDGE_PROTO_HTTP_TARGET_H

#include "edge_base.h"

/* "/a/b?x=1": path "/a/b", query "x=1" (absent without "?"). False when the target is no path. */
EDGE_API bool edge_http_target_split(edge_span_t target, edge_span_t *path, edge_span_t *query);
/* Takes "name=value" off the front of `query`, both as sent; `value` is absent without "=". False at the end. */
EDGE_API bool edge_http_target_next(edge_span_t *query, edge_span_t *name, edge_span_t *value);
/* Percent escapes resolved; in `pool`, NUL behind it. */
EDGE_API edge_span_t edge_http_target_decode(edge_span_t text, apr_pool_t *pool);
/* The other way: all but unreserved characters are escaped (RFC 3986 2.3); in `pool`, NUL behind it. */
EDGE_API edge_span_t edge_http_target_encode(edge_span_t text, apr_pool_t *pool);
/* Matches "/api/v1/queue/{id}/hold" piece by piece; `pieces` gets what stands where the pattern has braces, as sent, at most
 * `room`. A piece is never empty. Returns how many there are, or -1 when the path does not match. */
EDGE_API int edge_http_target_match(const char *pattern, edge_span_t path, edge_span_t *pieces, unsigned room);

#endif
