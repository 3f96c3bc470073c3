/*
 * From the parsed tree to filled structs, driven by the rows.
 *
 * Concept:  each section node becomes an edge_section_t with one struct per module;
 *           each row is filled from what is written there, else from what the
 *           server wrote (for rows that stand in both scopes), else from its default.
 * Owner:    the snapshot's pool.
 * Threads:  one, while loading.
 * Lifetime: of the snapshot.
 * Errors:   to the report: unknown names with the near miss, wrong scope, repeated
 *           directives, values out of bounds.
 */
#ifndef EDGE_CORE_CONF_APPLY_H
#define EDGE_CORE_CONF_APPLY_H

#include "edge_conf.h"
#include "edge_module.h"
#include "proto/conf_parse.h"

struct edge_conf_check {
    apr_pool_t *pool;
    edge_conf_report_t *report;
    edge_conf_tree_t *tree;
    edge_snapshot_t *snapshot;
    const char *server_root;
    bool core_only;          /* the parent: other modules' directives are passed over */
    unsigned modules_failed; /* LoadModules without effect: what they would bring is not missed once more */
};

edge_section_t *edge_conf_apply(edge_conf_check_t *check);
/* Makes and fills the struct of the index-th module in this section. */
void edge_conf_fill(edge_conf_check_t *check, edge_section_t *section, unsigned index);
/* The module's struct of that scope, filled with zeros; NULL: it has none. */
void *edge_conf_make(const edge_module_t *module, edge_scope_t scope, apr_pool_t *pool);

/* "Listener" ...; NULL for the server. */
const char *edge_scope_section(edge_scope_t scope);
const char *edge_scope_prose(edge_scope_t scope);
/* "server, Listener" */
const char *edge_scope_names(unsigned scopes, apr_pool_t *pool);
/* A <Validator> is of one module: the others' rows, though they may have the same names, are not about it. */
bool edge_section_concerns(const edge_section_t *section, const edge_module_t *module);
/* The row's value as it would be written; `section` has been filled. */
const char *edge_conf_show(const edge_section_t *section, const edge_module_t *module, const edge_directive_t *row,
                           apr_pool_t *pool);

#endif
