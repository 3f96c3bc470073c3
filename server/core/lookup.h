/*
 * The core's side of lists: Table, and their life in a child.
 *
 * Concept:  see edge_lookup.h.
 * Owner:    a Table belongs to the snapshot.
 * Threads:  the loading thread.
 * Lifetime: of the snapshot.
 * Errors:   reported at the line.
 */
#ifndef EDGE_CORE_LOOKUP_H
#define EDGE_CORE_LOOKUP_H

#include "edge_lookup.h"

/* Table NAME WORD...; kept in the server's struct. */
typedef struct edge_lookup_named {
    edge_span_t name;
    edge_lookup_t *lookup;
    struct edge_lookup_named *next;
} edge_lookup_named_t;

bool edge_lookup_set_table(const edge_conf_line_t *line, edge_lookup_named_t **tables);

#endif
