/*
 * Growing the configuration: what a module writes into it before it is checked.
 *
 * Concept:  a module's `expand` is called when the files have been read and the modules
 *           are loaded, before any row is looked at. It may read files of its own and
 *           add directives and sections, each with the file and line that asked for it.
 *           From then on these are configuration like any other: checked by the same
 *           rows, shown by the same dumps, and what is wrong with them is said with the
 *           place in the file they came from.
 * Owner:    the tree, which lives as long as the snapshot.
 * Threads:  one, inside `expand`.
 * Lifetime: names and arguments are copied; nodes and files stay where they are.
 * Errors:   to the report, with a place; a file that cannot be read is reported here.
 */
#ifndef EDGE_CONF_GROW_H
#define EDGE_CONF_GROW_H

#include "edge_conf.h"

/* A file that has been read; its text has a NUL behind it. */
typedef struct edge_conf_file edge_conf_file_t;

/* Where something comes from. */
typedef struct edge_conf_origin {
    const edge_conf_file_t *file;
    unsigned line; /* 1-based; 0: the file as a whole */
} edge_conf_origin_t;

/* The pool of the snapshot that is being made. */
EDGE_API apr_pool_t *edge_conf_grow_pool(const edge_conf_check_t *check);
EDGE_API edge_snapshot_t *edge_conf_grow_snapshot(const edge_conf_check_t *check);

/* Looking: the server's part, and what stands in a part. Names in any case of letters. */
EDGE_API edge_conf_node_t *edge_conf_grow_root(edge_conf_check_t *check);
/* The next one behind `after` (NULL: the first) of that name; NULL: there is none. */
EDGE_API edge_conf_node_t *edge_conf_grow_directive(const edge_conf_node_t *parent, const edge_conf_node_t *after,
                                                    const char *name);
EDGE_API edge_conf_node_t *edge_conf_grow_section(const edge_conf_node_t *parent, const edge_conf_node_t *after,
                                                  const char *name);
/* The index-th argument; absent behind the last. */
EDGE_API edge_span_t edge_conf_grow_argument(const edge_conf_node_t *node, unsigned index);
EDGE_API edge_conf_origin_t edge_conf_grow_origin(const edge_conf_node_t *node);

/* A path below ServerRoot, or absolute. */
EDGE_API const char *edge_conf_grow_path(const edge_conf_check_t *check, const char *path);
/* Reads the file that the first argument of `named_by` names, once even when it is named often; NULL and an error reported
 * when that does not go. */
EDGE_API const edge_conf_file_t *edge_conf_grow_read(edge_conf_check_t *check, const edge_conf_node_t *named_by);
EDGE_API const char *edge_conf_grow_file_path(const edge_conf_file_t *file);
EDGE_API edge_span_t edge_conf_grow_file_text(const edge_conf_file_t *file);

/* Writing: a directive or a section at the end of `parent`. */
EDGE_API edge_conf_node_t *edge_conf_grow_add(edge_conf_check_t *check, edge_conf_node_t *parent,
                                              edge_conf_origin_t origin, const char *name, const char *const *arguments,
                                              unsigned count);
EDGE_API edge_conf_node_t *edge_conf_grow_add_section(edge_conf_check_t *check, edge_conf_node_t *parent,
                                                      edge_conf_origin_t origin, const char *name,
                                                      const char *argument);
/* Takes a directive or section out again: another stands in its place. */
EDGE_API void edge_conf_grow_remove(edge_conf_node_t *node);

EDGE_API void edge_conf_grow_error(edge_conf_check_t *check, edge_conf_origin_t origin, const char *code,
                                   const char *format, ...) __attribute__((format(printf, 4, 5)));
EDGE_API void edge_conf_grow_warn(edge_conf_check_t *check, edge_conf_origin_t origin, const char *code,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
