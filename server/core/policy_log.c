/* Log lines about what validators refused, and about those that failed. */
#include "core/policy_log.h"

#include <stdio.h>

#include "core/transaction.h"
#include "core/txlog.h"

#define TEXT_LOGGED 512u

EDGE_LOG_AREA(edge_policy_log, "policy")

static edge_span_t reply_text(const edge_reply_t *reply, char *out, size_t size) {
    size_t len = edge_reply_text(reply, out, size);
    return edge_span(out, len < size ? len : size);
}

static void put_reply(edge_json_t *json, const edge_reply_t *reply) {
    char text[TEXT_LOGGED], enhanced[24];
    snprintf(enhanced, sizeof(enhanced), "%u.%u.%u", edge_reply_class(reply), reply->subject, reply->detail);
    edge_json_key(json, "reply");
    edge_json_object(json);
    edge_json_put_number(json, "code", reply->code);
    edge_json_put_text(json, "enhanced", reply->subject == EDGE_NO_ENHANCED ? EDGE_NO_SPAN : edge_span_of(enhanced), 0);
    edge_json_put_text(json, "text", reply_text(reply, text, sizeof(text)), TEXT_LOGGED);
    edge_json_object_end(json);
}

static void put_line(const edge_session_t *session, const edge_binding_t *binding, edge_binding_mode_t mode,
                     const edge_check_call_t *call, const edge_reply_t *reply, const char *reference) {
    char where[TEXT_LOGGED];
    edge_worker_t *worker = edge_conn_worker(session->conn);
    edge_json_t *json = edge_txlog_begin(worker, "rejection", edge_worker_clock(worker).wall);
    if (!json)
        return;
    snprintf(where, sizeof(where), "%s:%u", binding->file, binding->line);
    edge_session_log_head(session, json);
    edge_json_put_string(json, "reference", reference);
    edge_json_put_string(json, "validator", binding->validator);
    edge_json_put_string(json, "module", binding->module);
    edge_json_put_string(json, "where", where);
    edge_json_put_string(json, "mode", edge_binding_mode_name(mode));
    edge_json_put_string(json, "command", edge_phase_name(call->phase));
    edge_json_put_text(json, "argument", call->argument, TEXT_LOGGED);
    edge_json_put_text(json, "from", call->sender, TEXT_LOGGED);
    put_reply(json, reply);
    edge_txlog_end(worker);
}

void edge_policy_log_refusal(const edge_session_t *session, const edge_binding_t *binding, edge_binding_mode_t mode,
                             const edge_check_call_t *call, const edge_reply_t *reply, const char *reference) {
    edge_log_about_t about = {session->id, NULL};
    char text[TEXT_LOGGED];
    edge_span_t said = reply_text(reply, text, sizeof(text));
    EDGE_LOG_ABOUT(&edge_policy_log, EDGE_LOG_INFO, 400, &about, APR_SUCCESS,
                   "[%s] validator %s (%s:%u) answered %s with %u %.*s%s", reference, binding->validator, binding->file,
                   binding->line, edge_phase_name(call->phase), reply->code, (int)said.len, said.at,
                   mode == EDGE_MODE_SHADOW ? ", in shadow mode: not applied" : "");
    put_line(session, binding, mode, call, reply, reference);
}

void edge_policy_log_failure(const edge_session_t *session, const edge_binding_t *binding,
                             const edge_check_call_t *call, bool late) {
    edge_log_about_t about = {session->id, NULL};
    edge_counter_add(EDGE_C_CHECKS_FAILED, 1);
    EDGE_LOG_ABOUT(&edge_policy_log, EDGE_LOG_WARN, 401, &about, APR_SUCCESS,
                   "validator %s (%s:%u) %s at %s: taken as %s", binding->validator, binding->file, binding->line,
                   late ? "was too slow" : "failed", edge_phase_name(call->phase),
                   binding->error_passes ? "pass" : "temporary failure");
}
