/*
 * Reading again what only the start was allowed to read.
 *
 * Concept:  keys and password files may belong to root alone, but the child gives up
 *           root before it serves. While it still is root it names the files it may want
 *           again; later the parent, which stays root, opens them for it and hands over
 *           the descriptor. The parent opens nothing that was not named in time, and
 *           never looks into a file.
 * Owner:    whoever gets a descriptor closes it.
 * Threads:  allow on the main thread while loading; reopen on any thread that may
 *           block, never on a worker's.
 * Lifetime: names are taken until the child becomes User.
 * Errors:   those of open(2); APR_TIMEUP when the parent does not answer in 5 s;
 *           APR_EACCES for a file that was not named, or that lies below a directory
 *           which others than root may change.
 */
#ifndef EDGE_REOPEN_H
#define EDGE_REOPEN_H

#include "edge_base.h"

/* `path` is absolute. Without a parent (edged -t, tools) nothing happens. */
EDGE_API void edge_reopen_allow(const char *path);
/* Opens for reading: by itself where that is permitted, else by the parent. Regular files only. */
EDGE_API apr_status_t edge_reopen(const char *path, int *fd);

#endif
