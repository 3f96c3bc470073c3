/*
 * The file that tells which process the parent is.
 *
 * Concept:  written when the first child serves, removed at the end; edgectl reads
 *           it to signal the parent.
 * Owner:    the parent.
 * Threads:  main.
 * Lifetime: of the parent.
 * Errors:   apr_status_t of the file system.
 */
#ifndef EDGE_PIDFILE_H
#define EDGE_PIDFILE_H

#include "edge_base.h"

/* Replaces the file as a whole, so that a reader never sees half a number. */
apr_status_t edge_pidfile_write(const char *path);
/* Removes the file if it still names this process. */
void edge_pidfile_remove(const char *path);

#endif
