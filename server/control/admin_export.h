/*
 * Lists as NDJSON and CSV, whole.
 *
 * Concept:  who accepts application/x-ndjson or text/csv rather than JSON gets the list's
 *           items without a frame: a line each. Page by page, so that a long list costs
 *           no more memory than a page; with limit=, one page and the link to the next.
 * Owner:    the carrier's request and answer.
 * Threads:  any but a worker's.
 * Lifetime: one call.
 * Errors:   of the first page as problems; later ones break the stream, which is seen.
 */
#ifndef EDGE_CONTROL_ADMIN_EXPORT_H
#define EDGE_CONTROL_ADMIN_EXPORT_H

#include "control/admin_selection.h"

typedef enum edge_admin_form { EDGE_ADMIN_JSON, EDGE_ADMIN_LINES, EDGE_ADMIN_CSV, EDGE_ADMIN_FORMS } edge_admin_form_t;

/* Their media types. */
extern const char *const edge_admin_form_types[EDGE_ADMIN_FORMS];

edge_admin_form_t edge_admin_export_form(edge_span_t accept);
void edge_admin_export(const edge_admin_request_t *request, const edge_admin_selection_t *selection, edge_span_t query,
                       edge_admin_form_t form, edge_admin_answer_t *answer);

#endif
