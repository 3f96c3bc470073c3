/*
 * What all lists have in common.
 *
 * Concept:  a route is a list when its answer has items, of rows: by these its items are
 *           chosen from (fields=), tagged, linked to what follows, and exported
 *           (admin_export.h).
 * Owner:    the carrier's request and answer.
 * Threads:  any.
 * Lifetime: one call.
 * Errors:   none of its own.
 */
#ifndef EDGE_CONTROL_ADMIN_LIST_H
#define EDGE_CONTROL_ADMIN_LIST_H

#include "control/admin_selection.h"

/* The rows of its items; NULL: it is no list. */
const edge_admin_argument_t *edge_admin_list_rows(const edge_admin_route_t *route);
/* The handler of a route that tells one item of the list above it: of GET /api/v1/bans/{address}, the one whose "address" is so. */
edge_admin_handler_t edge_admin_list_item;
/* The rows of a route's answer: its own, or of the item that it tells. */
const edge_admin_argument_t *edge_admin_list_answer(const edge_admin_route_t *route);
/* Behind the handler: a weak tag unless there is one, Link to the next page, and only what is selected. */
void edge_admin_list_finish(const edge_admin_request_t *request, const edge_admin_selection_t *selection,
                            edge_span_t query, edge_admin_answer_t *answer);
/* Link: the same query from a cursor on. */
void edge_admin_list_link(edge_span_t query, const char *cursor, edge_admin_answer_t *answer);

#endif
