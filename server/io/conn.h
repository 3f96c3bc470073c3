/*
 * Making connections and looking over them; for the floor that listens.
 *
 * Concept:  an accepted descriptor becomes a connection of the worker; what it is to
 *           speak is said by the listener's `accepted` (edge_conn.h).
 * Owner:    the worker.
 * Threads:  the worker's own.
 * Lifetime: see edge_conn.h.
 * Errors:   a descriptor that cannot be watched is closed; nobody hears of it but the log.
 */
#ifndef EDGE_IO_CONN_H
#define EDGE_IO_CONN_H

#include "edge_conn.h"

/* Owns `fd` (non-blocking) from now on. When `accepted` sets no handler, the connection is closed at once. */
void edge_conn_accept(edge_worker_t *worker, int fd, const edge_conn_listener_t *listener);

/* Every connection that is not closed yet, those that are closing included; `each` may close any. */
void edge_conn_each(edge_worker_t *worker, void (*each)(edge_conn_t *conn, void *context), void *context);
unsigned edge_conn_count(edge_worker_t *worker);
/* Ends a connection without waiting for its peer. `closed` comes in the reap step; for a worker that has ended
 * (event/worker.h), from inside this call. */
void edge_conn_abort(edge_conn_t *conn, edge_close_reason_t reason);
void edge_conn_abort_all(edge_worker_t *worker, edge_close_reason_t reason);

#endif
