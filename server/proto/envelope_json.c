/* Envelopes as JSON. */
#include "proto/envelope_json.h"
#include "edge_clock.h"

static void put_time(edge_json_t *json, const char *key, apr_time_t when) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    if (when == 0) {
        edge_json_put_text(json, key, EDGE_NO_SPAN, 0);
        return;
    }
    edge_clock_rfc3339(when, text);
    edge_json_put_string(json, key, text);
}

static void put_tls(edge_json_t *json, const edge_client_facts_t *client) {
    edge_json_key(json, "tls");
    if (client->tls_version.len == 0) {
        edge_json_null(json);
        return;
    }
    edge_json_object(json);
    edge_json_put_text(json, "version", client->tls_version, 0);
    edge_json_put_text(json, "cipher", client->tls_cipher, 0);
    edge_json_object_end(json);
}

static void put_client(edge_json_t *json, const edge_client_facts_t *client) {
    edge_json_key(json, "client");
    edge_json_object(json);
    edge_json_put_text(json, "protocol", client->protocol, 0);
    edge_json_put_text(json, "ehlo", client->ehlo, 0);
    edge_json_put_text(json, "ip", client->ip, 0);
    edge_json_put_number(json, "port", client->port);
    edge_json_put_text(json, "security", client->security, 0);
    put_tls(json, client);
    edge_json_put_text(json, "receiver", client->receiver, 0);
    edge_json_put_text(json, "auth", client->auth, 0);
    edge_json_put_text(json, "listener", client->listener, 0);
    edge_json_put_text(json, "session", client->session, 0);
    edge_json_object_end(json);
}

static void put_parameters(edge_json_t *json, const edge_parameters_t *parameters) {
    edge_json_key(json, "parameters");
    edge_json_array(json);
    for (unsigned i = 0; i < parameters->count; i++) {
        edge_json_object(json);
        edge_json_put_text(json, "name", parameters->list[i].name, 0);
        edge_json_put_text(json, "value", parameters->list[i].value, 0);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_deliveries(edge_json_t *json, const edge_envelope_t *envelope) {
    static const char *const names[] = {
        [EDGE_RECIPIENT_WAITING] = "waiting", [EDGE_RECIPIENT_DONE] = "done", [EDGE_RECIPIENT_FAILED] = "failed"};
    edge_json_key(json, "deliveries");
    edge_json_array(json);
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        const edge_recipient_t *recipient = &envelope->recipients[i];
        edge_json_object(json);
        edge_json_put_text(json, "recipient", recipient->address, 0);
        edge_json_put_string(json, "state", names[recipient->state]);
        edge_json_put_number(json, "attempts", recipient->attempts);
        edge_json_put_text(json, "last_reply", recipient->last_reply, 0);
        put_parameters(json, &recipient->parameters);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_needs(edge_json_t *json, uint32_t needs) {
    static const struct {
        uint32_t bit;
        const char *name;
    } rows[] = {{EDGE_CARRIES_8BITMIME, "8BITMIME"},
                {EDGE_CARRIES_SMTPUTF8, "SMTPUTF8"},
                {EDGE_CARRIES_BINARYMIME, "BINARYMIME"},
                {EDGE_CARRIES_DSN, "DSN"},
                {EDGE_CARRIES_REQUIRETLS, "REQUIRETLS"}};
    edge_json_key(json, "needs");
    edge_json_array(json);
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        if ((needs & rows[i].bit) != 0) {
            edge_json_text(json, edge_span_of(rows[i].name), 0);
        }
    }
    edge_json_array_end(json);
}

static void put_full(edge_json_t *json, const edge_envelope_t *envelope) {
    put_parameters(json, &envelope->sender_parameters);
    put_deliveries(json, envelope);
    put_needs(json, envelope->needs);
    edge_json_put_number(json, "attempts", envelope->attempts);
    put_time(json, "next_attempt", envelope->next_attempt);
    put_time(json, "expires", envelope->expires);
}

void edge_envelope_json(edge_json_t *json, const edge_envelope_t *envelope, bool full) {
    char id[EDGE_UUID_TEXT];
    edge_uuid_format(envelope->id, id);
    edge_json_put_string(json, "id", id);
    put_time(json, "received", envelope->received);
    edge_json_put_number(json, "size", (int64_t)envelope->size);
    edge_json_put_text(json, "protocol", envelope->client.protocol, 0);
    edge_json_put_text(json, "sender", envelope->sender, 0);
    edge_json_key(json, "recipients");
    edge_json_array(json);
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        edge_json_text(json, envelope->recipients[i].address, 0);
    }
    edge_json_array_end(json);
    put_client(json, &envelope->client);
    if (full) {
        put_full(json, envelope);
    }
}

void edge_envelope_json_unreadable(edge_json_t *json, edge_uuid_t id) {
    static const char *const members[] = {"received", "size", "protocol", "sender"};
    char text[EDGE_UUID_TEXT];
    edge_uuid_format(id, text);
    edge_json_put_string(json, "id", text);
    for (size_t i = 0; i < EDGE_COUNT(members); i++) {
        edge_json_put_text(json, members[i], EDGE_NO_SPAN, 0);
    }
    edge_json_key(json, "recipients");
    edge_json_array(json);
    edge_json_array_end(json);
    edge_json_put_text(json, "client", EDGE_NO_SPAN, 0);
}
