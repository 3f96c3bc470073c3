/*
 * ${variables} of a configuration.
 *
 * Concept:  ${NAME} is set by Define or on the command line, ${NAME?=default} has a
 *           value of its own when it is not, and only ${env:NAME} looks at the
 *           environment.
 * Owner:    the pool.
 * Threads:  one.
 * Lifetime: of the pool.
 * Errors:   an undefined name is an error with its place; the text stays as written.
 */
#ifndef EDGE_PROTO_CONF_VARIABLES_H
#define EDGE_PROTO_CONF_VARIABLES_H

#include "proto/conf_parse.h"

/* Fills in the word's variables; `place` is where the word stands. */
edge_span_t edge_conf_variables_fill(edge_span_t word, const apr_table_t *variables, const edge_conf_world_t *world,
                                     edge_conf_place_t place, edge_conf_report_t *report, apr_pool_t *pool);

#endif
