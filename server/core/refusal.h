/*
 * How a refusal of a validator reads: the operator's own words and the reference behind them.
 *
 * Concept:  `Reply` in a <Validator> stands in the place of what its module says; with
 *           `ReplyReference on` every refusal of a validator ends in [REFERENCE], by which
 *           its line in the logs is found.
 * Owner:    the text belongs to the snapshot, what is made of it to a pool.
 * Threads:  read-only.
 * Lifetime: of the snapshot.
 * Errors:   a line that makes no reply is reported where it is written.
 */
#ifndef EDGE_CORE_REFUSAL_H
#define EDGE_CORE_REFUSAL_H

#include "edge_check.h"
#include "edge_conf.h"

typedef struct edge_refusal {
    unsigned code;        /* 0: not set */
    edge_span_t enhanced; /* "5.7.1", or absent */
    edge_span_t text;     /* may name facts as %{address} */
} edge_refusal_t;

#define EDGE_REFERENCE_SIZE 28 /* session id, a dash, a number */

bool edge_refusal_set(const edge_conf_line_t *line, edge_refusal_t *refusal);
edge_span_t edge_refusal_show(const edge_refusal_t *refusal, apr_pool_t *pool);
/* Whether the operator's words take the place of this reply: never those of a lasting refusal the place of one that is for the
 * time being. */
bool edge_refusal_replaces(const edge_refusal_t *refusal, const edge_reply_t *reply);
/* Does so; its text is made in the call's pool. */
void edge_refusal_apply(const edge_refusal_t *refusal, const edge_check_call_t *call, edge_reply_t *reply);
/* Puts [reference] behind the text. */
void edge_refusal_refer(edge_reply_t *reply, const char *reference, apr_pool_t *pool);

#endif
