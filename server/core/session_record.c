/* Copies what a session is; and decides whether a list wants it. */
#include "core/session_record.h"

#include <apr_fnmatch.h>
#include <apr_strings.h>

#include "core/auth.h"
#include "core/session.h"

static void copy_text(char *to, size_t size, edge_span_t from) {
    size_t len = from.len < size - 1 ? from.len : size - 1;
    if (len)
        memcpy(to, from.at, len);
    to[len] = '\0';
}

static edge_span_t text_of(const char *text) { return text ? edge_span_of(text) : EDGE_NO_SPAN; }

#define COPY(to, from) copy_text(to, sizeof(to), from)

static void fill_client(const edge_session_t *session, edge_session_record_t *record) {
    COPY(record->id, edge_span_of(session->id));
    COPY(record->protocol_name, edge_span_of(session->listener->protocol->name));
    COPY(record->protocol, edge_span_of(edge_session_protocol(session)));
    COPY(record->listener, session->listener->name);
    COPY(record->client_name, text_of(session->client_name));
    COPY(record->ehlo, text_of(session->ehlo_as));
    record->from_ip = session->from_ip;
    record->to_ip = session->to_ip;
    record->from_port = session->from_port;
    record->to_port = session->to_port;
}

static void fill_security(const edge_session_t *session, edge_session_record_t *record) {
    if (session->authed) {
        COPY(record->user, edge_span_of(session->authed));
        COPY(record->mechanism, edge_span_of(session->auth_mechanism));
    }
    if (!session->tls)
        return;
    COPY(record->tls_version, text_of(session->secured.version));
    COPY(record->tls_cipher, text_of(session->secured.cipher));
    COPY(record->sni, text_of(session->secured.sni));
    COPY(record->client_subject, text_of(session->secured.client_subject));
    record->tls_resumed = session->secured.resumed;
}

static void fill_counts(const edge_session_t *session, edge_session_record_t *record) {
    for (unsigned i = 0; i < EDGE_SESSION_VERBS; i++) {
        record->by_verb[i].ok = session->counts.by_verb[i].ok;
        record->by_verb[i].total = session->counts.by_verb[i].total;
    }
    record->commands = session->counts.commands;
    record->refused = session->counts.refused;
    record->messages = session->counts.messages;
    record->messages_refused = session->counts.messages_refused;
    record->recipients = session->counts.recipients;
    record->recipients_refused = session->counts.recipients_refused;
    record->bytes = edge_conn_bytes(session->conn);
    record->waited_validators = session->waited.validators;
    record->waited_queue = session->waited.queue;
    record->waited_credentials = session->waited.credentials;
}

static void fill_transaction(const edge_session_t *session, edge_session_record_t *record) {
    const edge_transaction_t *transaction = session->transaction;
    if (!transaction)
        return;
    record->in_transaction = true;
    COPY(record->sender, transaction->envelope->sender);
    record->current_recipients = transaction->envelope->recipient_count;
    record->current_bytes = transaction->body ? transaction->body->size : transaction->envelope->size;
}

static void await(edge_session_record_t *record, edge_session_awaits_t what, edge_mono_t *waited, edge_mono_t since) {
    record->awaits = (uint8_t)what;
    *waited += record->seen > since ? record->seen - since : 0;
}

/* What goes on just now has not been added up yet. */
static void fill_awaited(const edge_session_t *session, edge_session_record_t *record) {
    const edge_transaction_t *transaction = session->transaction;
    edge_mono_t since;
    const char *validator = edge_policy_awaited(session, &since);
    if (validator) {
        await(record, EDGE_AWAITS_VALIDATOR, &record->waited_validators, since);
        COPY(record->awaited, edge_span_of(validator));
    } else if (transaction && (transaction->submitted || transaction->full_since)) {
        since = transaction->submitted ? transaction->submitted : transaction->full_since;
        await(record, EDGE_AWAITS_QUEUE, &record->waited_queue, since);
    } else if ((since = edge_session_auth_asked(session)) != 0) {
        await(record, EDGE_AWAITS_CREDENTIALS, &record->waited_credentials, since);
    } else {
        record->awaits = record->state == EDGE_STATE_HANDSHAKE ? EDGE_AWAITS_TLS : EDGE_AWAITS_CLIENT;
    }
}

void edge_session_record_fill(const edge_session_t *session, edge_session_record_t *record) {
    edge_worker_t *worker = edge_conn_worker(session->conn);
    memset(record, 0, sizeof(*record));
    record->seen = edge_worker_clock(worker).mono;
    record->opened = session->opened.wall;
    record->opened_mono = session->opened.mono;
    record->worker = (uint16_t)edge_worker_index(worker);
    record->generation = edge_snapshot_generation(session->snapshot);
    record->state = (uint8_t)session->listener->protocol->look(session, &record->idle_since);
    fill_client(session, record);
    fill_security(session, record);
    fill_counts(session, record);
    fill_transaction(session, record);
    fill_awaited(session, record);
}

void edge_session_story_fill(const edge_session_t *session, edge_session_story_t *story) {
    edge_session_record_fill(session, &story->record);
    edge_verdicts_copy(session, &story->verdicts);
    edge_trail_copy(session->trail, &story->trail);
}

bool edge_session_filter_takes(const edge_session_filter_t *filter, const edge_session_record_t *record) {
    if (filter->listener[0] && strcmp(filter->listener, record->listener) != 0)
        return false;
    if (filter->bits && !edge_ipaddr_in_network(record->from_ip, filter->network, filter->bits))
        return false;
    if (filter->state >= 0 && filter->state != record->state)
        return false;
    if (record->seen - record->opened_mono < filter->min_age)
        return false;
    return !filter->ehlo[0] || apr_fnmatch(filter->ehlo, record->ehlo, APR_FNM_CASE_BLIND) == APR_SUCCESS;
}
