/*
 * A check: one validator's say on one command.
 *
 * Concept:  for each phase a listener has an ordered list of checks. A check sees
 *           the session's facts and the reply that would be sent; it passes, or
 *           changes the reply to a refusal, or waits. An inline check runs on the
 *           loop and must not block; it may wait by a ticket. A blocking check is
 *           a plain function in a bounded pool that sees frozen copies and may
 *           take its time.
 * Owner:    rows are static; a binding belongs to the snapshot.
 * Threads:  inline: the session's worker. blocking: a pool's thread.
 * Lifetime: the call's spans are good until the check has answered.
 * Errors:   EDGE_CHECK_ERROR, a deadline passed, or a full pool take the binding's
 *           OnError: pass, or tempfail (451 4.3.0).
 */
#ifndef EDGE_CHECK_H
#define EDGE_CHECK_H

#include "edge_message.h"
#include "edge_phase.h"
#include "edge_reply.h"
#include "edge_ticket.h"

typedef struct edge_session edge_session_t;

#define EDGE_HEADERS_MOST ((size_t)256 * 1024)

typedef enum edge_check_answer {
    EDGE_CHECK_PASS,  /* no objection: the next check is asked */
    EDGE_CHECK_REPLY, /* `reply` was changed; a refusal ends the list, a success goes on with it */
    EDGE_CHECK_WAIT,  /* inline only: edge_check_wait was called; `resumed` will say */
    EDGE_CHECK_ERROR  /* it could not tell */
} edge_check_answer_t;

/* What is asked. */
typedef struct edge_check_call {
    edge_phase_t phase;
    edge_session_t *session; /* read-only facts (edge_session.h); NULL in blocking checks */
    const void *conf;        /* the module's struct of the <Validator> section; NULL when it has none */
    edge_span_t
        argument; /* EHLO: the name; MAIL, RCPT: the bare address; AUTH: the identity; VRFY, HELP, NOOP: the text */
    const edge_parameters_t *parameters;
    const edge_client_facts_t *client; /* frozen copy for blocking checks; also set for inline ones */
    edge_span_t sender;                /* of the open transaction; absent outside one */
    unsigned recipients;               /* accepted so far */
    edge_span_t mechanism;             /* AUTH: how it was proved; `argument` is the identity */
    edge_span_t headers;               /* HAVE_DATA: the header block with its empty line; read it by proto/header.h */
    bool headers_cut; /* HAVE_DATA: there was more; whole fields of the first EDGE_HEADERS_MOST octets */
    uint64_t size;    /* HAVE_DATA: octets of the message as the client sent it */
    void **kept;      /* inline: a pointer of the check's own, from the call to its `resumed`; NULL at the call */
    apr_pool_t
        *pool; /* lives until the question is answered or given up; texts of the reply may be made here. Who waits
                         has a cleanup in it that ends what is under way: nobody else tells a check that its session went */
} edge_check_call_t;

typedef edge_check_answer_t edge_check_fn(const edge_check_call_t *call, edge_reply_t *reply);

typedef enum edge_check_kind { EDGE_CHECK_INLINE, EDGE_CHECK_BLOCKING } edge_check_kind_t;

typedef struct edge_check_row {
    edge_phase_t phase;
    edge_check_kind_t kind;
    const char *name; /* in logs and counters */
    edge_check_fn *function;
    /* After EDGE_CHECK_WAIT, with what the ticket was resumed with (APR_TIMEUP at the deadline is handled by the core). */
    edge_check_answer_t (*resumed)(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply);
    const char *prose;
    /* Up to RCPT: where it is enforced, a stranger cannot relay. NULL: no. */
    bool (*guards)(const void *conf);
    /* Nobody can see from its settings whom it refuses (a script decides): where nothing else guards, that is a warning. */
    bool guards_unseen;
    /* BANNER: who is refused has come too often; where that is enforced it counts as connections_rejected_total{reason="rate"}. */
    bool is_rate;
} edge_check_row_t;

/* Inline checks only, inside the call: the ticket by which any thread goes on with this session. */
EDGE_API edge_ticket_t edge_check_wait(const edge_check_call_t *call);

#endif
