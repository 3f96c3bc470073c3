/* Calls of validators: arguments, errors, waiting, giving up, states that are replaced. */
#include "lua_bench.h"

static edge_ticket_t ticket;
static unsigned forgotten;

static void forget(void *waited) {
    assert_ptr_equal(waited, &forgotten);
    forgotten++;
}

static int go_on(lua_State *L, int status, lua_KContext context) {
    (void)status, (void)context;
    elua_run_waited(elua_world_of(L)->running);
    lua_pushliteral(L, "waited");
    return 1;
}

/* wait(): until the test resumes the ticket. */
static int wait_for_test(lua_State *L) {
    elua_run_t *run = elua_run_of(L);
    ticket = run->wait(run);
    elua_run_waits_for(run, &forgotten, forget);
    return lua_yieldk(L, 0, 0, go_on);
}

static int open_wait(lua_State *L) {
    lua_pushcfunction(L, wait_for_test);
    lua_setglobal(L, "wait");
    return lua_fixture_open(L);
}

static int setup(void **state) {
    ticket = EDGE_NO_TICKET;
    forgotten = 0;
    return lua_bench_setup(state);
}

static void load(const char *text) {
    lua_bench_load(text);
    lua_bench_script.open = open_wait;
}

static const char *resume(void) {
    unsigned before = bench.verdicts;
    assert_true(edge_ticket_resume(ticket, (edge_result_t){.status = APR_SUCCESS}));
    edge_loop_turn(bench.worker, 0);
    return bench.verdicts > before ? lua_bench_said() : "waits";
}

static void arguments(void **state) {
    static edge_parameter_t list[] = {{EDGE_SPAN("SIZE"), EDGE_SPAN("10")}, {EDGE_SPAN("SMTPUTF8"), {NULL, 0}}};
    const edge_parameters_t parameters = {list, 2};
    load(
        "local function say(session, reply, ...) local t = table.pack(...) for i = 1, t.n do t[i] = tostring(t[i]) end "
        "reply.message = t.n .. ' ' .. table.concat(t, ' ') end "
        "for _, phase in ipairs{'BANNER', 'EHLO', 'STARTTLS', 'DATA', 'RSET', 'NOOP', 'VRFY', 'HELP', 'QUIT'} do "
        "on(phase, say) end "
        "on('RCPT', function(s, r, address, p) r.message = address .. p.SIZE .. tostring(p.SMTPUTF8) end) "
        "on('MAIL', function(s, r, address, p) r.message = address .. tostring(next(p)) end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_EHLO, "name"), "250 2.0.0 1 name");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_HELO, "name"), "250 2.0.0 1 name");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_VRFY, ""), "250 2.0.0 1 ");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, "a b"), "250 2.0.0 1 a b");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_STARTTLS, ""), "250 2.0.0 0 ");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_RSET, ""), "250 2.0.0 0 ");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_QUIT, ""), "250 2.0.0 0 ");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_MAIL, ""), "250 2.1.0 nil");
    lua_bench_ask_with(EDGE_PHASE_RCPT, "a@b.example", &parameters, edge_reply_of(EDGE_R_OK));
    assert_string_equal(lua_bench_said(), "250 2.0.0 a@b.example10true");
}

static void errors(void **state) {
    load("on('NOOP', function() local x = nil + 1 end) on('RSET', function() coroutine.yield() end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), LUA_BENCH_FAILED);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_RSET, ""), LUA_BENCH_FAILED);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_QUIT, ""), LUA_BENCH_FAILED); /* nothing is set */
    lua_bench_bindings[EDGE_PHASE_NOOP].error_passes = true;
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 Ok");
}

static void a_script_that_does_not_start(void **state) {
    load("error('not here')");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), LUA_BENCH_FAILED);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), LUA_BENCH_FAILED);
}

static void waiting(void **state) {
    load("on('NOOP', function(session, reply) session.n = 1 reply.message = wait() .. session.n .. wait() end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "waits");
    assert_string_equal(resume(), "waits");
    assert_int_equal(forgotten, 1);
    assert_string_equal(resume(), "250 2.0.0 waited1waited");
    assert_int_equal(forgotten, 2);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "waits");
    assert_string_equal(resume(), "waits");
    assert_string_equal(resume(), "250 2.0.0 waited1waited");
}

static void waiting_inside_of_calls(void **state) {
    load(
        "on('NOOP', function(session, reply) reply.message = select(2, pcall(wait)) end) "
        "on('RSET', function(session, reply) reply.message = select(2, xpcall(wait, print)) end) "
        "on('HELP', function(session, reply) reply.message = select(2, pcall(string.gsub, 'x', 'x', wait)) end) "
        "on('VRFY', function(session, reply) reply.message = select(2, coroutine.resume(coroutine.create(wait))) end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "waits");
    assert_string_equal(resume(), "250 2.0.0 waited");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_RSET, ""), "waits");
    assert_string_equal(resume(), "250 2.0.0 waited");
    assert_non_null(strstr(lua_bench_ask(EDGE_PHASE_HELP, ""), "nothing can be waited for inside a function"));
    assert_non_null(strstr(lua_bench_ask(EDGE_PHASE_VRFY, ""), "nothing can be waited for inside a coroutine"));
}

/* What the limits allow is for the whole call, however often it waits. */
static void a_budget_for_all_of_a_call(void **state) {
    load("on('NOOP', function() while true do wait() for i = 1, 100000 do end end end)");
    const char *said = lua_bench_ask(EDGE_PHASE_NOOP, "");
    unsigned waits = 0;
    for (; strcmp(said, "waits") == 0 && waits < 100; waits++)
        said = resume();
    assert_string_equal(said, LUA_BENCH_FAILED);
    assert_in_range(waits, 2, 12);
}

static void giving_up(void **state) {
    load("closed = 0 on('NOOP', function(session, reply) local c <close> = setmetatable({}, {__close = function() "
         "closed = closed + 1 end}) wait() end) on('RSET', function(s, reply) reply.message = closed end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "waits");
    edge_policy_abandon(&bench.session);
    assert_int_equal(forgotten, 1);
    assert_false(edge_ticket_resume(ticket, (edge_result_t){.status = APR_SUCCESS}));
    assert_string_equal(lua_bench_ask(EDGE_PHASE_RSET, ""), "250 2.0.0 1");
}

static void a_deadline(void **state) {
    load("on('NOOP', function() wait() end)");
    lua_bench_bindings[EDGE_PHASE_NOOP].timeout = 1;
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "waits");
    unsigned before = bench.verdicts;
    while (bench.verdicts == before)
        edge_loop_turn(bench.worker, 1);
    assert_string_equal(lua_bench_said(), LUA_BENCH_FAILED);
    edge_session_replied(&bench.session);
    assert_int_equal(forgotten, 1);
}

/* A worker that stops while a call waits. */
static void a_state_that_goes(void **state) {
    load("on('NOOP', function() wait() end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "waits");
    elua_worlds_worker_stop(bench.worker);
    elua_worlds_worker_start(bench.worker);
    assert_string_equal(resume(), LUA_BENCH_FAILED);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "waits");
    assert_string_equal(resume(), "250 2.0.0 Ok");
}

/* What a script keeps for itself fills its state: it begins anew, and a call that waits goes on in the old one. */
static void a_state_that_is_full(void **state) {
    load(
        "kept = {} on('NOOP', function(session, reply) for i = 1, 1e6 do kept[i] = {} end end) "
        "on('RSET', function(session, reply) wait() reply.message = 'kept ' .. tostring(#kept > 1000) end) "
        "on('HELP', function(session, reply) session.x = (session.x or 0) + 1 reply.message = #kept .. session.x end)");
    edge_session_t other = bench.session;
    assert_string_equal(lua_bench_ask(EDGE_PHASE_HELP, ""), "250 2.0.0 01");
    edge_session_replied(&bench.session);
    assert_false(edge_session_ask(&other, EDGE_PHASE_RSET, EDGE_NO_SPAN, NULL, edge_reply_of(EDGE_R_OK)));
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), LUA_BENCH_FAILED);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_HELP, ""), "250 2.0.0 01");
    edge_session_replied(&bench.session);
    assert_string_equal(resume(), "250 2.0.0 kept true");
    edge_session_replied(&other);
    edge_session_kept_release(&other);
    edge_verdicts_free(&other);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_HELP, ""), "250 2.0.0 02");
}

static void headers(void **state) {
    static const char block[] = "Subject: one\r\nX: a\r\n b\r\nSUBJECT :  two \r\n\r\n";
    static const char text[] =
        "on('HAVE_DATA', function(session, reply, message) kept = message "
        "local s = message:header('subject') local all = {} "
        "for name, value in message:headers() do all[#all + 1] = name .. '=' .. value end "
        "reply.message = s[1] .. #s .. s[2] .. ' ' .. table.concat(all, ',') .. ' ' .. message.size .. "
        "tostring(message.cut) .. #message:header('none') .. tostring(message.other) end) "
        "on('NOOP', function() return kept.size end) on('RSET', function() kept.header('Subject') end)";
    load(text);
    void *kept = NULL;
    apr_pool_t *pool = edge_worker_take_pool(bench.worker);
    edge_check_call_t call = {.phase = EDGE_PHASE_HAVE_DATA,
                              .session = &bench.session,
                              .conf = &lua_bench_handler,
                              .headers = edge_span(block, sizeof(block) - 1),
                              .size = 99,
                              .kept = &kept,
                              .pool = pool};
    bench.reply = edge_reply_of(EDGE_R_OK);
    assert_int_equal(elua_call_check(&call, &bench.reply), EDGE_CHECK_REPLY);
    assert_string_equal(lua_bench_said(), "250 2.0.0 one2two Subject=one,X=a b,SUBJECT=two 99false0nil");
    edge_worker_give_pool(bench.worker, pool);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), LUA_BENCH_FAILED);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_RSET, ""), LUA_BENCH_FAILED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arguments, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(errors, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(a_script_that_does_not_start, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(waiting, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(waiting_inside_of_calls, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(a_budget_for_all_of_a_call, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(giving_up, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(a_deadline, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(a_state_that_goes, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(a_state_that_is_full, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(headers, setup, lua_bench_teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
