/* One message from MAIL to the queue's answer. */
#include "core/transaction.h"

#include <stdatomic.h>
#include <stdio.h>

#include "core/listener_counters.h"
#include "core/txlog.h"
#include "edge_counter.h"
#include "edge_obj.h"

#define RECIPIENTS_LOGGED 100u
#define TEXT_LOGGED 512u

static _Atomic unsigned submitted;

unsigned edge_transactions_submitted(void) { return atomic_load(&submitted); }

edge_transaction_t *edge_transaction_begin(edge_session_t *session) {
    EDGE_ASSERT(session->transaction == NULL);
    edge_worker_t *worker = edge_conn_worker(session->conn);
    apr_pool_t *pool = edge_worker_take_pool(worker);
    edge_transaction_t *transaction = apr_pcalloc(pool, sizeof(*transaction));
    transaction->pool = pool;
    transaction->session = session;
    transaction->listener = session->listener;
    transaction->started = edge_worker_clock(worker);
    transaction->number = ++session->transactions;
    transaction->envelope = apr_pcalloc(pool, sizeof(edge_envelope_t));
    transaction->envelope->id = edge_uuid_make(transaction->started.wall);
    session->transaction = transaction;
    return transaction;
}

void edge_session_log_head(const edge_session_t *session, edge_json_t *json) {
    char ip[EDGE_IPADDR_TEXT];
    edge_json_put_text(json, "node", session->listener->server_name, TEXT_LOGGED);
    edge_json_put_string(json, "session", session->id);
    edge_json_put_text(json, "listener", session->listener->name, TEXT_LOGGED);
    edge_json_put_string(json, "protocol", edge_session_protocol(session));
    edge_ipaddr_format(session->from_ip, ip);
    edge_json_put_string(json, "client_ip", ip);
    edge_json_put_number(json, "client_port", session->from_port);
    edge_ipaddr_format(session->to_ip, ip);
    edge_json_put_string(json, "server_ip", ip);
    edge_json_put_number(json, "server_port", session->to_port);
    edge_json_put_text(json, "ehlo", edge_span_of(session->ehlo_as), TEXT_LOGGED);
    edge_json_key(json, "tls");
    if (session->tls) {
        edge_json_object(json);
        edge_json_put_string(json, "version", session->secured.version);
        edge_json_put_string(json, "cipher", session->secured.cipher);
        edge_json_put_bool(json, "resumed", session->secured.resumed);
        edge_json_put_text(json, "sni", edge_span_of(session->secured.sni), TEXT_LOGGED);
        edge_json_put_text(json, "client_subject", edge_span_of(session->secured.client_subject), TEXT_LOGGED);
        edge_json_object_end(json);
    } else {
        edge_json_null(json);
    }
    edge_json_key(json, "auth");
    if (session->authed) {
        edge_json_object(json);
        edge_json_put_string(json, "mechanism", session->auth_mechanism);
        edge_json_put_string(json, "user", session->authed);
        edge_json_object_end(json);
    } else {
        edge_json_null(json);
    }
}

/* The same members for a transaction whose session has gone: from the envelope. */
static void log_orphan_head(const edge_envelope_t *envelope, edge_json_t *json) {
    const edge_client_facts_t *client = &envelope->client;
    edge_json_put_text(json, "node", client->receiver, TEXT_LOGGED);
    edge_json_put_text(json, "session", client->session, TEXT_LOGGED);
    edge_json_put_text(json, "listener", client->listener, TEXT_LOGGED);
    edge_json_put_text(json, "protocol", client->protocol, TEXT_LOGGED);
    edge_json_put_text(json, "client_ip", client->ip, TEXT_LOGGED);
    edge_json_put_number(json, "client_port", client->port);
    edge_json_put_text(json, "ehlo", client->ehlo, TEXT_LOGGED);
    edge_json_put_text(json, "auth", client->auth, TEXT_LOGGED);
}

static void log_enhanced(edge_json_t *json, unsigned code, unsigned subject, unsigned detail) {
    char text[24];
    snprintf(text, sizeof(text), "%u.%u.%u", code / 100, subject, detail);
    edge_json_put_number(json, "code", code);
    edge_json_put_text(json, "enhanced", subject == EDGE_NO_ENHANCED ? EDGE_NO_SPAN : edge_span_of(text), 0);
}

static void log_recipient(edge_json_t *json, edge_span_t address, unsigned code, unsigned subject, unsigned detail) {
    edge_json_object(json);
    edge_json_put_text(json, "addr", address, TEXT_LOGGED / 4);
    log_enhanced(json, code, subject, detail);
    edge_json_object_end(json);
}

static void log_recipients(edge_json_t *json, const edge_transaction_t *transaction) {
    const edge_envelope_t *envelope = transaction->envelope;
    unsigned logged = 0;
    edge_json_key(json, "to");
    edge_json_array(json);
    for (unsigned i = 0; i < envelope->recipient_count && logged < RECIPIENTS_LOGGED; i++, logged++)
        log_recipient(json, envelope->recipients[i].address, 250, 1, 5);
    for (const edge_refused_recipient_t *refused = transaction->refused; refused && logged < RECIPIENTS_LOGGED;
         refused = refused->next, logged++)
        log_recipient(json, refused->address, refused->code, refused->subject, refused->detail);
    edge_json_array_end(json);
    edge_json_put_number(json, "recipients", envelope->recipient_count);
    edge_json_put_number(json, "recipients_refused", transaction->refused_count);
}

static void log_reply(edge_json_t *json, const edge_reply_t *reply, edge_span_t command) {
    char text[TEXT_LOGGED];
    edge_json_key(json, "reply");
    if (!reply) {
        edge_json_null(json);
        return;
    }
    size_t len = edge_reply_text(reply, text, sizeof(text));
    edge_json_object(json);
    log_enhanced(json, reply->code, reply->subject, reply->detail);
    edge_json_put_text(json, "text", edge_span(text, len < sizeof(text) ? len : sizeof(text)), TEXT_LOGGED);
    edge_json_put_text(json, "command", command, TEXT_LOGGED / 4);
    edge_json_object_end(json);
}

static void log_timing(edge_json_t *json, const char *key, edge_mono_t from, edge_mono_t to) {
    edge_json_key(json, key);
    edge_json_seconds(json, from && to ? to - from : 0);
}

static void log_timings(edge_json_t *json, const edge_transaction_t *transaction, edge_mono_t now) {
    edge_json_key(json, "duration");
    edge_json_seconds(json, now - transaction->started.mono);
    edge_json_key(json, "timings");
    edge_json_object(json);
    log_timing(json, "data", transaction->data_started, transaction->data_ended);
    log_timing(json, "validate", transaction->data_ended, transaction->submitted);
    log_timing(json, "spool", transaction->submitted, transaction->answered);
    edge_json_object_end(json);
}

static void observe(const edge_transaction_t *transaction, edge_mono_t now) {
    edge_listener_observe(transaction->listener, EDGE_LH_TRANSACTION, now - transaction->started.mono);
    if (transaction->data_started && transaction->data_ended)
        edge_listener_observe(transaction->listener, EDGE_LH_DATA, transaction->data_ended - transaction->data_started);
}

static void log_transaction(edge_worker_t *worker, const edge_transaction_t *transaction, const char *outcome,
                            const edge_reply_t *reply, edge_span_t command) {
    edge_clock_t now = edge_worker_clock(worker);
    observe(transaction, now.mono);
    edge_json_t *json = edge_txlog_begin(worker, "transaction", now.wall);
    if (!json)
        return;
    const edge_envelope_t *envelope = transaction->envelope;
    char name[64];
    if (transaction->session) {
        edge_session_log_head(transaction->session, json);
        snprintf(name, sizeof(name), "%s.%u", transaction->session->id, transaction->number);
    } else {
        log_orphan_head(envelope, json);
        snprintf(name, sizeof(name), "%.*s.%u", (int)envelope->client.session.len, envelope->client.session.at,
                 transaction->number);
    }
    edge_json_put_string(json, "txn", name);
    edge_uuid_format(envelope->id, name);
    edge_json_put_text(json, "message", strcmp(outcome, "accepted") == 0 ? edge_span_of(name) : EDGE_NO_SPAN, 0);
    edge_json_put_text(json, "from", envelope->sender, TEXT_LOGGED);
    log_recipients(json, transaction);
    edge_json_put_number(json, "size", (int64_t)envelope->size);
    edge_json_put_string(json, "outcome", outcome);
    log_reply(json, reply, command);
    log_timings(json, transaction, now.mono);
    edge_txlog_end(worker);
}

static const char *outcome_of(const edge_reply_t *reply) {
    switch (reply ? edge_reply_class(reply) : 0) {
    case 4: return "tempfail";
    case 5: return "rejected";
    default: return "aborted";
    }
}

static void count_message(const edge_transaction_t *transaction, unsigned outcome) {
    edge_listener_count(transaction->listener, EDGE_LC_MESSAGES, outcome, 1);
}

static void count_outcome(const edge_transaction_t *transaction, const edge_reply_t *reply) {
    bool refused = reply && transaction->data_started && edge_reply_class(reply) >= 4;
    if (refused && transaction->session)
        transaction->session->counts.messages_refused++;
    /* Refusals of MAIL are refused commands, not messages. */
    if (reply && transaction->data_started && edge_reply_class(reply) == 4) {
        count_message(transaction, EDGE_MESSAGES_TEMPFAIL);
    } else if (reply && transaction->data_started && edge_reply_class(reply) == 5) {
        count_message(transaction, EDGE_MESSAGES_REJECTED);
    } else if (!reply || edge_reply_class(reply) == 2) {
        count_message(transaction, EDGE_MESSAGES_ABORTED);
    }
}

void edge_transaction_end(edge_session_t *session, const edge_reply_t *reply, edge_span_t command) {
    edge_transaction_t *transaction = session->transaction;
    edge_worker_t *worker = edge_conn_worker(session->conn);
    EDGE_ASSERT(transaction != NULL);
    edge_transaction_drop_body(session);
    count_outcome(transaction, reply);
    log_transaction(worker, transaction, outcome_of(reply), reply, command);
    session->transaction = NULL;
    edge_worker_give_pool(worker, transaction->pool);
}

static edge_reply_t reply_of(const edge_submission_t *submission) {
    switch (submission->outcome) {
    case EDGE_OUTCOME_STORED: {
        char *id = apr_palloc(submission->pool, EDGE_UUID_TEXT);
        edge_uuid_format(submission->envelope->id, id);
        return edge_reply_about(EDGE_R_QUEUED, edge_span_of(id));
    }
    case EDGE_OUTCOME_NO_ROOM: return edge_reply_of(EDGE_R_NO_ROOM);
    case EDGE_OUTCOME_ANSWERED: return submission->reply;
    case EDGE_OUTCOME_FAILED: break;
    }
    return edge_reply_of(EDGE_R_QUEUE_DOWN);
}

static void count_accepted(const edge_transaction_t *transaction) {
    count_message(transaction, transaction->submission.discarded ? EDGE_MESSAGES_DISCARDED : EDGE_MESSAGES_ACCEPTED);
    edge_listener_count(transaction->listener, EDGE_LC_MESSAGE_BYTES, 0, (int64_t)transaction->envelope->size);
    edge_listener_observe(transaction->listener, EDGE_LH_SIZE, (int64_t)transaction->envelope->size);
    edge_listener_observe(transaction->listener, EDGE_LH_RECIPIENTS, transaction->envelope->recipient_count);
    if (transaction->session)
        transaction->session->counts.messages++;
}

/* The queue's answer. The log line is collected, not written, before the client hears it: it names what the session is now. */
static void submission_done(edge_submission_t *submission) {
    edge_transaction_t *transaction = EDGE_CONTAINER(submission, edge_transaction_t, submission);
    edge_worker_t *worker = submission->worker;
    edge_session_t *session = transaction->session;
    edge_reply_t reply = reply_of(submission);
    reply.source = EDGE_REPLY_FROM_QUEUE;
    bool accepted = edge_reply_class(&reply) == 2;

    atomic_fetch_sub(&submitted, 1);
    transaction->answered = edge_worker_clock(worker).mono;
    if (session)
        session->waited.queue += transaction->answered - transaction->submitted;
    if (accepted)
        count_accepted(transaction);
    else
        count_outcome(transaction, &reply);
    log_transaction(worker, transaction, accepted ? "accepted" : outcome_of(&reply), &reply, edge_span_of("."));
    if (session) {
        session->transaction = NULL;
        session->listener->protocol->stored(session, reply);
    }
    if (transaction->snapshot)
        edge_snapshot_drop(transaction->snapshot);
    edge_worker_give_pool(worker, transaction->pool);
}

void edge_transaction_submit(edge_session_t *session, edge_span_t prelude) {
    edge_transaction_t *transaction = session->transaction;
    edge_queue_t *queue = session->listener->queue;
    edge_submission_t *submission = &transaction->submission;
    EDGE_ASSERT(transaction && transaction->body);

    transaction->envelope->size = transaction->body->size + prelude.len;
    transaction->submitted = edge_worker_clock(edge_conn_worker(session->conn)).mono;
    submission->worker = edge_conn_worker(session->conn);
    submission->pool = transaction->pool;
    submission->envelope = transaction->envelope;
    submission->prelude = prelude;
    submission->body = transaction->body;
    submission->done = submission_done;
    transaction->body = NULL;
    atomic_fetch_add(&submitted, 1);
    queue->provider->submit(queue, submission);
}

void edge_transaction_forsake(edge_session_t *session) {
    edge_transaction_t *transaction = session->transaction;
    if (!transaction)
        return;
    if (!transaction->submitted) {
        edge_transaction_end(session, NULL, EDGE_NO_SPAN);
        return;
    }
    edge_snapshot_hold(session->snapshot); /* the listener belongs to it */
    transaction->snapshot = session->snapshot;
    transaction->session = NULL;
    session->transaction = NULL;
}
