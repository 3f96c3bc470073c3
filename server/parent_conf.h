/*
 * One configuration as the parent knows it: the core's part of it, and the text it was read from.
 *
 * Concept:  the parent reads the files once and keeps what it read; its children parse
 *           that. So both mean the same configuration, and a child that crashed is
 *           replaced by one of the last configuration that served, whatever has become
 *           of the files.
 * Owner:    supervise.c: one is in force, a second may wait for its child to be ready.
 * Threads:  the parent's only one; a child reads its copy.
 * Lifetime: until dropped; a child's copy until it has loaded.
 * Errors:   a refused configuration is reported to `out` and to the log, and nothing is made.
 */
#ifndef EDGE_PARENT_CONF_H
#define EDGE_PARENT_CONF_H

#include "core/conf_record.h"
#include "core/core_conf.h"
#include "core/snapshot.h"

typedef struct edge_parent_conf {
    apr_pool_t *pool;
    edge_snapshot_t *snapshot;     /* the core's rows only */
    edge_conf_record_t *record;    /* what was read */
    edge_snapshot_source_t source; /* for children: the same text again */
    bool difference_told;
} edge_parent_conf_t;

/* Reads the files as they are now. */
apr_status_t edge_parent_conf_read(const edge_snapshot_source_t *source, edge_parent_conf_t **conf, FILE *out);
/* NULL is passed over. */
void edge_parent_conf_drop(edge_parent_conf_t *conf);
const edge_core_server_conf_t *edge_parent_conf_server(const edge_parent_conf_t *conf);
/* Says once in the log that the files are not what is in force any more. */
void edge_parent_conf_tell_difference(edge_parent_conf_t *conf);

#endif
