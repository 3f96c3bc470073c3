/*
 * The control socket: the admin's routes for tools on this machine.
 *
 * Concept:  HTTP/1.1 over a unix socket, served by a few threads with blocking I/O and
 *           time limits. Who may ask is decided by the peer's credentials: root and the
 *           server's own user are admin, all others are refused. The socket is bound
 *           beside its path and renamed over it, so the newest child owns the path and
 *           no connection is refused in between.
 * Owner:    the child.
 * Threads:  start and stop on the child's main thread.
 * Lifetime: stop returns when no request is being served any more.
 * Errors:   a socket that cannot be made is the system's status; the server runs on
 *           without it.
 */
#ifndef EDGE_CONTROL_H
#define EDGE_CONTROL_H

#include "edge_base.h"

apr_status_t edge_control_start(const char *path);
/* Removes the path only when it still leads to this child's socket. May be called when nothing was started. */
void edge_control_stop(void);

#endif
