/*
 * The few settings edgectl needs to find the server.
 *
 * Concept:  the same files in the same syntax as the server reads, by the same parser;
 *           but leniently, since a tool must also work beside a configuration that is
 *           being edited. Whether it is right is for `edged -t` to say.
 * Owner:    the pool.
 * Threads:  one.
 * Lifetime: of the pool.
 * Errors:   only a main file that cannot be read is one.
 */
#ifndef EDGECTL_CONFIGURATION_H
#define EDGECTL_CONFIGURATION_H

#include <apr_tables.h>

#include "edge_base.h"

typedef struct ctl_queue {
    const char *name;
    const char *directory; /* of its spool; absolute */
    struct ctl_queue *next;
} ctl_queue_t;

/* An <AuthBackend> of Type file. */
typedef struct ctl_backend {
    const char *name;
    const char *file; /* absolute */
    struct ctl_backend *next;
} ctl_backend_t;

/* A <Listener> that speaks SMTP. */
typedef struct ctl_listener {
    const char *name;
    const char *host; /* where to reach it from here: an address without brackets */
    unsigned short port;
    bool open; /* takes mail without immediate TLS and without AUTH */
    struct ctl_listener *next;
} ctl_listener_t;

typedef struct ctl_configuration {
    const char *pid_file, *control_socket; /* absolute */
    ctl_queue_t *queues;                   /* those with a spool, in the order of the file */
    ctl_backend_t *backends;               /* those with a password file */
    ctl_listener_t *listeners;             /* those that speak SMTP, in the order of the file */
    const char *server_name;               /* NULL: not written */
    const char *token_file;                /* absolute */
} ctl_configuration_t;

/* NULL: `why` says what is wrong. `defines` holds NAME or NAME=VALUE (const char *). */
const ctl_configuration_t *ctl_configuration_read(const char *path, const char *server_root,
                                                  const apr_array_header_t *defines, apr_pool_t *pool,
                                                  const char **why);

#endif
