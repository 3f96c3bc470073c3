/*
 * The listening sockets of this child, by listener: opened, shut and opened again.
 *
 * Concept:  a listener that is shut (core/openness.h) is detached from all workers and
 *           its sockets cease to listen, so that the system refuses connections at once
 *           and a client tries the next host. Opening lets the same sockets listen again:
 *           they were never closed, and belong to the parent.
 * Owner:    the child; descriptors stay the parent's.
 * Threads:  the main thread adds; opening and shutting from any that is no worker's.
 * Lifetime: from the child's start to edge_listening_end.
 * Errors:   a socket that cannot listen again is logged.
 */
#ifndef EDGE_CORE_LISTENING_H
#define EDGE_CORE_LISTENING_H

#include "event/listener.h"

#include "core/openness.h"

/* `name` and `user` live as long as the process. `always`: it is never shut, for it is how the server is opened again. */
void edge_listening_add(edge_span_t name, int fd, edge_listener_fn *accepted, void *user, bool always);
/* Every listener that is not shut. */
void edge_listening_begin(void);
/* This child takes no more connections: what is opened from now on is opened by the next one. */
void edge_listening_end(void);
/* Makes the sockets of one listener what openness says; of all of them when the name is absent. */
void edge_listening_obey(edge_span_t name);

#endif
