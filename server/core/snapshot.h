/*
 * Snapshots: a whole configuration, built aside, checked, then published.
 *
 * Concept:  loading parses, loads modules, fills structs, resolves names and asks
 *           every module to check; only a snapshot without errors is given out.
 *           Publishing swaps one pointer; whoever works under a snapshot holds a
 *           count, and the last one to drop it frees it.
 * Owner:    its counts.
 * Threads:  loading and publishing on the main thread; hold, drop and current on
 *           any.
 * Lifetime: until the last count is dropped; the published one has one of its own.
 * Errors:   the report is printed to `out`, all of it.
 */
#ifndef EDGE_CORE_SNAPSHOT_H
#define EDGE_CORE_SNAPSHOT_H

#include <apr_tables.h>
#include <stdio.h>

#include "edge_conf.h"
#include "proto/conf_parse.h"

typedef struct edge_snapshot_source {
    const char *path, *server_root; /* absolute */
    apr_array_header_t *defines;    /* of the command line: const char *, NAME or NAME=VALUE */
    const edge_conf_world_t *world; /* what the parser asks; NULL: the machine as it is now */
    const struct edge_conf_listening
        *listening; /* gets the sockets of a configuration without errors; NULL: none are wanted */
} edge_snapshot_source_t;

/* Builds and gives out a snapshot with one count; or reports and returns APR_EINVAL. */
apr_status_t edge_snapshot_load(const edge_snapshot_source_t *source, uint64_t generation, edge_snapshot_t **snapshot,
                                FILE *out);
/* The same for tools: the snapshot is given out with errors too, for the report points into its files. */
edge_snapshot_t *edge_snapshot_build(const edge_snapshot_source_t *source, uint64_t generation,
                                     edge_conf_report_t *report, apr_pool_t *report_pool, edge_conf_tree_t **tree);
/* The parent's view: the core's rows only, no module loaded, lives in `pool`. Nothing is said when `out` is NULL. */
apr_status_t edge_snapshot_core_only(const edge_snapshot_source_t *source, apr_pool_t *pool, edge_snapshot_t **snapshot,
                                     FILE *out);

/* A snapshot in `pool` that stands on `base` and holds a count on it: of the same generation and files, without sections yet.
 * The pool goes with its last count. */
edge_snapshot_t *edge_snapshot_derived(edge_snapshot_t *base, apr_pool_t *pool);
void edge_snapshot_set_server(edge_snapshot_t *snapshot, edge_section_t *server);
/* What the files say: itself, or what it stands on. */
edge_snapshot_t *edge_snapshot_base(edge_snapshot_t *snapshot);

/* From now on edge_snapshot_current gives this one; takes a count of its own. */
void edge_snapshot_publish(edge_snapshot_t *snapshot);
const edge_conf_tree_t *edge_snapshot_tree(const edge_snapshot_t *snapshot);
const char *edge_snapshot_server_root(const edge_snapshot_t *snapshot);
/* The index-th queue that is open; NULL behind the last. */
struct edge_queue *edge_snapshot_queue(const edge_snapshot_t *snapshot, unsigned index);

#endif
