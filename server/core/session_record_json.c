/* A session's copy as JSON: in lists, by itself, and its last lines. */
#include "core/session_record.h"

#include "edge_module.h"

const char *edge_session_state_name(edge_session_state_t state) {
    static const char *const names[] = {
#define EDGE_STATE(name, text, prose) text,
#include "tbl/session_states.def"
#undef EDGE_STATE
    };
    return state < EDGE_STATE_COUNT ? names[state] : "unknown";
}

static void put_time(edge_json_t *json, const char *key, apr_time_t when) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(when, text);
    edge_json_put_string(json, key, text);
}

static void put_seconds(edge_json_t *json, const char *key, edge_mono_t microseconds) {
    edge_json_key(json, key);
    edge_json_seconds(json, microseconds > 0 ? microseconds : 0);
}

static void put_or_null(edge_json_t *json, const char *key, const char *text) {
    edge_json_put_text(json, key, *text ? edge_span_of(text) : EDGE_NO_SPAN, 0);
}

/* Leaves the object open. */
static void put_address(edge_json_t *json, const char *key, edge_ipaddr_t ip, uint16_t port) {
    char text[EDGE_IPADDR_TEXT];
    edge_ipaddr_format(ip, text);
    edge_json_key(json, key);
    edge_json_object(json);
    edge_json_put_string(json, "ip", text);
    edge_json_put_number(json, "port", port);
}

static void put_ends(edge_json_t *json, const edge_session_record_t *record) {
    put_address(json, "client", record->from_ip, record->from_port);
    put_or_null(json, "name", record->client_name);
    edge_json_object_end(json);
    put_address(json, "server", record->to_ip, record->to_port);
    edge_json_object_end(json);
}

static void put_tls(edge_json_t *json, const edge_session_record_t *record) {
    edge_json_key(json, "tls");
    if (!record->tls_version[0]) {
        edge_json_null(json);
        return;
    }
    edge_json_object(json);
    edge_json_put_string(json, "version", record->tls_version);
    edge_json_put_string(json, "cipher", record->tls_cipher);
    edge_json_put_bool(json, "resumed", record->tls_resumed);
    put_or_null(json, "sni", record->sni);
    put_or_null(json, "client_subject", record->client_subject);
    edge_json_object_end(json);
}

static void put_auth(edge_json_t *json, const edge_session_record_t *record) {
    edge_json_key(json, "auth");
    if (!record->user[0]) {
        edge_json_null(json);
        return;
    }
    edge_json_object(json);
    edge_json_put_string(json, "mechanism", record->mechanism);
    edge_json_put_string(json, "user", record->user);
    edge_json_object_end(json);
}

/* The verbs' names are the protocol's. */
static void put_commands(edge_json_t *json, const edge_session_record_t *record) {
    const edge_protocol_t *protocol = edge_provider_find("protocol", edge_span_of(record->protocol_name));
    edge_json_key(json, "commands");
    edge_json_object(json);
    for (unsigned i = 0; protocol && i < EDGE_SESSION_VERBS && protocol->verbs[i]; i++) {
        if (record->by_verb[i].total == 0)
            continue;
        edge_json_key(json, protocol->verbs[i]);
        edge_json_object(json);
        edge_json_put_number(json, "ok", record->by_verb[i].ok);
        edge_json_put_number(json, "bad", record->by_verb[i].total - record->by_verb[i].ok);
        edge_json_object_end(json);
    }
    edge_json_object_end(json);
    edge_json_put_number(json, "errors", record->refused);
}

static void put_messages(edge_json_t *json, const edge_session_record_t *record) {
    edge_json_key(json, "messages");
    edge_json_object(json);
    edge_json_put_number(json, "accepted", record->messages);
    edge_json_put_number(json, "rejected", record->messages_refused);
    edge_json_key(json, "current");
    if (record->in_transaction) {
        edge_json_object(json);
        edge_json_put_string(json, "from", record->sender);
        edge_json_put_number(json, "recipients", record->current_recipients);
        edge_json_put_number(json, "bytes", (int64_t)record->current_bytes);
        edge_json_object_end(json);
    } else {
        edge_json_null(json);
    }
    edge_json_object_end(json);
    edge_json_key(json, "recipients");
    edge_json_object(json);
    edge_json_put_number(json, "accepted", record->recipients);
    edge_json_put_number(json, "refused", record->recipients_refused);
    edge_json_object_end(json);
}

static void put_waited(edge_json_t *json, const edge_session_record_t *record) {
    edge_mono_t ours = record->waited_validators + record->waited_queue + record->waited_credentials;
    edge_json_key(json, "waited");
    edge_json_object(json);
    put_seconds(json, "client", record->seen - record->opened_mono - ours);
    put_seconds(json, "validators", record->waited_validators);
    put_seconds(json, "queue", record->waited_queue);
    put_seconds(json, "credentials", record->waited_credentials);
    edge_json_object_end(json);
}

static void put_awaits(edge_json_t *json, const edge_session_record_t *record) {
    static const char *const names[] = {"client", "tls", "validator", "credentials", "queue"};
    edge_json_put_text(json, "awaits", record->ended ? EDGE_NO_SPAN : edge_span_of(names[record->awaits % 5]), 0);
    put_or_null(json, "awaited", record->ended ? "" : record->awaited);
}

void edge_session_end_put(edge_json_t *json, const edge_session_record_t *record) {
    edge_close_reason_t end = record->end < EDGE_CLOSE_COUNT ? (edge_close_reason_t)record->end : EDGE_CLOSE_INTERNAL;
    if (!record->ended)
        return;
    put_time(json, "ended", record->ended);
    edge_json_put_string(json, "end", edge_close_reason_name(end));
    edge_json_put_bool(json, "trouble", edge_close_reason_is_trouble(end));
}

void edge_session_record_put(edge_json_t *json, const edge_session_record_t *record) {
    edge_json_put_string(json, "id", record->id);
    edge_json_put_string(json, "listener", record->listener);
    edge_json_put_string(json, "protocol", record->protocol);
    edge_json_put_string(json, "state",
                         record->ended ? "closed" : edge_session_state_name((edge_session_state_t)record->state));
    put_awaits(json, record);
    put_time(json, "since", record->opened);
    put_seconds(json, "age", record->seen - record->opened_mono);
    put_seconds(json, "idle", record->ended ? 0 : record->seen - record->idle_since);
    put_ends(json, record);
    put_or_null(json, "ehlo", record->ehlo);
    put_tls(json, record);
    put_auth(json, record);
    edge_json_put_number(json, "bytes_in", (int64_t)record->bytes.in);
    edge_json_put_number(json, "bytes_out", (int64_t)record->bytes.out);
    put_commands(json, record);
    put_messages(json, record);
    put_waited(json, record);
    edge_json_put_number(json, "generation", (int64_t)record->generation);
    edge_json_put_number(json, "worker", record->worker);
    edge_session_end_put(json, record);
}

static void put_verdicts(edge_json_t *json, const edge_verdicts_copy_t *verdicts) {
    edge_json_key(json, "validators");
    edge_json_array(json);
    for (unsigned i = 0; i < verdicts->count && i < EDGE_VERDICTS_KEPT; i++) {
        const edge_verdict_copy_t *verdict = &verdicts->list[i];
        edge_json_object(json);
        edge_json_put_string(json, "name", verdict->name);
        edge_json_put_string(json, "command", edge_phase_name((edge_phase_t)verdict->phase));
        edge_json_put_string(json, "mode", edge_binding_mode_name((edge_binding_mode_t)verdict->mode));
        edge_json_put_string(json, "result", edge_check_result_name((edge_check_result_t)verdict->result));
        put_seconds(json, "duration", verdict->took);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static edge_span_t last_reply(const edge_session_story_t *story) {
    edge_trail_line_t line;
    edge_span_t last = EDGE_NO_SPAN;
    for (unsigned at = 0; edge_trail_next(&story->trail.trail, &at, &line);)
        if (!line.client)
            last = line.text;
    return last;
}

void edge_session_story_put(edge_json_t *json, const edge_session_story_t *story) {
    edge_session_record_put(json, &story->record);
    put_verdicts(json, &story->verdicts);
    edge_json_put_text(json, "last_reply", last_reply(story), 0);
}

void edge_session_line_put(edge_json_t *json, const edge_session_story_t *story, const edge_trail_line_t *line) {
    put_time(json, "at", story->record.opened + (apr_time_t)line->at * 1000);
    edge_json_put_string(json, "from", line->client ? "C" : "S");
    edge_json_put_text(json, "text", line->text, 0);
    edge_json_put_bool(json, "more", line->more);
}

void edge_session_trail_put(edge_json_t *json, const edge_session_story_t *story) {
    edge_trail_line_t line;
    edge_json_key(json, "lines");
    edge_json_array(json);
    for (unsigned at = 0; edge_trail_next(&story->trail.trail, &at, &line);) {
        edge_json_object(json);
        edge_session_line_put(json, story, &line);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
    edge_json_put_number(json, "dropped", story->trail.trail.dropped);
}
