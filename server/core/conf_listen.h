/*
 * The listening sockets of a configuration, asked for while it is loaded.
 *
 * Concept:  a configuration that is to serve needs a socket for every address, also for
 *           those that modules have added, which the parent could not know of. They are
 *           asked for one by one, last, and what cannot be bound is an error like others,
 *           with the place of its Listen.
 * Owner:    the child; tools ask for none.
 * Threads:  one, while loading.
 * Lifetime: of the call.
 * Errors:   to the report.
 */
#ifndef EDGE_CORE_CONF_LISTEN_H
#define EDGE_CORE_CONF_LISTEN_H

#include "core/conf_apply.h"
#include "core/core_conf.h"

typedef struct edge_conf_listening {
    void *context;
    /* NULL: there is a socket for it; else what went wrong, whole: "cannot bind 192.0.2.1:25: Permission denied". */
    const char *(*want)(void *context, const edge_core_listen_t *listen_on, apr_pool_t *pool);
} edge_conf_listening_t;

void edge_conf_listen(edge_conf_check_t *check, const edge_conf_listening_t *listening);

#endif
