/* The message of a transaction while it arrives: its recipients, its bytes, and the header block that checks want to see. */
#include "core/listener_counters.h"
#include "core/policy.h"
#include "core/transaction.h"
#include "edge_counter.h"
#include "edge_obj.h"
#include "proto/header.h"

#define HEADERS_FIRST ((size_t)4096)

void edge_transaction_accept(edge_session_t *session, const edge_recipient_t *recipient) {
    edge_transaction_t *transaction = session->transaction;
    *edge_envelope_add(transaction->envelope, transaction->pool, recipient->address) = *recipient;
    session->counts.recipients++;
    edge_listener_count(session->listener, EDGE_LC_RECIPIENTS, EDGE_RECIPIENTS_ACCEPTED, 1);
}

void edge_transaction_refuse(edge_session_t *session, edge_span_t address, const edge_reply_t *reply) {
    edge_transaction_t *transaction = session->transaction;
    edge_refused_recipient_t *refused = apr_palloc(transaction->pool, sizeof(*refused));
    *refused =
        (edge_refused_recipient_t){address, reply->code, reply->subject, reply->detail, .next = transaction->refused};
    transaction->refused = refused;
    transaction->refused_count++;
    session->counts.recipients_refused++;
    edge_listener_count(session->listener, EDGE_LC_RECIPIENTS,
                        edge_reply_class(reply) == 4 ? EDGE_RECIPIENTS_DEFERRED : EDGE_RECIPIENTS_REJECTED, 1);
}

static void body_has_room(void *owner) {
    edge_session_t *session = owner;
    edge_transaction_t *transaction = session->transaction;
    if (transaction && transaction->full_since)
        session->waited.queue += edge_worker_clock(edge_conn_worker(session->conn)).mono - transaction->full_since;
    if (transaction)
        transaction->full_since = 0;
    session->listener->protocol->body_room(session);
}

/* What is left behind in the pool is less than what stands there in the end. */
static void headers_grow(edge_transaction_t *transaction, size_t room) {
    char *larger = apr_palloc(transaction->pool, room);
    if (transaction->headers.len)
        memcpy(larger, transaction->headers.at, transaction->headers.len);
    transaction->headers.at = larger;
    transaction->headers.room = room;
}

static void headers_keep(edge_transaction_t *transaction, edge_span_t bytes) {
    size_t len = transaction->headers.len, room = transaction->headers.room;
    size_t want = bytes.len < EDGE_HEADERS_MOST - len ? bytes.len : EDGE_HEADERS_MOST - len;
    if (want == 0)
        return;
    while (room < len + want)
        room *= 4;
    if (room > transaction->headers.room)
        headers_grow(transaction, room);
    memcpy(transaction->headers.at + len, bytes.at, want);
    transaction->headers.len += want;
}

edge_body_t *edge_transaction_open_body(edge_session_t *session) {
    edge_transaction_t *transaction = session->transaction;
    edge_worker_t *worker = edge_conn_worker(session->conn);
    edge_queue_t *queue = session->listener->queue;
    EDGE_ASSERT(transaction && !transaction->body);
    transaction->data_started = edge_worker_clock(worker).mono;
    transaction->scan = apr_pcalloc(transaction->pool, sizeof(*transaction->scan));
    transaction->headers.at = NULL;
    transaction->headers.len = transaction->headers.room = 0;
    if (session->listener->policy->phases[EDGE_PHASE_HAVE_DATA].count)
        headers_grow(transaction, HEADERS_FIRST);
    transaction->body = queue->provider->body_open(queue, worker, body_has_room, session);
    return transaction->body;
}

void edge_transaction_complete(edge_session_t *session) {
    edge_transaction_t *transaction = session->transaction;
    edge_clock_t now = edge_worker_clock(edge_conn_worker(session->conn));
    EDGE_ASSERT(transaction && transaction->body);
    transaction->data_ended = now.mono;
    edge_header_scan_end(transaction->scan);
    transaction->envelope->received = now.wall;
    edge_session_facts(session, transaction->pool, &transaction->envelope->client);
}

edge_body_flow_t edge_transaction_write(edge_session_t *session, edge_span_t bytes) {
    edge_transaction_t *transaction = session->transaction;
    if (transaction->headers.at && !transaction->scan->ended)
        headers_keep(transaction, bytes);
    edge_header_scan_feed(transaction->scan, bytes);
    edge_body_flow_t flow = edge_body_write(transaction->body, bytes);
    if (flow == EDGE_BODY_WAIT)
        transaction->full_since = edge_worker_clock(edge_conn_worker(session->conn)).mono;
    return flow;
}

void edge_transaction_drop_body(edge_session_t *session) {
    edge_transaction_t *transaction = session->transaction;
    if (transaction->body)
        edge_body_abandon(transaction->body);
    transaction->body = NULL;
}

/* A field that is cut in its middle would be read as another one. */
static size_t whole_fields(const char *at, size_t len) {
    while (len > 0 && !(at[len - 1] == '\n' && at[len] != ' ' && at[len] != '\t'))
        len--;
    return len;
}

edge_span_t edge_transaction_headers(const edge_transaction_t *transaction, bool *cut) {
    const edge_header_scan_t *scan = transaction->scan;
    size_t len = transaction->headers.len;
    *cut = false;
    if (!transaction->headers.at || scan->none)
        return edge_span_of("");
    if (scan->ended && scan->size <= len)
        return edge_span(transaction->headers.at, (size_t)scan->size);
    *cut = len == EDGE_HEADERS_MOST;
    /* The octet behind the kept ones is not known: the last line end is not trusted either. */
    return edge_span(transaction->headers.at, *cut ? whole_fields(transaction->headers.at, len - 1) : len);
}
