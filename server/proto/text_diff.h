/*
 * Edits of a text as a unified diff.
 *
 * Concept:  whoever edits knows what changes: runs of octets that others stand in for.
 *           Lines they touch are shown removed and added, with three lines around.
 * Owner:    the caller's pool.
 * Threads:  any.
 * Lifetime: of the pool.
 * Errors:   none; edits stand in order and do not overlap.
 */
#ifndef EDGE_PROTO_TEXT_DIFF_H
#define EDGE_PROTO_TEXT_DIFF_H

#include <apr_tables.h>

#include "edge_base.h"

typedef struct edge_text_edit {
    size_t at, len;   /* what goes; of whole lines, or within them */
    const char *text; /* what comes in its place */
} edge_text_edit_t;

/* As `patch -p1` takes it: from a/NAME to b/NAME. Of an array of edge_text_edit_t; "" when there is none. */
const char *edge_text_diff(const char *name, edge_span_t text, const apr_array_header_t *edits, apr_pool_t *pool);

#endif
