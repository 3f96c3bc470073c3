/*
 * The listening sockets, held by the parent for every generation.
 *
 * Concept:  the parent binds; children inherit by fork. A reload keeps the sockets
 *           whose addresses stay, so no connection in a backlog is lost, binds new
 *           ones, and closes those that are no longer wanted once the new child
 *           serves. What a child's modules ask for beyond the file is bound while the
 *           child waits, and treated alike: wanted by that configuration, closed when
 *           it is refused or when a later one does not ask for it.
 * Owner:    the parent's main thread; a child has a copy, and closes in it what it
 *           does not use: a port is closed when nobody holds it any more.
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
/* "cannot bind 192.0.2.1:25: Permission denied" */
const char *edge_sockets_trouble(const edge_core_listen_t *listen_on, apr_status_t status, apr_pool_t *pool);
/* One more for the configuration that is being loaded, "192.0.2.1:25"; the descriptor stays in the table. APR_EINVAL: no
 * address; APR_ENOSPC: the table is full. */
apr_status_t edge_sockets_ask(edge_sockets_t *sockets, const char *address, int *descriptor);
/* Puts a descriptor that the parent has sent into a child's copy, which owns it from now on. APR_ENOSPC: it is full. */
apr_status_t edge_sockets_put(edge_sockets_t *sockets, edge_ipaddr_t address, uint16_t port, int descriptor);
/* The load succeeded: what is not wanted any more is closed. */
void edge_sockets_commit(edge_sockets_t *sockets);
/* The load failed: what was bound for it is closed. */
void edge_sockets_rollback(edge_sockets_t *sockets);
/* No more connections: all are closed. */
void edge_sockets_close(edge_sockets_t *sockets);
/* Whether the configuration that is being loaded has asked for it. */
bool edge_sockets_wanted(const edge_sockets_t *sockets, edge_ipaddr_t address, uint16_t port);
/* -1 when it is not bound. */
int edge_sockets_find(const edge_sockets_t *sockets, edge_ipaddr_t address, uint16_t port);

#endif
