/*
 * Finding the route of a request, and calling it.
 *
 * Concept:  the part that every carrier of admin requests shares: look up the row in
 *           the core's table and in those of the loaded modules, check the role, read
 *           the query by the row's arguments, call the handler.
 * Owner:    the carrier.
 * Threads:  any but a worker's.
 * Lifetime: one call.
 * Errors:   answered as problems: 400, 403, 404, 405, 422.
 */
#ifndef EDGE_CORE_ADMIN_H
#define EDGE_CORE_ADMIN_H

#include "edge_admin.h"

/* What a carrier knows of a request before its route is found. */
typedef struct edge_admin_call {
    edge_span_t method, target;
    edge_span_t content;
    edge_admin_role_t role;
    const char *who;
} edge_admin_call_t;

/* Uptime counts from here; in microseconds. */
void edge_admin_start(void);
int64_t edge_admin_uptime(void);
/* Makes an empty answer in `pool`. */
void edge_admin_answer_start(edge_admin_answer_t *answer, apr_pool_t *pool);
/* Fills in the answer; always exactly one. */
void edge_admin_dispatch(const edge_admin_call_t *call, edge_admin_answer_t *answer);
/* The index-th route, the core's first, then the modules' in the order they were loaded; NULL behind the last. */
const edge_admin_route_t *edge_admin_route_at(unsigned index);

/* The core's own rows (admin_routes.c). */
extern const edge_admin_route_t edge_admin_routes[];

#endif
