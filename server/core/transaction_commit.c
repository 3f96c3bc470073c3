/* Around the message: whether the queue could take it, whether it goes in circles, and what is put in front of it. */
#include "core/transaction.h"
#include "edge_limits.h"
#include "proto/header.h"
#include "proto/trace.h"

bool edge_transaction_has_room(const edge_session_t *session, uint64_t size, edge_reply_t *refusal) {
    edge_queue_t *queue = session->listener->queue;
    switch (queue->provider->room(queue, size)) {
    case EDGE_OUTCOME_NO_ROOM: *refusal = edge_reply_of(EDGE_R_NO_ROOM); return false;
    case EDGE_OUTCOME_FAILED: *refusal = edge_reply_of(EDGE_R_QUEUE_DOWN); return false;
    default: return true;
    }
}

bool edge_transaction_loops(const edge_session_t *session) {
    return session->transaction->scan->received >= edge_limits_of(session->listener->section)->max_hops;
}

/* RFC 6409 8 */
static bool adds_missing(const edge_session_t *session, edge_add_missing_t usual) {
    int rule = edge_limits_of(session->listener->section)->add_missing;
    rule = rule == EDGE_ADD_MISSING_AUTO ? (int)usual : rule;
    return rule == EDGE_ADD_MISSING_ON || (rule == EDGE_ADD_MISSING_AUTHENTICATED && session->authed);
}

static unsigned fields_to_add(const edge_session_t *session, edge_add_missing_t usual) {
    static const struct {
        unsigned has, add;
    } fields[] = {
        {EDGE_HEADER_HAS_FROM, EDGE_TRACE_FROM},
        {EDGE_HEADER_HAS_DATE, EDGE_TRACE_DATE},
        {EDGE_HEADER_HAS_MESSAGE_ID, EDGE_TRACE_MESSAGE_ID},
    };
    const edge_header_scan_t *scan = session->transaction->scan;
    unsigned add = scan->none ? EDGE_TRACE_BLANK : 0;
    for (unsigned i = 0; i < EDGE_COUNT(fields) && adds_missing(session, usual); i++)
        if (!(scan->has & fields[i].has))
            add |= fields[i].add;
    return add;
}

void edge_transaction_commit(edge_session_t *session, edge_add_missing_t usual) {
    char text[EDGE_TRACE_MOST];
    edge_transaction_t *transaction = session->transaction;
    size_t len = edge_trace_write(transaction->envelope, fields_to_add(session, usual), text, sizeof(text));
    edge_transaction_submit(session, edge_span_copy(transaction->pool, edge_span(text, len)));
}
