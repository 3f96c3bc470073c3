/*
 * A small file that several programs change: one at a time, each change whole.
 *
 * Concept:  the lock is on the file itself; a change is written aside, synced, renamed
 *           over it, and the directory synced, so that nobody ever reads half of one
 *           and none is lost. Owner, group and mode of the file stay.
 * Owner:    the caller's struct; open to close. Zero-filled memory holds nothing.
 * Threads:  may block: never on a worker's.
 * Lifetime: the text is wiped at close, since such files hold secrets.
 * Errors:   an apr_status_t of open(2), flock(2), write(2), rename(2); APR_EINVAL for
 *           what is no regular file. A change that failed has changed nothing, but for
 *           one whose directory could not be synced.
 */
#ifndef EDGE_LOCKED_FILE_H
#define EDGE_LOCKED_FILE_H

#include "edge_base.h"

#include <sys/stat.h>

#define EDGE_LOCKED_FILE_MOST (256u * 1024 * 1024)

typedef struct edge_locked_file {
    char *path; /* with symbolic links followed; by malloc */
    int fd;     /* holds the lock */
    bool open;
    struct stat facts;
    char *text; /* by malloc, with a NUL behind it */
    size_t size;
} edge_locked_file_t;

typedef enum edge_locked_file_use {
    EDGE_LOCKED_FILE_READ,   /* nobody may change it meanwhile */
    EDGE_LOCKED_FILE_CHANGE, /* nobody else may read or change it so meanwhile */
    EDGE_LOCKED_FILE_MAKE    /* the same; an empty one is made (mode 0640) where there is none */
} edge_locked_file_use_t;

EDGE_API apr_status_t edge_locked_file_open(edge_locked_file_t *file, const char *path, edge_locked_file_use_t use);
/* The file's new content is what `put` writes to the descriptor (false: it failed, errno says why). What is in `text` stays. */
typedef bool edge_locked_file_put_t(int fd, void *context);
EDGE_API apr_status_t edge_locked_file_replace(edge_locked_file_t *file, edge_locked_file_put_t *put, void *context);
/* The same with a text at hand. */
EDGE_API apr_status_t edge_locked_file_replace_text(edge_locked_file_t *file, edge_span_t text);
/* Writes all of it; false: errno says why. */
EDGE_API bool edge_locked_file_write(int fd, edge_span_t text);
/* One that is not open is left alone. */
EDGE_API void edge_locked_file_close(edge_locked_file_t *file);

#endif
