/*
 * A word of a configuration line, with its place.
 *
 * Concept:  what a directive's setter sees of each argument: the text as it counts,
 *           and where it was written.
 * Owner:    the pool of the tree it stands in.
 * Threads:  read-only.
 * Lifetime: of that pool.
 * Errors:   none.
 */
#ifndef EDGE_CONF_WORD_H
#define EDGE_CONF_WORD_H

#include "edge_base.h"

typedef struct edge_conf_argument {
    edge_span_t text;      /* unquoted, variables filled in, NUL behind it */
    unsigned line, column; /* 1-based */
    unsigned width;        /* as written */
} edge_conf_argument_t;

/* A directive or section as written (server/proto/conf_parse.h). */
typedef struct edge_conf_node edge_conf_node_t;

#endif
