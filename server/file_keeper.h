/*
 * The parent's end of a child's channel for files and sockets: see edge_reopen.h.
 *
 * Concept:  a list of paths that the child named while it was root, closed when it says
 *           so; afterwards it may ask for these and no others. The child may have been
 *           taken over by then: nothing it sends can make the parent open another file,
 *           block, or grow without bound. Listening sockets are for a child that still
 *           loads: modules that it runs and the parent does not may have asked for them.
 * Owner:    the parent, one for each child.
 * Threads:  the parent's only one.
 * Lifetime: of the child.
 * Errors:   a packet out of order ends the channel, with a line in the log.
 */
#ifndef EDGE_FILE_KEEPER_H
#define EDGE_FILE_KEEPER_H

#include "edge_base.h"

#define EDGE_FILE_KEEPER_PATHS_MOST 4096

typedef struct edge_file_keeper {
    int channel; /* -1: none */
    char **paths;
    unsigned count;
    bool sealed;
    /* Binds for a child that loads: an errno, or 0 and a descriptor that stays the parent's. NULL: nothing is bound. */
    int (*listen)(void *context, const char *address, int *fd);
    void *context;
} edge_file_keeper_t;

/* Makes the pair; `childs` is the child's end. */
apr_status_t edge_file_keeper_open(edge_file_keeper_t *keeper, int *childs);
/* The channel is readable: takes and answers what is there. */
void edge_file_keeper_serve(edge_file_keeper_t *keeper);
void edge_file_keeper_close(edge_file_keeper_t *keeper);

#endif
