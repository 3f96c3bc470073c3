/*
 * The text of a configuration as a tree of directives and sections.
 *
 * Concept:  words, quotes, joined lines, comments, ${variables}, conditions and
 *           Include are settled here; what remains are nodes with the place of
 *           each word. What a directive means is not known here.
 * Owner:    the pool given to edge_conf_parse.
 * Threads:  one.
 * Lifetime: of that pool.
 * Errors:   all go to the report; a tree is made of what could be read. Files,
 *           patterns and the environment are reached by callbacks, so the parser
 *           touches nothing itself.
 */
#ifndef EDGE_PROTO_CONF_PARSE_H
#define EDGE_PROTO_CONF_PARSE_H

#include <apr_tables.h>

#include "edge_conf_word.h"
#include "proto/conf_report.h"

struct edge_conf_node {
    bool is_section;
    bool grown;       /* by a module, from a file of its own: whoever reads the files again will have it again */
    edge_span_t name; /* as written; NUL behind it */
    const edge_conf_file_t *file;
    unsigned line, column;
    edge_conf_argument_t *arguments;
    unsigned count;
    edge_conf_node_t *parent, *first, **last, *next; /* children of a section, in order */
};

typedef struct edge_conf_skipped {
    const edge_conf_node_t *node; /* the condition */
    edge_conf_place_t place;
    const char *why;
} edge_conf_skipped_t;

/* How the parser reaches the world. Paths are absolute. */
typedef struct edge_conf_world {
    void *context;
    const char *server_root; /* where relative paths begin */
    /* NULL = read, else what went wrong. */
    const char *(*read)(void *context, const char *path, apr_pool_t *pool, edge_span_t *text);
    /* Names that match a pattern, sorted; editors' and packagers' leftovers are left out. An array of const char *. */
    apr_array_header_t *(*match)(void *context, const char *pattern, apr_pool_t *pool);
    bool (*exists)(void *context, const char *path);
    const char *(*environment)(void *context, const char *name); /* NULL = not set */
} edge_conf_world_t;

typedef struct edge_conf_tree {
    edge_conf_node_t root;
    edge_conf_file_t *files;     /* in the order read */
    apr_table_t *variables;      /* name -> value, at the end */
    apr_array_header_t *skipped; /* edge_conf_skipped_t: blocks left out by a condition */
} edge_conf_tree_t;

/* `defines` holds NAME or NAME=VALUE of the command line (const char *). */
edge_conf_tree_t *edge_conf_parse(const char *path, const apr_array_header_t *defines, const edge_conf_world_t *world,
                                  edge_conf_report_t *report, apr_pool_t *pool);

edge_conf_place_t edge_conf_place_of(const edge_conf_node_t *node);
edge_conf_place_t edge_conf_place_of_argument(const edge_conf_node_t *node, unsigned argument);

#endif
