/*
 * The listening sockets, held by the parent for every generation.
 *
 * Concept:  the parent binds; children inherit by fork. A reload keeps the sockets
 *           whose addresses stay, so no connection in a backlog is lost, binds new
 *           ones, and closes those that are no longer wanted once the new child
 *           serves.
 * Owner:    the parent's main thread; a child only reads its copy.
 * Threads:  main.
 * Lifetime: of the parent.
 * Errors:   binding says which address failed, and nothing is changed.
 */
#ifndef EDGE_SOCKETS_H
#define EDGE_SOCKETS_H

#include "core/core_conf.h"

#define EDGE_SOCKETS_MOST 256

typedef struct edge_socket {
    edge_ipaddr_t address;
    uint16_t port;
    int descriptor;
    bool wanted; /* by the configuration that is being loaded */
    bool fresh;  /* bound for it */
} edge_socket_t;

typedef struct edge_sockets {
    edge_socket_t list[EDGE_SOCKETS_MOST];
    unsigned count;
} edge_sockets_t;

/* All addresses of the snapshot's listeners; on failure `why` names the address (in `pool`). */
apr_status_t edge_sockets_bind(edge_sockets_t *sockets, const edge_snapshot_t *snapshot, apr_pool_t *pool,
                               const char **why);
/* The load succeeded: what is not wanted any more is closed. */
void edge_sockets_commit(edge_sockets_t *sockets);
/* The load failed: what was bound for it is closed. */
void edge_sockets_rollback(edge_sockets_t *sockets);
/* -1 when it is not bound. */
int edge_sockets_find(const edge_sockets_t *sockets, edge_ipaddr_t address, uint16_t port);

#endif
