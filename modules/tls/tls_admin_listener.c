/* The TLS that a listener has in force: its own line, its <TLSContext>, the certificates, and what handshakes came to. */
#include "tls.h"

#include "edge_session.h"

static void put_files(edge_json_t *json, const char *key, const tls_files_t *files) {
    edge_json_key(json, key);
    edge_json_array(json);
    for (unsigned i = 0; i < files->count; i++)
        edge_json_text(json, files->at[i].path, 0);
    edge_json_array_end(json);
}

static void put_context(edge_json_t *json, const tls_context_t *context) {
    edge_json_key(json, "context");
    if (!context) {
        edge_json_null(json);
        return;
    }
    const tls_conf_t *conf = context->conf;
    edge_json_object(json);
    edge_json_put_string(json, "name", context->name);
    edge_json_put_string(json, "file", context->section->file);
    edge_json_put_number(json, "line", context->section->line);
    edge_json_put_string(json, "min_version", tls_conf_min_version(conf));
    edge_json_put_text(json, "ciphers", conf->ciphers, 0);
    edge_json_put_text(json, "cipher_suites", conf->suites, 0);
    edge_json_put_text(json, "groups", conf->groups, 0);
    edge_json_put_bool(json, "session_tickets", conf->tickets);
    edge_json_put_string(json, "client_certificate", tls_conf_client(conf));
    put_files(json, "client_ca", &conf->client_cas);
    edge_json_object_end(json);
}

static void put_certificates(edge_json_t *json, tls_context_t *context, apr_pool_t *pool) {
    edge_json_key(json, "certificates");
    edge_json_array(json);
    if (context) {
        tls_set_t *set = tls_context_take(context);
        for (unsigned i = 0; i < set->pair_count; i++)
            tls_certificate_put(json, set, &set->pairs[i], pool);
        tls_set_drop(set);
    }
    edge_json_array_end(json);
}

static void put_handshakes(edge_json_t *json, const edge_listener_t *listener) {
    edge_handshakes_t handshakes;
    edge_json_key(json, "handshakes");
    edge_json_array(json);
    for (unsigned i = 0; edge_listener_handshakes(listener, i, &handshakes); i++) {
        edge_json_object(json);
        edge_json_put_string(json, "version", handshakes.version);
        edge_json_put_string(json, "result", handshakes.version ? "ok" : "failed");
        edge_json_put_number(json, "count", handshakes.count);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_listener(edge_json_t *json, const edge_listener_t *listener, apr_pool_t *pool) {
    const edge_tls_listener_t *tls = listener->tls;
    tls_context_t *context = tls ? (tls_context_t *)tls->settings : NULL;
    edge_json_object(json);
    edge_json_put_text(json, "listener", listener->name, 0);
    edge_json_put_string(json, "mode", edge_tls_mode_name(tls ? tls->mode : EDGE_TLS_OFF));
    edge_json_put_string(json, "require", tls_conf_require(tls ? tls->require : EDGE_TLS_REQUIRE_NOTHING));
    put_context(json, context);
    put_certificates(json, context, pool);
    put_handshakes(json, listener);
    edge_json_object_end(json);
}

void tls_admin_listener(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, request->pieces[0]);
    if (section && section->instance)
        put_listener(edge_admin_json(answer), section->instance, answer->pool);
    else
        edge_admin_problem(answer, 404, "not-found", "There is no <Listener %.100s>.", request->pieces[0].at);
    edge_snapshot_drop(snapshot);
}

static const edge_admin_argument_t context_rows[] = {
    {.name = "name", .kind = EDGE_ADMIN_TEXT, .prose = "Of the <TLSContext>; other listeners may have the same."},
    {.name = "file", .kind = EDGE_ADMIN_TEXT, .prose = "Where it is written."},
    {.name = "line", .kind = EDGE_ADMIN_NUMBER, .prose = "The line."},
    {.name = "min_version", .kind = EDGE_ADMIN_TEXT, .prose = "MinVersion: the oldest version that is spoken."},
    {.name = "ciphers", .kind = EDGE_ADMIN_TEXT, .prose = "Ciphers: of TLS 1.2, the preferred one first."},
    {.name = "cipher_suites", .kind = EDGE_ADMIN_TEXT, .prose = "CipherSuites: of TLS 1.3, the preferred one first."},
    {.name = "groups", .kind = EDGE_ADMIN_TEXT, .prose = "Groups: for the exchange of keys, the preferred one first."},
    {.name = "session_tickets", .kind = EDGE_ADMIN_SWITCH, .prose = "SessionTickets: whether clients keep sessions."},
    {.name = "client_certificate", .kind = EDGE_ADMIN_TEXT, .prose = "ClientCertificate: off, request or require."},
    {.name = "client_ca", .kind = EDGE_ADMIN_TEXTS, .prose = "ClientCA: files with those who may sign them."},
    {.name = NULL},
};
static const edge_admin_argument_t handshake_rows[] = {
    {.name = "version", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "What was agreed on; null: nothing."},
    {.name = "result", .kind = EDGE_ADMIN_TEXT, .prose = "ok or failed."},
    {.name = "count", .kind = EDGE_ADMIN_NUMBER, .prose = "So far, over reloads."},
    {.name = NULL},
};

const edge_admin_argument_t tls_admin_listener_answer[] = {
    {.name = "listener", .kind = EDGE_ADMIN_TEXT, .prose = "Of the <Listener>."},
    {.name = "mode", .kind = EDGE_ADMIN_TEXT, .prose = "off, starttls or immediate."},
    {.name = "require", .kind = EDGE_ADMIN_TEXT, .prose = "What is refused before STARTTLS: nothing, auth or all."},
    {.name = "context",
     .kind = EDGE_ADMIN_OBJECT,
     .rows = context_rows,
     .may = EDGE_ADMIN_NULL,
     .prose = "The settings, as they are written or by default; null when the mode is off."},
    {.name = "certificates",
     .kind = EDGE_ADMIN_LIST,
     .rows = tls_certificate_rows,
     .prose = "In use there, as the list of all certificates tells them."},
    {.name = "handshakes",
     .kind = EDGE_ADMIN_LIST,
     .rows = handshake_rows,
     .prose = "By what came of them; empty when the mode is off."},
    {.name = NULL},
};
