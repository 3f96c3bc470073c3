/*
 * Configurations with scripts: what a script says comes to be seen as lines of the configuration it grew. Modules that bring
 * the rows stand in the test program itself; their values are of no concern here.
 */
#ifndef EDGE_TEST_LUA_CONF_FIXTURE_H
#define EDGE_TEST_LUA_CONF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../modules/lua/lua_script.h"
#include "../core/conf_core_fixture.h"

static bool wire_set(const edge_conf_line_t *line, void *conf) {
    (void)line;
    (void)conf;
    return true;
}

#define WIRE_ROW(text, scope)                                                                            \
    {                                                                                                    \
        .name = text, .scopes = EDGE_IN(scope), .type = EDGE_CONF_CUSTOM, .set = wire_set, .many = true, \
        .usage = "ANY", .prose = "Anything."                                                             \
    }

static const edge_directive_t wire_directives[] = {
    WIRE_ROW("Banner", LISTENER),
    WIRE_ROW("TLS", LISTENER),
    WIRE_ROW("Auth", SERVER),
    WIRE_ROW("Auth", LISTENER),
    WIRE_ROW("Certificate", TLSCONTEXT),
    WIRE_ROW("CertificateKey", TLSCONTEXT),
    WIRE_ROW("ClientCA", TLSCONTEXT),
    WIRE_ROW("ClientCertificate", TLSCONTEXT),
    WIRE_ROW("Type", AUTHBACKEND),
    {.name = NULL},
};

static const edge_conf_struct_t wire_structs[] = {
    {EDGE_SCOPE_SERVER, sizeof(int)},
    {EDGE_SCOPE_LISTENER, sizeof(int)},
    {EDGE_SCOPE_TLSCONTEXT, sizeof(int)},
    {EDGE_SCOPE_AUTHBACKEND, sizeof(int)},
    {0, 0},
};

static void *wire_prepare(edge_conf_check_t *check, const edge_section_t *listener, uint32_t carries,
                          apr_pool_t *pool) {
    (void)check;
    (void)carries;
    (void)pool;
    return (void *)(uintptr_t)listener;
}

static const edge_protocol_t wire_smtp = {.name = "smtp", .prepare = wire_prepare};
static const edge_protocol_t wire_http = {.name = "http", .prepare = wire_prepare};
static const edge_provider_row_t wire_providers[] = {
    {"protocol", "smtp", &wire_smtp, "SMTP of the test."},
    {"protocol", "http", &wire_http, "HTTP of the test."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(wire) = {.summary = "what a script sets, with any value",
                     .structs = wire_structs,
                     .directives = wire_directives,
                     .providers = wire_providers};

/* Bound, and never called: what functions do is another test's concern. */
static edge_check_answer_t wire_check(const edge_check_call_t *call, edge_reply_t *reply) {
    (void)call;
    (void)reply;
    return EDGE_CHECK_PASS;
}

static edge_check_row_t wire_checks[EDGE_PHASE_COUNT + 1];

static inline void wire_bind_all(void) {
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++)
        wire_checks[phase] = (edge_check_row_t){
            .phase = (edge_phase_t)phase, .name = "lua", .function = wire_check, .prose = "Is never called."};
    lua_module.checks = wire_checks;
}

#define WIRE_LOAD "LoadModule probe_module x\nLoadModule wire_module x\nLoadModule lua_module x\n"
#define WIRE_QUEUE "<Queue main>\nSpool spool/main\n</Queue>\n"

static edge_snapshot_t *wire_snapshot;

static inline void wire_drop(void) {
    if (wire_snapshot)
        edge_snapshot_drop(wire_snapshot);
    wire_snapshot = NULL;
}

/* What the configuration comes to with `script` as edge.lua, behind `server` and the queue. */
static inline void wire_build(const char *script, const char *server) {
    wire_drop();
    fixture_file("edge.lua", script);
    wire_snapshot = fixture_build(apr_pstrcat(fixture_pool, WIRE_LOAD WIRE_QUEUE, server, NULL));
}

static inline void wire_of_listener(const char *script, const char *listener) {
    wire_build(script, apr_pstrcat(fixture_pool, "<Listener mx>\nListen 127.0.0.1:25\nQueue main\nLuaScript edge.lua\n",
                                   listener, "\n</Listener>\n", NULL));
}

static inline void wire_of_server(const char *script) { wire_build(script, "LuaScript edge.lua\n"); }

static inline const char *wire_nodes(const edge_conf_node_t *parent, const char *text) {
    for (const edge_conf_node_t *node = parent->first; node; node = node->next) {
        if (node->grown) {
            text = apr_psprintf(fixture_pool, "%s%s%u %s%s%s", text, *text ? "; " : "", node->line,
                                parent->parent || parent->count ? parent->arguments[0].text.at : "",
                                parent->parent || parent->count ? "/" : "", node->name.at);
            for (unsigned i = 0; i < node->count; i++)
                text = apr_pstrcat(fixture_pool, text, " ", node->arguments[i].text.at, NULL);
        }
        if (node->is_section)
            text = wire_nodes(node, text);
    }
    return text;
}

/* "3 mx/Banner 220 hello; 4 TLSContext lua:mx:edge.lua:4; ..." */
static inline const char *wire_grown(void) { return wire_nodes(&fixture_tree_of->root, ""); }

static inline const char *wire_first_text(void) { return fixture_report.first ? fixture_report.first->text : ""; }

/* The script of a listener must say nothing wrong, and grow this. */
static inline void wire_grows(const char *script, const char *grown) {
    wire_of_listener(script, "");
    assert_string_equal(fixture_codes(), "");
    assert_string_equal(wire_grown(), grown);
}

/* The one diagnostic. */
static inline void wire_fails(const char *script, const char *code, const char *text) {
    wire_of_listener(script, "");
    assert_string_equal(fixture_codes(), code);
    assert_string_equal(wire_first_text(), text);
}

static inline int wire_set_up(void **state) {
    const char *why = NULL;
    if (fixture_set_up(state) || edge_module_load("wire_module", "", fixture_pool, &why) != APR_SUCCESS ||
        edge_module_load("lua_module", "", fixture_pool, &why) != APR_SUCCESS) {
        fprintf(stderr, "%s\n", why ? why : "");
        return 1;
    }
    wire_bind_all();
    return 0;
}

static inline int wire_tear_down(void **state) {
    wire_drop();
    return fixture_tear_down(state);
}

#endif
