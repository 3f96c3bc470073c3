/*
 * The parent: binds, forks, watches, reloads, stops.
 *
 * Concept:  the parent holds the listening sockets and the shared memory and never
 *           touches a byte from the network nor runs a module's code. The serving
 *           work is a child's. A reload is a new child on the same sockets: when it
 *           is ready the old one drains; when it refuses its configuration the old
 *           one stays.
 * Owner:    main.
 * Threads:  one.
 * Lifetime: of the process.
 * Errors:   the first child's refusal ends the parent with status 1; a later one
 *           is logged. A child that dies is replaced, with growing delays when it
 *           dies at once again.
 */
#ifndef EDGE_SUPERVISE_H
#define EDGE_SUPERVISE_H

#include "core/snapshot.h"

typedef struct edge_supervision {
    const edge_snapshot_source_t *source; /* where the configuration comes from */
    bool foreground;                      /* -X: the error log goes to standard error */
    int ready_descriptor;                 /* a byte is written when the first child serves; -1 = none */
} edge_supervision_t;

/* Returns the process's exit status. */
int edge_supervise(const edge_supervision_t *supervision, apr_pool_t *pool);

#endif
