/* A session whose validators are a script's: what the script answers is seen as the protocol sees it. */
#ifndef EDGE_TEST_LUA_BENCH_H
#define EDGE_TEST_LUA_BENCH_H

#include <apr_general.h>
#include <stdio.h>

#include "lua_fixture.h"

#include "../core/session_fixture.h"
#include "core/session.h"
#include "proto/smtp_reply.h"

static elua_script_t lua_bench_script;
static elua_handler_t lua_bench_handler = {&lua_bench_script, 0};
static const edge_check_row_t lua_bench_row = {
    .name = "lua", .function = elua_call_check, .resumed = elua_call_resumed};
static const edge_refusal_t lua_bench_no_words;
static edge_binding_t lua_bench_bindings[EDGE_PHASE_COUNT];

/* Every phase asks the script; a phase for which it has set nothing fails. */
static inline void lua_bench_load(const char *text) {
    lua_bench_script = (elua_script_t){.path = "test.lua",
                                       .directory = "/nowhere",
                                       .text = edge_span_of(text),
                                       .number = elua_script_number(),
                                       .limits = {4 * 1024 * 1024, 1000000},
                                       .open = lua_fixture_open};
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++) {
        lua_bench_bindings[phase] = (edge_binding_t){.validator = "v",
                                                     .module = "lua",
                                                     .row = &lua_bench_row,
                                                     .conf = &lua_bench_handler,
                                                     .refusal = &lua_bench_no_words,
                                                     .timeout = EDGE_SECONDS(5),
                                                     .file = "f"};
        bench_bind((edge_phase_t)phase, &lua_bench_bindings[phase], 1);
    }
}

static inline int lua_bench_setup(void **state) {
    if (bench_setup(state) != 0)
        return -1;
    elua_worlds_start();
    return elua_worlds_worker_start(bench.worker) == APR_SUCCESS ? 0 : -1;
}

static inline int lua_bench_teardown(void **state) {
    edge_policy_abandon(&bench.session);
    edge_session_kept_release(&bench.session);
    elua_worlds_worker_stop(bench.worker);
    edge_session_forget_client(&bench.session);
    return bench_teardown(state);
}

static inline bool lua_bench_ask_with(edge_phase_t phase, const char *argument, const edge_parameters_t *parameters,
                                      edge_reply_t reply) {
    return edge_session_ask(&bench.session, phase, edge_span_of(argument), parameters, reply);
}

/* "550 5.7.1 text", as it would go out; "waits" when there is no answer yet. */
static inline const char *lua_bench_said(void) {
    static char said[EDGE_SMTP_REPLY_LINE_MOST * 80];
    size_t len = edge_smtp_reply_format(&bench.reply, said, sizeof(said));
    said[len - 2] = '\0';
    return said;
}

static inline const char *lua_bench_ask(edge_phase_t phase, const char *argument) {
    edge_reply_row_t row = phase == EDGE_PHASE_DATA   ? EDGE_R_START_DATA
                           : phase == EDGE_PHASE_MAIL ? EDGE_R_SENDER_OK
                                                      : EDGE_R_OK;
    bool answered = lua_bench_ask_with(phase, argument, NULL, edge_reply_about(row, edge_span_of(argument)));
    return answered ? lua_bench_said() : "waits";
}

#define LUA_BENCH_FAILED "451 4.3.0 Temporary policy failure, try again later"

/* The handler of NOOP is body. */
static inline const char *lua_bench_noop(const char *body) {
    static char text[4096];
    snprintf(text, sizeof(text), "on('NOOP', function(session, reply, text) %s end)", body);
    lua_bench_load(text);
    return lua_bench_ask(EDGE_PHASE_NOOP, "x");
}

#endif
