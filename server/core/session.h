/*
 * Sessions of a worker: from the accepted socket to the line in the log.
 *
 * Concept:  the core makes a session for each accepted connection, fills in its
 *           facts, takes its place in the limit table and gives it to the
 *           listener's protocol; at the end it writes the log and gives all back.
 * Owner:    the worker.
 * Threads:  the worker's own; edge_sessions_open from any.
 * Lifetime: edge_sessions_worker_start before the first accept of a worker.
 * Errors:   a connection over a limit becomes a session that is refused by its
 *           protocol in its own words.
 */
#ifndef EDGE_CORE_SESSION_H
#define EDGE_CORE_SESSION_H

#include "edge_session.h"

void edge_sessions_worker_start(edge_worker_t *worker);
void edge_sessions_worker_stop(edge_worker_t *worker);

/* For edge_conn_listener_t: `listener` is the name of the <Listener> (const char *). The newest snapshot decides. */
void edge_session_accepted(edge_conn_t *conn, void *listener);

/* Facts without copies: good until the session changes, which a check may do. `facts->ip` is the caller's. */
void edge_session_view(const edge_session_t *session, edge_client_facts_t *facts);
/* Hello, identity and what TLS said of the client are given back. */
void edge_session_forget_client(edge_session_t *session);
/* It closes: what modules keep is released. */
void edge_session_kept_release(edge_session_t *session);

/* The sessions of this worker one by one, over as many turns as it takes: others may come and go meanwhile. Zero-filled at
 * the beginning but for the order; behind the last (NULL), or before, edge_sessions_walk_end is called. */
typedef struct edge_sessions_walk edge_sessions_walk_t;
struct edge_sessions_walk {
    edge_session_t *next;
    edge_sessions_walk_t *other;
    bool begun, oldest_first;
};
edge_session_t *edge_sessions_walk(edge_worker_t *worker, edge_sessions_walk_t *walk);
void edge_sessions_walk_end(edge_worker_t *worker, const edge_sessions_walk_t *walk);

/* Those of this worker, on its thread. */
unsigned edge_sessions_of(edge_worker_t *worker);
/* Sessions of this child that are open. */
unsigned edge_sessions_open(void);
/* Tells every session of this worker that the server stops; `now`: 421 at once. New sessions are refused from then on. */
void edge_sessions_drain(edge_worker_t *worker, bool now);

#endif
