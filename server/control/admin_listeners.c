/* Admin routes about listeners, and about draining them or the whole server. */
#include "control/admin_priv.h"
#include "core/core_conf.h"
#include "core/listener_counters.h"
#include "core/listening.h"
#include "control/live_sessions.h"
#include "core/places.h"
#include "core/setting.h"
#include "core/auth.h"
#include "edge_audit.h"
#include "edge_event.h"
#include "edge_log.h"
#include "edge_session.h"

#include <apr_strings.h>
#include <stdio.h>

EDGE_LOG_AREA(edge_admin_listeners_log, "admin")

/* A listener */

static void put_tls(edge_json_t *json, const edge_listener_t *listener) {
    const edge_tls_provider_t *provider = edge_tls_provider();
    edge_json_key(json, "tls");
    if (listener->tls == NULL) {
        edge_json_null(json);
        return;
    }
    edge_json_object(json);
    edge_json_put_string(json, "mode", edge_tls_mode_name(listener->tls->mode));
    edge_json_put_string(json, "context",
                         provider != NULL && provider->context_of != NULL ? provider->context_of(listener->tls) : NULL);
    edge_json_object_end(json);
}

static void put_auth(edge_json_t *json, const edge_listener_t *listener) {
    edge_auth_mechanism_t mechanism;
    edge_json_key(json, "auth");
    if (listener->auth == NULL) {
        edge_json_null(json);
        return;
    }
    edge_json_object(json);
    edge_json_put_string(json, "state", listener->auth->required ? "required" : "on");
    edge_json_key(json, "mechanisms");
    edge_json_array(json);
    for (unsigned i = 0; edge_auth_provider()->mechanism_at(listener->auth, i, &mechanism); i++) {
        if (mechanism.enabled && mechanism.served) {
            edge_json_text(json, edge_span_of(mechanism.name), 0);
        }
    }
    edge_json_array_end(json);
    edge_json_object_end(json);
}

static void put_totals(edge_json_t *json, const edge_listener_t *listener) {
    int64_t refused = edge_listener_counted(listener, EDGE_LC_MESSAGES, EDGE_MESSAGES_REJECTED) +
                      edge_listener_counted(listener, EDGE_LC_MESSAGES, EDGE_MESSAGES_TEMPFAIL);
    edge_json_key(json, "totals");
    edge_json_object(json);
    edge_json_put_number(json, "connections", edge_listener_counted(listener, EDGE_LC_CONNECTIONS, 0));
    edge_json_put_number(json, "messages", edge_listener_taken(listener));
    edge_json_put_number(json, "rejected", refused);
    edge_json_object_end(json);
}

static void put_state(edge_json_t *json, const edge_listener_t *listener) {
    edge_listener_openness_t openness = edge_openness_of(listener->name);
    edge_drain_t drain = edge_drain_now();
    bool drains = drain.on && openness.state == EDGE_OPEN && !listener->protocol->takes_no_mail;
    edge_json_put_string(json, "state", edge_openness_name(drains ? EDGE_DRAINING : openness.state));
    edge_admin_put_time(json, "since", drains ? drain.since : openness.since);
}

void edge_admin_put_addresses(edge_json_t *json, const edge_section_t *section) {
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(section);
    edge_json_key(json, "addresses");
    edge_json_array(json);
    for (unsigned i = 0; i < conf->listen_count; i++) {
        edge_json_text(json, conf->listens[i].text, 0);
    }
    edge_json_array_end(json);
}

static void put_listener(edge_json_t *json, const edge_section_t *section, apr_pool_t *pool) {
    const apr_array_header_t *settings = edge_settings_list(section->snapshot, pool);
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(section);
    const edge_listener_t *listener = section->instance;
    edge_json_object(json);
    edge_json_put_text(json, "name", section->name, 0);
    edge_admin_put_addresses(json, section);
    edge_json_put_text(json, "protocol", conf->protocol, 0);
    put_tls(json, listener);
    put_auth(json, listener);
    edge_json_put_text(json, "queue", conf->queue, 0);
    edge_json_put_text(json, "server_name", listener->server_name, 0);
    edge_json_put_string(json, "banner", edge_admin_banner_of(settings, section, pool));
    put_state(json, listener);
    edge_json_put_number(json, "sessions", edge_listener_counted(listener, EDGE_LC_ACTIVE, 0));
    edge_json_put_number(json, "most", conf->max_connections);
    edge_json_key(json, "source");
    edge_json_object(json);
    edge_json_put_string(json, "file", section->file);
    edge_json_put_number(json, "line", section->line);
    edge_json_object_end(json);
    put_totals(json, listener);
    edge_json_object_end(json);
}

static bool is_listener(const edge_section_t *section) {
    return section->scope == EDGE_SCOPE_LISTENER && section->instance != NULL;
}

void edge_admin_listeners_list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_snapshot_t *snapshot = edge_snapshot_current();
    unsigned count = 0;
    (void)request;
    edge_admin_list_start(answer);
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section != NULL;
         section = section->next) {
        if (is_listener(section)) {
            put_listener(json, section, request->pool);
            count++;
        }
    }
    edge_admin_list_end(answer, NULL, count);
    edge_snapshot_drop(snapshot);
}

/* NULL after a problem was answered. */
static const edge_section_t *find(const edge_admin_request_t *request, const edge_snapshot_t *snapshot,
                                  edge_admin_answer_t *answer) {
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, request->pieces[0]);
    if (section == NULL || !is_listener(section)) {
        edge_admin_problem(answer, 404, "not-found", "There is no <Listener %.100s>.", request->pieces[0].at);
        return NULL;
    }
    return section;
}

void edge_admin_listeners_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    const edge_section_t *section = find(request, snapshot, answer);
    if (section != NULL) {
        put_listener(edge_admin_json(answer), section, request->pool);
    }
    edge_snapshot_drop(snapshot);
}

static void tell(edge_span_t name, edge_openness_t state) {
    char text[256];
    edge_json_t json;
    edge_json_start_fixed(&json, text, sizeof text);
    edge_json_object(&json);
    edge_json_put_text(&json, "listener", name, 64);
    edge_json_put_string(&json, "state", edge_openness_name(state));
    edge_json_object_end(&json);
    edge_event("listener", edge_span(json.text, json.len));
}

static void set_state(const edge_admin_request_t *request, edge_admin_answer_t *answer, edge_openness_t state) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    const edge_section_t *section = find(request, snapshot, answer);
    edge_span_t name = request->pieces[0];
    const edge_listener_t *listener = section != NULL ? section->instance : NULL;
    if (listener != NULL && listener->protocol->takes_no_mail) {
        edge_admin_problem(answer, 409, "conflict",
                           "%s is a listener of the admin: it is how the others are opened again.", name.at);
    } else if (section != NULL) {
        edge_openness_t before = edge_openness_of(name).state;
        if (edge_openness_set(name, state, edge_clock_read().wall)) {
            edge_listening_obey(name);
            if (state == EDGE_DRAINING) {
                edge_live_sessions_stop_all(name, EDGE_STOP_SOON, EDGE_R_SHUTDOWN, EDGE_CLOSE_DRAIN);
            }
            EDGE_LOG(&edge_admin_listeners_log, EDGE_LOG_NOTICE, 916, "listener %s is %s, was %s, by %s: %s", name.at,
                     edge_openness_name(state), edge_openness_name(before), request->who,
                     request->reason.at != NULL ? request->reason.at : "");
            edge_audit(request, "listener.state", name.at, edge_openness_name(before), edge_openness_name(state),
                       "done");
            tell(name, state);
            put_listener(edge_admin_json(answer), section, request->pool);
        } else {
            edge_admin_problem(answer, 507, "no-room", "No more listeners can be shut; open another one.");
        }
    }
    edge_snapshot_drop(snapshot);
}

void edge_admin_listeners_pause(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    set_state(request, answer, EDGE_PAUSED);
}
void edge_admin_listeners_resume(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    set_state(request, answer, EDGE_OPEN);
}
void edge_admin_listeners_drain(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    set_state(request, answer, EDGE_DRAINING);
}

/* The whole server */

#define DEADLINE_USUAL EDGE_SECONDS(120)

enum { DRAIN_DEADLINE, DRAIN_EXIT };
const edge_admin_argument_t edge_admin_drain_arguments[] = {
    [DRAIN_DEADLINE] = {.name = "deadline",
                        .kind = EDGE_ADMIN_SECONDS,
                        .max = EDGE_SECONDS(86400),
                        .prose = "Sessions that are left then are ended at once; 120 s when not given."},
    [DRAIN_EXIT] = {.name = "exit", .kind = EDGE_ADMIN_SWITCH, .prose = "Stop the server when no session is left."},
    {.name = NULL},
};

static void put_drain(edge_json_t *json) {
    edge_drain_t drain = edge_drain_now();
    edge_json_object(json);
    edge_json_put_bool(json, "draining", drain.on);
    edge_admin_put_time(json, "since", drain.on ? drain.since : 0);
    edge_json_put_number(json, "sessions", edge_places_taken());
    edge_admin_put_time(json, "deadline", drain.on ? drain.deadline : 0);
    edge_json_put_bool(json, "exit", drain.on && drain.leaves);
    edge_json_object_end(json);
}

void edge_admin_drain_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    (void)request;
    put_drain(edge_admin_json(answer));
}

void edge_admin_drain_begin(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_clock_t now = edge_clock_read();
    edge_mono_t time =
        request->arguments[DRAIN_DEADLINE].at != NULL ? (edge_mono_t)request->numbers[DRAIN_DEADLINE] : DEADLINE_USUAL;
    edge_drain_t drain = {.on = true,
                          .leaves = request->numbers[DRAIN_EXIT] == 1,
                          .since = now.wall,
                          .deadline = now.wall + time,
                          .deadline_mono = now.mono + time};
    if (edge_draining()) {
        edge_admin_problem(answer, 409, "conflict", "The server drains already.");
        return;
    }
    edge_drain_set(&drain); /* readiness fails first */
    edge_listening_obey(EDGE_NO_SPAN);
    unsigned told = edge_live_sessions_stop_all(EDGE_NO_SPAN, EDGE_STOP_SOON, EDGE_R_SHUTDOWN, EDGE_CLOSE_DRAIN);
    EDGE_LOG(&edge_admin_listeners_log, EDGE_LOG_NOTICE, 917, "the server drains by %s, %u sessions are told: %s",
             request->who, told, request->reason.at != NULL ? request->reason.at : "");
    edge_audit(request, "server.drain", "server", "false", "true", "done");
    tell(edge_span_of("*"), EDGE_DRAINING);
    put_drain(edge_admin_json(answer));
}

void edge_admin_drain_end(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_drain_t drain = {.on = false};
    if (!edge_draining()) {
        edge_admin_problem(answer, 409, "conflict", "The server does not drain.");
        return;
    }
    edge_drain_set(&drain);
    edge_listening_obey(EDGE_NO_SPAN);
    EDGE_LOG(&edge_admin_listeners_log, EDGE_LOG_NOTICE, 918,
             "the drain is over by %s: listeners take connections again", request->who);
    edge_audit(request, "server.drain", "server", "true", "false", "done");
    tell(edge_span_of("*"), EDGE_OPEN);
    put_drain(edge_admin_json(answer));
}

/* What they answer */

static const edge_admin_argument_t tls_rows[] = {
    {"mode", EDGE_ADMIN_TEXT, .prose = "starttls or immediate."},
    {"context", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "The <TLSContext>."},
    {.name = NULL},
};
static const edge_admin_argument_t auth_rows[] = {
    {"state", EDGE_ADMIN_TEXT, .prose = "on or required."},
    {"mechanisms", EDGE_ADMIN_TEXTS, .prose = "Those that are offered; some of them only under TLS."},
    {.name = NULL},
};
static const edge_admin_argument_t source_rows[] = {
    {"file", EDGE_ADMIN_TEXT, .prose = "The file."},
    {"line", EDGE_ADMIN_NUMBER, .prose = "The line."},
    {.name = NULL},
};
static const edge_admin_argument_t totals_rows[] = {
    {"connections", EDGE_ADMIN_NUMBER, .prose = "Accepted."},
    {"messages", EDGE_ADMIN_NUMBER, .prose = "Accepted."},
    {"rejected", EDGE_ADMIN_NUMBER, .prose = "Messages refused for good or for now."},
    {.name = NULL},
};

const edge_admin_argument_t edge_admin_listeners_show_answer[] = {
    {"name", EDGE_ADMIN_TEXT, .prose = "Of the <Listener>."},
    {"addresses", EDGE_ADMIN_TEXTS, .prose = "Where it listens."},
    {"protocol", EDGE_ADMIN_TEXT, .prose = "smtp, http ..."},
    {"tls", EDGE_ADMIN_OBJECT, .rows = tls_rows, .may = EDGE_ADMIN_NULL, .prose = "Encryption."},
    {"auth", EDGE_ADMIN_OBJECT, .rows = auth_rows, .may = EDGE_ADMIN_NULL, .prose = "Credentials."},
    {"queue", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "Where its messages go."},
    {"server_name", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "As it calls itself."},
    {"banner", EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL,
     .prose = "The reply that greets a client; null: there is none."},
    {"state", EDGE_ADMIN_TEXT, .prose = "open; paused: no new connections; draining: its sessions are to end as well."},
    {"since", EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "Since when; null: from the start."},
    {"sessions", EDGE_ADMIN_NUMBER, .prose = "Open now."},
    {"most", EDGE_ADMIN_NUMBER, .prose = "MaxConnections."},
    {"source", EDGE_ADMIN_OBJECT, .rows = source_rows, .prose = "Where it is written."},
    {"totals", EDGE_ADMIN_OBJECT, .rows = totals_rows, .prose = "So far."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_listeners_list_answer[] = {
    {"items", EDGE_ADMIN_LIST, .rows = edge_admin_listeners_show_answer, .prose = "The listeners."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_drain_answer[] = {
    {"draining", EDGE_ADMIN_SWITCH, .prose = "Whether the server drains."},
    {"since", EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "Since when."},
    {"sessions", EDGE_ADMIN_NUMBER, .prose = "Open now."},
    {"deadline", EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "When those that are left are ended at once."},
    {"exit", EDGE_ADMIN_SWITCH, .prose = "Whether the server stops then."},
    {.name = NULL},
};
