/* Shared by the files that print a configuration. */
#ifndef EDGE_CORE_CONF_DUMP_PRIV_H
#define EDGE_CORE_CONF_DUMP_PRIV_H

#include "core/conf_apply.h"
#include "core/conf_dump.h"

typedef struct edge_conf_loaded {
    edge_snapshot_t *snapshot; /* to be dropped; with errors too */
    edge_conf_tree_t *tree;
    edge_conf_report_t report;
} edge_conf_loaded_t;

/* Builds the snapshot and prints its diagnostics to `err`. */
void edge_conf_dump_load(const edge_conf_dump_t *dump, edge_conf_loaded_t *loaded, FILE *err, apr_pool_t *pool);
/* "a value "with blanks"" as it can be written again. */
const char *edge_conf_dump_arguments(const edge_conf_argument_t *arguments, unsigned count, apr_pool_t *pool);
/* What the row holds in this section, as it would be written; NULL when it holds nothing. */
const char *edge_conf_dump_value(const edge_section_t *section, const edge_module_t *module,
                                 const edge_directive_t *row, apr_pool_t *pool);
/* "edge.conf:12", below ServerRoot when it lies there. */
const char *edge_conf_dump_origin(const edge_conf_dump_t *dump, const char *file, unsigned line, apr_pool_t *pool);
/* -D DUMP_INCLUDES: the files read, as a tree. */
bool edge_conf_dump_wants_includes(const edge_conf_dump_t *dump);
void edge_conf_dump_includes(const edge_conf_tree_t *tree, FILE *out);
/* The source of edge.conf(5). */
void edge_conf_dump_manual(FILE *out, apr_pool_t *pool);

#endif
