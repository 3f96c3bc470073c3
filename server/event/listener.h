/*
 * Accepting connections.
 *
 * Concept:  a listening descriptor is attached to a worker's loop; each connection
 *           accepted there is handed to a function, non-blocking and
 *           close-on-exec. The same descriptor may be attached to many workers of
 *           many processes: whoever comes first accepts. A worker that has clearly
 *           more to do than another of its process passes a fresh connection on to
 *           that one before anything else happens to it.
 *           When descriptors or memory run out, accepting on this worker pauses
 *           for a moment (logged and counted once a pause); what is open goes on.
 * Owner:    the descriptor stays the caller's, who closes it after detaching
 *           everywhere.
 * Threads:  a worker's own, but for the functions named `everywhere`.
 * Lifetime: from attach to detach, or to the end of the worker.
 * Errors:   a descriptor that is no listening socket any more is detached and logged.
 */
#ifndef EDGE_LISTENER_H
#define EDGE_LISTENER_H

#include "edge_worker.h"

/* Owns `fd` from now on. `worker` is the one whose thread this is; `user` must be good on every worker. */
typedef void edge_listener_fn(edge_worker_t *worker, int fd, void *user);

apr_status_t edge_listener_attach(edge_worker_t *worker, int listening_fd, edge_listener_fn *accepted, void *user);
/* All listeners of this worker with this descriptor. */
void edge_listener_detach(edge_worker_t *worker, int listening_fd);
void edge_listener_detach_all(edge_worker_t *worker);

/* When this many descriptors are watched, over all workers, accepting pauses as if there were no more: what is left is for
 * the files of those who are connected. 0 = no bound. Any thread. */
void edge_listener_watched_most(unsigned most);

/* From a thread that is no worker. Attaching takes effect soon. */
void edge_listener_attach_everywhere(int listening_fd, edge_listener_fn *accepted, void *user);
/* Returns when every worker has detached: a letter sent to a worker behind this call comes after its last fresh
 * connection. */
void edge_listener_detach_everywhere(void);
/* The same for one descriptor. */
void edge_listener_detach_one_everywhere(int listening_fd);

#endif
