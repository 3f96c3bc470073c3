/*
 * Privileges and limits of the process.
 *
 * Concept:  the child loads everything as root, then becomes User and Group for
 *           good. Without root nothing changes. Limits are raised first.
 * Owner:    the main thread, before any other thread runs.
 * Threads:  the main thread.
 * Lifetime: for the rest of the process.
 * Errors:   apr_status_t; the caller says what it was doing.
 */
#ifndef EDGE_PRIV_H
#define EDGE_PRIV_H

#include "edge_base.h"

typedef struct edge_identity {
    bool change; /* root, and User is set */
    uint32_t uid, gid;
    char name[64];
} edge_identity_t;

/* Looks the names up; `user` absent gives no change. APR_NOTFOUND: no such user or group. */
apr_status_t edge_priv_find(edge_span_t user, edge_span_t group, edge_identity_t *identity);
/* Sets groups, gid, uid and checks that the way back is closed. */
apr_status_t edge_priv_drop(const edge_identity_t *identity);
/* Raises RLIMIT_NOFILE to `wanted` if it is lower; `got` is what it is now. */
apr_status_t edge_priv_descriptors(uint64_t wanted, uint64_t *got);
/* Makes the directory and its missing parents (mode 0750) and gives what it made to the identity. */
apr_status_t edge_priv_directory(const char *path, const edge_identity_t *identity);
/* The same for the directory that holds `path`. */
apr_status_t edge_priv_directory_of(const char *path, const edge_identity_t *identity);
/* Gives a plain file that root has made to the identity; a link, or one of several names of a file, is EPERM. */
apr_status_t edge_priv_file(const char *path, const edge_identity_t *identity);

#endif
