/*
 * The transaction log: one JSON line per transaction and per session.
 *
 * Concept:  what happened to each message and each session, for people's grep and
 *           machines' parsers. Lines of one loop turn are collected per worker and
 *           leave in one write, so logging costs no system call per message.
 * Owner:    the process; several files may be open.
 * Threads:  edge_txlog_line on workers; open and reopen on the main thread.
 * Lifetime: open before workers start; close after they have ended.
 * Errors:   a line that cannot be written is lost and counted; mail goes on.
 */
#ifndef EDGE_CORE_TXLOG_H
#define EDGE_CORE_TXLOG_H

#include "edge_json.h"
#include "edge_worker.h"

#define EDGE_TXLOG_LINE_MOST 16384

apr_status_t edge_txlog_open(const char *const *paths, unsigned count, const char **failed);
apr_status_t edge_txlog_reopen(void);
void edge_txlog_close(void);
bool edge_txlog_is_open(void);
/* Per worker: the buffer behind its lines. */
void edge_txlog_worker_start(edge_worker_t *worker);
void edge_txlog_worker_stop(edge_worker_t *worker);

/* Starts a line in the worker's buffer; NULL when no log is open. Ends with edge_txlog_end. */
edge_json_t *edge_txlog_begin(edge_worker_t *worker, const char *type, apr_time_t when);
void edge_txlog_end(edge_worker_t *worker);

#endif
