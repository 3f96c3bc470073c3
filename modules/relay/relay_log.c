/* What the log says of deliveries. */
#include "relay_log.h"

#include "relay_notice.h"

static const char *state_name(edge_recipient_state_t state) {
    return state == EDGE_RECIPIENT_DONE ? "done" : state == EDGE_RECIPIENT_FAILED ? "failed" : "deferred";
}

void relay_log_settled(const relay_message_t *message) {
    char id[EDGE_UUID_TEXT];
    const edge_queue_settling_t *settling = &message->settling;
    edge_uuid_format(settling->id, id);
    for (unsigned i = 0; i < settling->count; i++) {
        const edge_settlement_t *result = &settling->results[i];
        const edge_recipient_t *recipient = &settling->envelope->recipients[result->recipient];
        edge_log_level_t level = result->state == EDGE_RECIPIENT_FAILED ? EDGE_LOG_NOTICE : EDGE_LOG_INFO;
        EDGE_LOG(&relay_log, level, 1180, "message %s to <%.*s> %s: %.*s", id, (int)recipient->address.len,
                 recipient->address.at, state_name(result->state), (int)result->reply.len,
                 result->reply.len > 0 ? result->reply.at : "");
    }
}

static unsigned count_of(const edge_dsn_report_t *report, edge_dsn_action_t action) {
    unsigned count = 0;
    for (unsigned i = 0; i < report->count; i++)
        count += report->recipients[i].action == action;
    return count;
}

void relay_log_noticed(const char *queue, const relay_message_t *message) {
    const edge_dsn_report_t *report = &message->notice->report;
    char id[EDGE_UUID_TEXT], notice[EDGE_UUID_TEXT];
    edge_uuid_format(report->envelope->id, id);
    edge_uuid_format(message->notice->id, notice);
    EDGE_LOG(&relay_log, EDGE_LOG_INFO, 1190,
             "queue %s: message %s: <%.*s> is told by notice %s: %u failed, %u delayed, %u delivered, %u relayed",
             queue, id, (int)report->envelope->sender.len, report->envelope->sender.at, notice,
             count_of(report, EDGE_DSN_FAILED), count_of(report, EDGE_DSN_DELAYED),
             count_of(report, EDGE_DSN_DELIVERED), count_of(report, EDGE_DSN_RELAYED));
}

void relay_log_refused(const char *relay, const edge_envelope_t *envelope, const edge_relay_result_t *answer,
                       apr_pool_t *pool) {
    char id[EDGE_UUID_TEXT];
    edge_uuid_format(envelope->id, id);
    EDGE_LOG(&relay_log, EDGE_LOG_INFO, 1185, "message %s was not taken by next hop %s: %s", id, relay,
             relay_message_text(answer, pool).at);
}

void relay_log_not_asked(const char *relay, edge_span_t recipient, const edge_relay_result_t *why, apr_pool_t *pool) {
    EDGE_LOG(&relay_log, EDGE_LOG_WARN, 1193, "next hop %s cannot be asked about <%.*s>: %s", relay, (int)recipient.len,
             recipient.at, relay_message_text(why, pool).at);
}

void relay_log_in_clear(const char *relay, const edge_relay_result_t *why) {
    EDGE_LOG(&relay_log, EDGE_LOG_WARN, 1191, "next hop %s: %.*s; it is tried in clear text", relay,
             (int)why->reply.text.len, why->reply.text.at);
}

void relay_log_encrypted(const char *relay, edge_span_t host, const edge_tls_facts_t *facts) {
    EDGE_LOG(&relay_log, EDGE_LOG_INFO, 1192, "next hop %s: %.*s: %s %s, certificate %s", relay, (int)host.len, host.at,
             facts->version, facts->cipher, facts->verified ? "verified" : "not verified");
}

void relay_log_unnoticed(const char *queue, const relay_message_t *message) {
    char id[EDGE_UUID_TEXT];
    edge_uuid_format(message->settling.id, id);
    EDGE_LOG(&relay_log, EDGE_LOG_ERROR, 1183,
             "queue %s: the notice to the sender of message %s cannot be stored; its failed recipients are tried again",
             queue, id);
}

void relay_log_unsettled(const char *queue, apr_status_t status) {
    EDGE_LOG_STATUS(&relay_log, EDGE_LOG_ERROR, 1181, status,
                    "queue %s: what became of deliveries cannot be written down; it is tried again", queue);
}

void relay_log_closed(const char *queue, const relay_destination_t *destination, edge_mono_t delay) {
    EDGE_LOG(&relay_log, EDGE_LOG_WARN, 1182, "queue %s: %s%s is left alone for %d s: %s", queue,
             destination->name_len > 0 ? "the domain " : "the next hop", destination->name,
             (int)(delay / APR_USEC_PER_SEC), destination->trouble);
}
