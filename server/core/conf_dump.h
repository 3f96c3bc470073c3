/*
 * What edged prints of its configuration instead of serving: -t -S -T -M -L.
 *
 * Concept:  each builds a snapshot of its own, prints the diagnostics to `err` and
 *           what was asked for to `out`. Everything is printed from the rows, so
 *           nothing can be configured that is not shown.
 * Owner:    the caller.
 * Threads:  one; no worker runs.
 * Lifetime: of the call.
 * Errors:   by exit status: 0 ok, 1 errors, 3 warnings under --strict.
 */
#ifndef EDGE_CORE_CONF_DUMP_H
#define EDGE_CORE_CONF_DUMP_H

#include "core/snapshot.h"

typedef struct edge_conf_dump {
    const edge_snapshot_source_t *source;
    bool strict;       /* -t: warnings fail */
    bool json;         /* -t: diagnostics as JSON */
    bool quiet;        /* -t: nothing is printed when all is well */
    bool verbose;      /* -t: each block that a condition left out */
    bool manual;       /* -L: as the source of edge.conf(5) */
    bool anonymous;    /* -T: names and addresses are hidden */
    const char *topic; /* -L: of this module only; NULL = all */
} edge_conf_dump_t;

/* -t */
int edge_conf_dump_test(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool);
/* -S: listeners, queues, paths, defines, the validator matrix; with -D DUMP_INCLUDES the tree of files. */
int edge_conf_dump_overview(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool);
/* -T: what is in force, with the origin of each line, in a form that loads again. */
int edge_conf_dump_configuration(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool);
/* The same of a snapshot that there is; secrets are hidden. */
void edge_conf_dump_snapshot(const edge_snapshot_t *snapshot, const char *server_root, FILE *out, apr_pool_t *pool);
/* -M */
int edge_conf_dump_modules(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool);
/* -L */
int edge_conf_dump_directives(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool);
/* What a directive takes, and from when on a change of it counts: "size", "next session". */
const char *edge_conf_dump_type(edge_conf_type_t type);
const char *edge_conf_dump_when(edge_conf_when_t when);

#endif
