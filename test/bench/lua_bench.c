/* What a call of the documented validator costs, through the check function that the policy runner calls. */
#include <stdio.h>
#include <time.h>

#include <apr_general.h>

#include "../unit/core/session_fixture.h"

#include "../../modules/lua/mod_lua.h"
#include "core/session.h"

#define CALLS 300000u

static const char validators[] = "local function ensure_secure_and_authed(session, reply, address)\n"
                                 "    if not session.authed or session.security ~= 'TLS' then\n"
                                 "        reply.code = '550'\n"
                                 "        reply.message = ('<%s> Not authorized'):format(address)\n"
                                 "        reply.enhanced_status_code = '5.7.1'\n"
                                 "    end\n"
                                 "end\n"
                                 "on(ensure_secure_and_authed)\n";

static int on(lua_State *L) {
    elua_world_set_handler(L, 0, EDGE_PHASE_MAIL);
    return 0;
}

static int open_names(lua_State *L) {
    lua_pushcfunction(L, on);
    lua_setglobal(L, "on");
    return 0;
}

static elua_script_t script = {.path = "bench.lua",
                               .directory = "/nowhere",
                               .text = EDGE_SPAN(validators),
                               .limits = {32 * 1024 * 1024, 1000000},
                               .open = open_names};
static elua_handler_t handler = {.script = &script};

static double thread_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double nanoseconds_a_call(edge_check_answer_t expected) {
    void *kept = NULL;
    apr_pool_t *pool = edge_worker_take_pool(bench.worker);
    edge_check_call_t call = {.phase = EDGE_PHASE_MAIL,
                              .session = &bench.session,
                              .conf = &handler,
                              .argument = edge_span_of("sender@client.example.com"),
                              .kept = &kept,
                              .pool = pool};
    double before = thread_seconds();
    for (unsigned i = 0; i < CALLS; i++) {
        edge_reply_t reply = edge_reply_about(EDGE_R_SENDER_OK, call.argument);
        if (elua_call_check(&call, &reply) != expected) {
            fprintf(stderr, "the validator did not answer as it should\n");
            return -1;
        }
        if (i % 64 == 0)
            apr_pool_clear(pool);
    }
    double seconds = thread_seconds() - before;
    edge_worker_give_pool(bench.worker, pool);
    return seconds / CALLS * 1e9;
}

int main(void) {
    apr_initialize();
    edge_counter_map();
    if (bench_setup(NULL) != 0 || elua_worlds_start() != APR_SUCCESS ||
        elua_worlds_worker_start(bench.worker) != APR_SUCCESS)
        return 1;
    script.number = elua_script_number();
    nanoseconds_a_call(EDGE_CHECK_REPLY); /* warm */
    printf("refused: %.0f ns a call\n", nanoseconds_a_call(EDGE_CHECK_REPLY));
    edge_session_set_authed(&bench.session, edge_span_of("alice"));
    bench.session.tls = true;
    printf("passed:  %.0f ns a call\n", nanoseconds_a_call(EDGE_CHECK_PASS));
    edge_session_kept_release(&bench.session);
    elua_worlds_worker_stop(bench.worker);
    return 0;
}
