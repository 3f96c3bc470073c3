/*
 * Reading what was asked for, by rows: the members of a query and of a body.
 *
 * Concept:  one set of checks for both: an unknown member is refused, so that a typing
 *           error never looks like success, and every refusal says what was got and
 *           what is allowed.
 * Owner:    texts live in the request's pool.
 * Threads:  any.
 * Lifetime: one call.
 * Errors:   false: a problem was answered.
 */
#ifndef EDGE_CONTROL_ADMIN_MEMBERS_H
#define EDGE_CONTROL_ADMIN_MEMBERS_H

#include "control/admin.h"

/* What stands for every route that says so in its flags. */
extern const edge_admin_argument_t edge_admin_reason_row, edge_admin_dry_run_row, edge_admin_fields_row;
/* The index-th of them that a route takes; NULL behind the last, and without a route. */
const edge_admin_argument_t *edge_admin_members_shared(const edge_admin_route_t *route, unsigned index);

bool edge_admin_members_query(edge_admin_request_t *request, edge_span_t query, edge_admin_answer_t *answer);
/* `content` and its type, as sent; `local`: it needs no type. */
bool edge_admin_members_body(edge_admin_request_t *request, edge_span_t content, edge_span_t type, bool local,
                             edge_admin_answer_t *answer);
/* After both: what must be given was given. */
bool edge_admin_members_complete(edge_admin_request_t *request, edge_admin_answer_t *answer);

#endif
