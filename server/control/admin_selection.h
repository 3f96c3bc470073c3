/*
 * fields=: which members of a list's items are wanted.
 *
 * Concept:  paths as "id,client.ip", each of a member that the list's rows know; one that
 *           names an object stands for all of it.
 * Owner:    the pool of the request.
 * Threads:  any.
 * Lifetime: one call.
 * Errors:   a path that there is not is answered, with what may have been meant.
 */
#ifndef EDGE_CONTROL_ADMIN_SELECTION_H
#define EDGE_CONTROL_ADMIN_SELECTION_H

#include <apr_tables.h>

#include "control/admin.h"

typedef struct edge_admin_selection {
    const edge_admin_argument_t *rows;
    const apr_array_header_t *paths; /* of edge_span_t; NULL: everything */
} edge_admin_selection_t;

typedef enum edge_admin_share { EDGE_ADMIN_NOTHING, EDGE_ADMIN_PART, EDGE_ADMIN_WHOLE } edge_admin_share_t;

/* False: a problem was answered. An absent text selects everything. */
bool edge_admin_selection_read(edge_admin_selection_t *selection, const edge_admin_argument_t *rows, edge_span_t text,
                               edge_admin_answer_t *answer);
/* How much of what is at this path. */
edge_admin_share_t edge_admin_selection_share(const edge_admin_selection_t *selection, edge_span_t path);
/* An item, as far as it is wanted. */
void edge_admin_selection_put(const edge_admin_selection_t *selection, edge_json_t *json,
                              const edge_json_value_t *item);

#endif
