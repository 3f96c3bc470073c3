/* A validator's call: arguments in, reply out, waiting in between. */
#include "mod_lua.h"

/* Of one call, in its pool. */
typedef struct asked {
    const edge_check_call_t *call;
    edge_reply_t *reply;
    bool changed;
} asked_t;

/* Where things lie on the coroutine's stack, from the first function on. */
enum { AT_RUN = 1, AT_REPLY, AT_MESSAGE };

static void push_span(lua_State *L, edge_span_t span) { lua_pushlstring(L, span.len ? span.at : "", span.len); }

/* What follows session and reply (SPEC section 3). */
static int push_arguments(lua_State *L, const edge_check_call_t *call) {
    switch (call->phase) {
    case EDGE_PHASE_MAIL:
    case EDGE_PHASE_RCPT:
        push_span(L, call->argument);
        elua_parameters_push(L, call->parameters);
        return 2;
    case EDGE_PHASE_AUTH:
        push_span(L, call->mechanism);
        push_span(L, call->argument);
        return 2;
    case EDGE_PHASE_HAVE_DATA: lua_pushvalue(L, AT_MESSAGE); return 1;
    case EDGE_PHASE_EHLO:
    case EDGE_PHASE_HELO:
    case EDGE_PHASE_VRFY:
    case EDGE_PHASE_HELP:
    case EDGE_PHASE_NOOP: push_span(L, call->argument); return 1;
    default: return 0;
    }
}

static int finish(lua_State *L, int status, lua_KContext context) {
    (void)status, (void)context;
    asked_t *asked = ((elua_run_t *)lua_touserdata(L, AT_RUN))->owner;
    asked->changed = elua_reply_close(L, AT_REPLY, asked->reply, asked->call->pool);
    if (asked->call->phase == EDGE_PHASE_HAVE_DATA)
        elua_headers_close(L, AT_MESSAGE);
    return 0;
}

static int call_handler(lua_State *L) {
    elua_run_t *run = lua_touserdata(L, AT_RUN);
    asked_t *asked = run->owner;
    elua_reply_push(L, asked->reply);
    if (asked->call->phase == EDGE_PHASE_HAVE_DATA)
        elua_headers_push(L, asked->call);
    lua_rawgeti(L, LUA_REGISTRYINDEX, elua_world_handler(run->world, run->object, asked->call->phase));
    elua_session_push(L, run->session);
    lua_pushvalue(L, AT_REPLY);
    lua_callk(L, 2 + push_arguments(L, asked->call), 0, 0, finish);
    return finish(L, LUA_OK, 0);
}

static edge_ticket_t take_ticket(elua_run_t *run) { return edge_check_wait(((asked_t *)run->owner)->call); }

static edge_check_answer_t failed(const edge_check_call_t *call, const char *path, const char *why) {
    edge_log_about_t about = {call->session->id, NULL};
    EDGE_LOG_ABOUT(&elua_log, EDGE_LOG_WARN, 1014, &about, APR_SUCCESS, "script %s: %s", path, why);
    return EDGE_CHECK_ERROR;
}

/* The session has gone, or the time is up. */
static apr_status_t give_up(void *run) {
    elua_run_end(run);
    return APR_SUCCESS;
}

static edge_check_answer_t answer_of(elua_run_t *run, elua_outcome_t outcome) {
    const asked_t *asked = run->owner;
    const edge_check_call_t *call = asked->call;
    const elua_handler_t *handler = call->conf;
    edge_check_answer_t answer = EDGE_CHECK_PASS;
    if (outcome == ELUA_WAITS)
        return EDGE_CHECK_WAIT;
    if (outcome == ELUA_FAILED)
        answer = failed(call, handler->script->path, run->why);
    else if (asked->changed)
        answer = EDGE_CHECK_REPLY;
    elua_run_end(run);
    return answer;
}

edge_check_answer_t elua_call_check(const edge_check_call_t *call, edge_reply_t *reply) {
    const elua_handler_t *handler = call->conf;
    elua_world_t *world = elua_world_here(handler->script);
    if (!world)
        return EDGE_CHECK_ERROR;
    if (elua_world_handler(world, handler->object, call->phase) == LUA_NOREF)
        return failed(call, handler->script->path,
                      "in this worker it has set no validator for this command, as it had while it was loaded");
    elua_run_t *run = elua_run_begin(world);
    if (!run)
        return failed(call, handler->script->path, "no memory for a call");
    asked_t *asked = apr_palloc(call->pool, sizeof(*asked));
    *asked = (asked_t){call, reply, false};
    run->session = call->session;
    run->object = handler->object;
    run->pool = call->pool;
    run->wait = take_ticket;
    run->owner = asked;
    edge_check_answer_t answer = answer_of(run, elua_run_start(run, call_handler));
    if (answer == EDGE_CHECK_WAIT) {
        *call->kept = run;
        apr_pool_cleanup_register(call->pool, run, give_up, apr_pool_cleanup_null);
    }
    return answer;
}

edge_check_answer_t elua_call_resumed(const edge_check_call_t *call, edge_result_t result, edge_reply_t *reply) {
    elua_run_t *run = *call->kept;
    (void)result, (void)reply;
    elua_outcome_t outcome = elua_run_resume(run);
    if (outcome != ELUA_WAITS)
        apr_pool_cleanup_kill(call->pool, run, give_up);
    return answer_of(run, outcome);
}
