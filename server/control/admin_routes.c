/* The core's admin routes: their rows, and the status of the server. */
#include "control/admin_list.h"
#include "control/admin_priv.h"
#include "control/admin_stream.h"
#include "core/bans.h"
#include "core/core_conf.h"
#include "core/metrics.h"
#include "core/places.h"
#include "control/setting_change.h"
#include "edge_counter.h"
#include "edge_session.h"

#include <stdio.h>
#include <unistd.h>

static void put_listener(edge_json_t *json, const edge_section_t *section) {
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(section);
    const edge_listener_t *listener = section->instance;
    edge_json_object(json);
    edge_json_put_text(json, "name", section->name, 0);
    edge_admin_put_addresses(json, section);
    edge_json_put_text(json, "protocol", conf->protocol, 0);
    edge_json_put_string(
        json, "tls",
        edge_tls_mode_name(listener != NULL && listener->tls != NULL ? listener->tls->mode : EDGE_TLS_OFF));
    edge_json_put_text(json, "queue", conf->queue, 0);
    edge_json_put_text(json, "server_name", listener != NULL ? listener->server_name : EDGE_NO_SPAN, 0);
    edge_json_object_end(json);
}

static void put_listeners(edge_json_t *json, const edge_snapshot_t *snapshot) {
    edge_json_key(json, "listeners");
    edge_json_array(json);
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section != NULL;
         section = section->next) {
        if (section->scope == EDGE_SCOPE_LISTENER) {
            put_listener(json, section);
        }
    }
    edge_json_array_end(json);
}

/* Names of module counters carry their module in front, those of the core nothing. */
static void put_counters(edge_json_t *json) {
    edge_counter_entry_t entry;
    edge_json_key(json, "counters");
    edge_json_object(json);
    for (unsigned slot = 0; edge_counter_at(slot, &entry); slot++) {
        char name[512];
        bool core = strcmp(entry.module, "core") == 0, labelled = entry.labels[0] != '\0';
        snprintf(name, sizeof name, "%s%s%s%s%s%s", core ? "" : entry.module, core ? "" : ".", entry.name,
                 labelled ? "{" : "", entry.labels, labelled ? "}" : "");
        if (entry.kind == EDGE_COUNTER_TIME) {
            edge_json_key(json, name);
            edge_json_seconds(json, edge_counter_sum(slot));
        } else {
            edge_json_put_number(json, name, edge_counter_sum(slot));
        }
    }
    edge_json_object_end(json);
}

static void show_status(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_json_t *json = edge_admin_json(answer);
    (void)request;
    edge_json_object(json);
    edge_json_put_string(json, "version", EDGE_VERSION);
    edge_json_put_number(json, "pid", getppid());
    edge_json_put_number(json, "child", getpid());
    edge_json_put_number(json, "generation", (int64_t)edge_snapshot_generation(snapshot));
    edge_json_key(json, "uptime");
    edge_json_seconds(json, edge_admin_uptime());
    edge_json_put_number(json, "workers", edge_worker_count());
    edge_json_put_number(json, "sessions", edge_places_taken());
    edge_json_put_number(json, "sessions_most", edge_core_server_conf(snapshot)->max_connections);
    edge_json_put_number(json, "bans", edge_bans_list(NULL, 0, edge_clock_read().mono));
    put_listeners(json, snapshot);
    edge_json_key(json, "queues");
    edge_admin_queue_put_stats(json);
    put_counters(json);
    edge_json_object_end(json);
    edge_snapshot_drop(snapshot);
}

static void show_metrics(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    bool open = edge_metrics_wants_open(request->accept);
    edge_span_t text = edge_metrics_text(open, request->pool);
    edge_admin_stream(answer, open ? EDGE_METRICS_OPEN_TYPE : EDGE_METRICS_TYPE);
    edge_admin_send(answer, text);
}

const edge_admin_route_t edge_admin_routes[] = {
    {.method = "GET",
     .path = "/api/v1",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_index,
     .answer = edge_admin_index_answer,
     .prose = "Every route, with the role it needs, and the caller's role."},
    {.method = "GET",
     .path = "/api/v1/openapi.json",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_openapi,
     .answer = edge_admin_openapi_answer,
     .prose = "This description, as OpenAPI 3.1."},
    {.method = "GET",
     .path = "/api/v1/modules",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_modules_list,
     .answer = edge_admin_modules_answer,
     .prose = "Loaded modules, with all that each offers."},
    {.method = "GET",
     .path = "/api/v1/modules/{name}",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_list_item,
     .prose = "One of them."},
    {.method = "GET",
     .path = "/api/v1/tokens",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_tokens_list,
     .answer = edge_admin_tokens_list_answer,
     .prose = "Tokens: whose, what for, until when, last used; never the tokens themselves."},
    {.method = "GET",
     .path = "/api/v1/tokens/{name}",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_list_item,
     .prose = "One of them."},
    {.method = "POST",
     .path = "/api/v1/tokens",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_tokens_create,
     .body = edge_admin_tokens_create_body,
     .answer = edge_admin_tokens_create_answer,
     .flags = EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_CREATED | EDGE_ADMIN_SECRET,
     .prose = "Makes a token and shows it, once."},
    {.method = "DELETE",
     .path = "/api/v1/tokens/{name}",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_tokens_revoke,
     .answer = edge_admin_tokens_revoke_answer,
     .flags = EDGE_ADMIN_TAKES_REASON,
     .prose = "Makes a token worthless at once, and ends its sessions."},
    {.method = "GET",
     .path = "/api/v1/status",
     .role = EDGE_ADMIN_READ,
     .handler = show_status,
     .answer = edge_admin_status_answer,
     .prose = "Version, process, generation of the configuration, sessions, listeners, queues and all counters."},
    {.method = "GET",
     .path = "/metrics",
     .role = EDGE_ADMIN_READ,
     .handler = show_metrics,
     .media = EDGE_METRICS_TYPE,
     .prose = "All figures, as Prometheus reads them."},
    {.method = "GET",
     .path = "/api/v1/queue",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_queue_list,
     .answer = edge_admin_queue_list_answer,
     .arguments = edge_admin_queue_list_arguments,
     .prose = "Messages in the queues, oldest first."},
    {.method = "GET",
     .path = "/api/v1/queue/stat",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_queue_stat,
     .answer = edge_admin_queue_stat_answer,
     .prose = "Figures of each queue."},
    {.method = "GET",
     .path = "/api/v1/queue/shape",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_queue_shape,
     .arguments = edge_admin_queue_shape_arguments,
     .answer = edge_admin_queue_shape_answer,
     .prose = "Whose mail waits, and for how long: recipients by domain and age."},
    {.method = "GET",
     .path = "/api/v1/queue/{id}",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_queue_show,
     .answer = edge_admin_queue_show_answer,
     .prose = "The envelope of one message, with each delivery."},
    {.method = "GET",
     .path = "/api/v1/queue/{id}/content",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_queue_content,
     .arguments = edge_admin_queue_content_arguments,
     .media = "message/rfc822",
     .prose = "The stored message's exact bytes, or its header block."},
    {.method = "POST",
     .path = "/api/v1/queue/{id}/hold",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_queue_hold,
     .answer = edge_admin_queue_change_answer,
     .prose = "Keeps the message until it is released.",
     .flags = EDGE_ADMIN_NEEDS_REASON},
    {.method = "POST",
     .path = "/api/v1/queue/{id}/release",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_queue_release,
     .answer = edge_admin_queue_change_answer,
     .prose = "Lets a held message go on.",
     .flags = EDGE_ADMIN_TAKES_REASON},
    {.method = "POST",
     .path = "/api/v1/queue/{id}/requeue",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_queue_requeue,
     .answer = edge_admin_queue_change_answer,
     .prose = "Makes the message due at once.",
     .flags = EDGE_ADMIN_TAKES_REASON},
    {.method = "DELETE",
     .path = "/api/v1/queue/{id}",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_queue_delete,
     .arguments = edge_admin_queue_delete_arguments,
     .answer = edge_admin_queue_change_answer,
     .prose = "Removes the message for good; nobody is told, but with bounce=true.",
     .flags = EDGE_ADMIN_NEEDS_REASON},
    {.method = "GET",
     .path = "/livez",
     .role = EDGE_ADMIN_NOBODY,
     .handler = edge_admin_livez,
     .flags = EDGE_ADMIN_PUBLIC,
     .media = "text/plain; charset=utf-8",
     .prose = "Whether this process answers: ok."},
    {.method = "GET",
     .path = "/readyz",
     .role = EDGE_ADMIN_NOBODY,
     .handler = edge_admin_readyz,
     .flags = EDGE_ADMIN_PUBLIC,
     .media = "text/plain; charset=utf-8",
     .prose = "Whether connections may be sent here: 200, or 503 and why not."},
    {.method = "GET",
     .path = "/api/v1/build",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_build,
     .answer = edge_admin_build_answer,
     .prose = "What this program was made of."},
    {.method = "GET",
     .path = "/api/v1/health",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_health,
     .answer = edge_admin_health_answer,
     .prose = "A few checks: listeners, spool, disk, certificates, workers, configuration, clock, DNS."},
    {.method = "GET",
     .path = "/api/v1/overview",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_overview,
     .answer = edge_admin_overview_answer,
     .prose = "How the server does, on one page; with an entity tag for those who ask often."},
    {.method = "GET",
     .path = "/api/v1/overview/history",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_history,
     .arguments = edge_admin_history_arguments,
     .answer = edge_admin_history_answer,
     .prose = "Rates and levels of the last hours."},
    {.method = "GET",
     .path = "/api/v1/workers",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_workers,
     .answer = edge_admin_workers_answer,
     .prose = "The workers: processor time, length of their turns."},
    {.method = "GET",
     .path = "/api/v1/workers/{worker}",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_list_item,
     .prose = "One of them."},
    {.method = "GET",
     .path = "/api/v1/listeners",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_listeners_list,
     .answer = edge_admin_listeners_list_answer,
     .prose = "The listeners: where they listen, whether they are open, what has come."},
    {.method = "GET",
     .path = "/api/v1/listeners/{name}",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_listeners_show,
     .answer = edge_admin_listeners_show_answer,
     .prose = "One listener."},
    {.method = "POST",
     .path = "/api/v1/listeners/{name}/pause",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_listeners_pause,
     .answer = edge_admin_listeners_show_answer,
     .flags = EDGE_ADMIN_NEEDS_REASON,
     .prose = "Takes no more connections there, over reloads too; sessions go on."},
    {.method = "POST",
     .path = "/api/v1/listeners/{name}/resume",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_listeners_resume,
     .answer = edge_admin_listeners_show_answer,
     .flags = EDGE_ADMIN_TAKES_REASON,
     .prose = "Takes connections there again."},
    {.method = "POST",
     .path = "/api/v1/listeners/{name}/drain",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_listeners_drain,
     .answer = edge_admin_listeners_show_answer,
     .flags = EDGE_ADMIN_NEEDS_REASON,
     .prose = "Takes no more connections there, and ends its sessions behind what they have begun."},
    {.method = "GET",
     .path = "/api/v1/drain",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_drain_show,
     .answer = edge_admin_drain_answer,
     .prose = "Whether the server drains."},
    {.method = "POST",
     .path = "/api/v1/drain",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_drain_begin,
     .arguments = edge_admin_drain_arguments,
     .answer = edge_admin_drain_answer,
     .flags = EDGE_ADMIN_NEEDS_REASON,
     .prose = "Drains the server: readiness fails, listeners close, sessions end behind what they have begun, at the "
              "deadline at once."},
    {.method = "DELETE",
     .path = "/api/v1/drain",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_drain_end,
     .answer = edge_admin_drain_answer,
     .flags = EDGE_ADMIN_TAKES_REASON,
     .prose = "Ends the drain: listeners that are not shut by themselves take connections again."},
    {.method = "GET",
     .path = "/api/v1/sessions",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_sessions_list,
     .arguments = edge_admin_sessions_list_arguments,
     .answer = edge_admin_sessions_list_answer,
     .prose = "Sessions that are open, or the last that have ended."},
    {.method = "GET",
     .path = "/api/v1/sessions/{id}",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_sessions_show,
     .answer = edge_admin_sessions_show_answer,
     .prose = "One session, open or among the last that have ended."},
    {.method = "GET",
     .path = "/api/v1/sessions/{id}/transcript",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_transcript,
     .arguments = edge_admin_transcript_arguments,
     .answer = edge_admin_transcript_answer,
     .stream = EDGE_ADMIN_STREAM_TYPE,
     .prose = "The last commands and replies of a session, without credentials and messages."},
    {.method = "POST",
     .path = "/api/v1/sessions/{id}/disconnect",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_sessions_disconnect,
     .arguments = edge_admin_sessions_disconnect_arguments,
     .answer = edge_admin_sessions_disconnect_answer,
     .flags = EDGE_ADMIN_NEEDS_REASON,
     .prose = "Ends a session, with 421 where that can be said."},
    {.method = "GET",
     .path = "/api/v1/bans",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_bans_list,
     .answer = edge_admin_bans_list_answer,
     .prose = "Addresses and networks that are banned, newest first."},
    {.method = "GET",
     .path = "/api/v1/bans/{address}",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_list_item,
     .prose = "The ban of just this address or network."},
    {.method = "POST",
     .path = "/api/v1/bans",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_bans_add,
     .answer = edge_admin_bans_add_answer,
     .arguments = edge_admin_bans_add_arguments,
     .prose = "Bans an address or a network.",
     .flags = EDGE_ADMIN_TAKES_REASON},
    {.method = "DELETE",
     .path = "/api/v1/bans/{address}",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_bans_lift,
     .answer = edge_admin_bans_lift_answer,
     .prose = "Lifts the ban of an address or a network; all lifts every one.",
     .flags = EDGE_ADMIN_TAKES_REASON},
    {.method = "GET",
     .path = "/api/v1/validators",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_validators_list,
     .answer = edge_admin_validators_list_answer,
     .prose = "Validators with their bindings: mode, where it is written, and what was answered."},
    {.method = "GET",
     .path = "/api/v1/validators/{name}",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_list_item,
     .prose = "One of them."},
    {.method = "GET",
     .path = "/api/v1/validators/{name}/stats",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_validators_stats,
     .answer = edge_admin_validators_stats_answer,
     .prose = "What one validator answered over all listeners, by command, mode and result, and the time it took."},
    {.method = "PATCH",
     .path = "/api/v1/validators/{name}/bindings/{listener}/{command}",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_validators_mode,
     .answer = edge_admin_validators_mode_answer,
     .arguments = edge_admin_validators_mode_arguments,
     .prose = "Sets the mode of a binding from the next command on: the setting validator.NAME.LISTENER.COMMAND.mode "
              "by another way.",
     .flags = EDGE_ADMIN_TAKES_REASON},
    {.method = "POST",
     .path = "/api/v1/auth/test",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_credentials_test,
     .body = edge_admin_credentials_test_body,
     .answer = edge_admin_credentials_test_answer,
     .flags = EDGE_ADMIN_TAKES_REASON,
     .prose =
         "Asks the stores of a listener whether a name and a password would do, as AUTH PLAIN asks them. No failure "
         "is counted and nobody is banned; the password is written nowhere."},
    {.method = "GET",
     .path = "/api/v1/events",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_events,
     .arguments = edge_admin_events_arguments,
     .prose = "What happens, as server-sent events; Last-Event-ID goes on behind the last one seen.",
     .media = EDGE_ADMIN_STREAM_TYPE},
    {.method = "GET",
     .path = "/api/v1/config/settings",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_settings_list,
     .arguments = edge_admin_settings_list_arguments,
     .answer = edge_admin_settings_list_answer,
     .prose =
         "Every setting: what holds, where it comes from, what the files say, and what may be changed while running."},
    {.method = "PATCH",
     .path = "/api/v1/config/settings",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_settings_batch,
     .flags = EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_NEEDS_MATCH | EDGE_ADMIN_DRY_RUN,
     .body = edge_admin_settings_batch_body,
     .answer = edge_setting_changing_rows,
     .prose = "Changes several settings, or takes changes back: all or none. If-Match is the tag of the whole list."},
    {.method = "DELETE",
     .path = "/api/v1/config/settings",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_settings_clear,
     .flags = EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_NEEDS_MATCH | EDGE_ADMIN_DRY_RUN,
     .answer = edge_setting_changing_rows,
     .prose = "Takes every change back: what the files say holds again."},
    {.method = "GET",
     .path = "/api/v1/config/settings/{key}",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_settings_show,
     .answer = edge_setting_rows,
     .prose = "One setting."},
    {.method = "PATCH",
     .path = "/api/v1/config/settings/{key}",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_settings_change,
     .flags = EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_NEEDS_MATCH | EDGE_ADMIN_DRY_RUN,
     .body = edge_admin_settings_change_body,
     .answer = edge_setting_changing_rows,
     .prose = "Changes a setting while running. Levels of logs, and modes of validators but for enforce beyond what is "
              "written, need role operate; all else, and what is to be persistent, needs admin."},
    {.method = "DELETE",
     .path = "/api/v1/config/settings/{key}",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_settings_revert,
     .flags = EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_NEEDS_MATCH | EDGE_ADMIN_DRY_RUN,
     .answer = edge_setting_changing_rows,
     .prose = "Takes a change back: what the files say holds again."},
    {.method = "GET",
     .path = "/api/v1/audit",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_audit_list,
     .arguments = edge_admin_audit_list_arguments,
     .answer = edge_admin_audit_list_answer,
     .prose = "Who changed what of the running server, when, why, and what came of it; newest first."},
    {.path = NULL},
};
