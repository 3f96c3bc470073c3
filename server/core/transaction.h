/*
 * Transactions: what the core does with one message, beside edge_session.h.
 *
 * Concept:  made at MAIL in a pool of its own, ended by the queue's answer or
 *           without a message; either way one line goes to the transaction log.
 * Owner:    the session; while the queue works, the transaction owns itself, so a
 *           client that leaves early takes nothing away from the queue.
 * Threads:  the session's worker.
 * Lifetime: its pool.
 * Errors:   none.
 */
#ifndef EDGE_CORE_TRANSACTION_H
#define EDGE_CORE_TRANSACTION_H

#include "edge_json.h"
#include "edge_session.h"

/* The session goes: an open transaction is ended, a submitted one is left to the queue. */
void edge_transaction_forsake(edge_session_t *session);
/* The members that every line about a session begins with. */
void edge_session_log_head(const edge_session_t *session, edge_json_t *json);
/* Transactions that the queues have not yet answered, in this child. */
unsigned edge_transactions_submitted(void);

/* HAVE_DATA: the header block as far as it is kept; empty when the message has none, or no check wants it. */
edge_span_t edge_transaction_headers(const edge_transaction_t *transaction, bool *cut);

#endif
