/*
 * Where the messages of a queue are asked for: the running server, or the spool itself.
 *
 * Concept:  two tables of the same functions. The server is asked first; when none
 *           runs and nobody holds the spool's lock, the spool is opened. Both give the
 *           same JSON.
 * Owner:    the pool.
 * Threads:  one.
 * Lifetime: of the process.
 * Errors:   said, and returned as an exit code; CTL_UNREACHABLE of the server's table
 *           is returned without a word.
 */
#ifndef EDGECTL_QUEUE_SOURCE_H
#define EDGECTL_QUEUE_SOURCE_H

#include <stdio.h>

#include "invocation.h"

typedef struct ctl_queue_filter {
    const char *queue, *state; /* NULL: all */
    uint64_t most;             /* 0 = no bound */
} ctl_queue_filter_t;

typedef struct ctl_queue_source {
    /* One JSON object a message, oldest first. */
    ctl_exit_t (*list)(ctl_t *ctl, const ctl_queue_filter_t *filter, void (*visit)(void *context, edge_span_t entry),
                       void *context);
    ctl_exit_t (*show)(ctl_t *ctl, const char *id, edge_span_t *entry);
    ctl_exit_t (*content)(ctl_t *ctl, const char *id, bool headers, FILE *out);
    /* "hold", "release", "requeue", "delete" or "bounce"; `reason` may be NULL */
    ctl_exit_t (*change)(ctl_t *ctl, const char *id, const char *what, const char *reason);
    /* An array with an object per queue. */
    ctl_exit_t (*stat)(ctl_t *ctl, edge_span_t *queues);
    /* An object (server/store/queue_shape.h); of the filter, `most` is of domains. */
    ctl_exit_t (*shape)(ctl_t *ctl, const ctl_queue_filter_t *filter, edge_span_t *shape);
} ctl_queue_source_t;

extern const ctl_queue_source_t ctl_queue_online, ctl_queue_offline;

#endif
