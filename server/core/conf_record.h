/*
 * What reading a configuration took from outside, kept to be read again.
 *
 * Concept:  a world (proto/conf_parse.h) between the parser and the machine. Taking, it
 *           asks the machine and keeps every answer: files, matches of Include, tests of
 *           existence, variables of the environment. Giving, it answers as then, so that
 *           the same text is parsed whatever has become of the files.
 * Owner:    the pool it was made in.
 * Threads:  one.
 * Lifetime: of that pool; the worlds made of it too.
 * Errors:   troubles are answers like others and are kept.
 */
#ifndef EDGE_CORE_CONF_RECORD_H
#define EDGE_CORE_CONF_RECORD_H

#include "proto/conf_parse.h"

typedef struct edge_conf_record edge_conf_record_t;

/* `machine` is asked while taking, and later for what was never asked before. */
edge_conf_record_t *edge_conf_record_make(edge_conf_world_t machine, apr_pool_t *pool);
const edge_conf_world_t *edge_conf_record_taking(edge_conf_record_t *record);
const edge_conf_world_t *edge_conf_record_giving(edge_conf_record_t *record);
/* The first thing that the machine would answer otherwise now, as a text in `pool`; NULL: nothing. */
const char *edge_conf_record_difference(const edge_conf_record_t *record, apr_pool_t *pool);
/* All of them: an array of edge_conf_difference_t. */
typedef struct edge_conf_difference {
    const char *about; /* a path, a pattern, a variable */
    const char *text;
    const char *trouble; /* of a file that cannot be read now; NULL */
} edge_conf_difference_t;
apr_array_header_t *edge_conf_record_differences(const edge_conf_record_t *record, apr_pool_t *pool);
/* The record of a giving world; NULL: it is none. */
const edge_conf_record_t *edge_conf_record_of(const edge_conf_world_t *world);

#endif
