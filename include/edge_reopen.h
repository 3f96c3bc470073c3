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

#include <sys/stat.h>

/* `path` is absolute. Without a parent (edged -t, tools) nothing happens. */
EDGE_API void edge_reopen_allow(const char *path);
/* Opens for reading: by itself where that is permitted, else by the parent. Regular files only. */
EDGE_API apr_status_t edge_reopen(const char *path, int *fd);

/* Tells one state of a file from another; zero: it was not there. */
typedef struct edge_file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    mode_t mode;
    struct timespec changed;
} edge_file_stamp_t;

EDGE_API edge_file_stamp_t edge_file_stamp_from(const struct stat *facts);
/* Of the file as it is now; where User may not even look, the parent opens it. */
EDGE_API edge_file_stamp_t edge_file_stamp(const char *path);
EDGE_API bool edge_file_stamp_equal(const edge_file_stamp_t *a, const edge_file_stamp_t *b);

/* All `size` octets from where the descriptor stands; else false, and errno says why: ESTALE when there are fewer. */
EDGE_API bool edge_file_read(int fd, char *into, size_t size);

#endif
