/*
 * The child: loads, becomes User, serves, drains.
 *
 * Concept:  one generation of the server. It takes commands as single octets on a
 *           pipe from the parent and says one octet back when it serves, and then one
 *           whenever all workers have turned, when it is asked for that. The end of
 *           that pipe means the parent is gone: then it leaves at once.
 * Owner:    the parent, by process id.
 * Threads:  this is its main thread; workers, committer and pools are its own.
 * Lifetime: from fork to exit.
 * Errors:   a refused configuration, a module that does not start or a queue that
 *           does not open end it before it is ready, with the reasons in the log.
 */
#ifndef EDGE_CHILD_H
#define EDGE_CHILD_H

#include "core/snapshot.h"
#include "sockets.h"

#define EDGE_CHILD_READY 'R'  /* child to parent: it serves */
#define EDGE_CHILD_ALIVE 'A'  /* child to parent: all workers have turned since the last one */
#define EDGE_CHILD_RETIRE 'D' /* parent to child: a newer one serves; finish your sessions */
#define EDGE_CHILD_STOP 'S'   /* the server stops: finish your sessions */
#define EDGE_CHILD_NOW 'N'    /* end at once, in order */
#define EDGE_CHILD_REOPEN 'L' /* reopen the logs */

typedef struct edge_child_seed {
    const edge_snapshot_source_t *source; /* as the parent read it */
    edge_sockets_t *sockets;              /* the copy of this process */
    edge_span_t error_log;                /* where lines go until this child serves */
    bool foreground;
    unsigned slot; /* its column in shared tables */
    uint64_t generation;
    edge_mono_t heartbeat;  /* how often it says that its workers turn; 0: never */
    int command_descriptor; /* read end */
    int status_descriptor;  /* write end */
    int files_descriptor;   /* see core/reopen.h */
} edge_child_seed_t;

/* Does not return. */
_Noreturn void edge_child_run(const edge_child_seed_t *seed);

#endif
