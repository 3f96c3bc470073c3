/*
 * Carrying admin requests: what the control socket and HTTP over TCP share.
 *
 * Concept:  a carrier reads a request, says who sent it, lets it be answered by the
 *           rows (edge_admin.h), and sends the answer in its own way.
 * Owner:    the carrier owns call, answer and pool.
 * Threads:  any but a worker's.
 * Lifetime: one call.
 * Errors:   always exactly one answer; trouble is answered as a problem.
 */
#ifndef EDGE_ADMIN_CARRIER_H
#define EDGE_ADMIN_CARRIER_H

#include "edge_admin.h"

/* What a carrier knows of a request before its route is found. */
typedef struct edge_admin_call {
    edge_span_t method, target;
    edge_span_t content;
    edge_span_t content_type; /* absent when not given; these as well */
    edge_span_t if_match, if_none_match, last_event_id, accept, idempotency_key;
    edge_admin_role_t role;
    const char *who, *from;
    bool local; /* no browser can have sent it: content needs no type */
    edge_admin_streams_t *streams;
    const void *carrier; /* comes back in the request */
} edge_admin_call_t;

/* The index-th route, the core's first, then the modules' in the order they were loaded; NULL behind the last. */
EDGE_API const edge_admin_route_t *edge_admin_route_at(unsigned index);
/* Makes an empty answer in `pool`, with a request id of its own. */
EDGE_API void edge_admin_answer_start(edge_admin_answer_t *answer, apr_pool_t *pool);
/* Fills in the answer and ends it; always exactly one. */
EDGE_API void edge_admin_dispatch(const edge_admin_call_t *call, edge_admin_answer_t *answer);
/* Closes what of a problem is open. Whoever makes a problem without dispatch calls it before sending. */
EDGE_API void edge_admin_answer_end(edge_admin_answer_t *answer);
/* Counts an answer, before its head is sent: who has it finds it counted. `route` NULL: none was found, or it was not looked for. */
EDGE_API void edge_admin_count(const edge_admin_route_t *route, unsigned status);
/* One of the console's files. */
EDGE_API void edge_admin_count_file(unsigned status);

#endif
