/* The session's facts, fields of the script's own, and assignments. */
#include "lua_bench.h"

static void holds(const char *condition) {
    char body[500];
    snprintf(body, sizeof(body), "local c = %s if not c then reply.message = 'no: ' .. tostring(c) end", condition);
    const char *said = lua_bench_noop(body);
    if (strcmp(said, "250 2.0.0 Ok") != 0)
        fail_msg("%s: %s", condition, said);
    edge_session_replied(&bench.session);
}

static void fails(const char *body) {
    const char *said = lua_bench_noop(body);
    if (strcmp(said, LUA_BENCH_FAILED) != 0)
        fail_msg("%s: %s", body, said);
    edge_session_replied(&bench.session);
}

static int setup(void **state) {
    if (lua_bench_setup(state) != 0)
        return -1;
    edge_ipaddr_parse(edge_span_of("192.0.2.7"), &bench.session.from_ip);
    edge_ipaddr_parse(edge_span_of("2001:db8::1"), &bench.session.to_ip);
    bench.session.from_port = 51512;
    bench.session.to_port = 25;
    return 0;
}

static void facts(void **state) {
    holds("session.id == 'TEST' and session.listener == 'mx'");
    holds("session.from_ip == '192.0.2.7' and session.from_port == 51512");
    holds("session.to_ip == '2001:db8::1' and session.to_port == 25");
    holds("session.protocol == 'SMTP' and session.security == 'none' and session.tls == nil");
    holds("session.ehlo_as == nil and session.authed == nil and session.auth_mechanism == nil");
    holds("session.message == nil and session.smtp_edge == nil and session.http_edge == nil");
    holds("session.counters.commands == 0 and session.counters.messages == 0");
    holds("tostring(session) == 'session TEST' and getmetatable(session) == false");
    bench.session.tls = true;
    bench.session.secured.version = "TLSv1.3";
    bench.session.secured.cipher = "X";
    edge_session_set_authed(&bench.session, edge_span_of("alice"));
    edge_session_set_ehlo(&bench.session, edge_span_of("client.example"), true);
    holds("session.security == 'TLS' and session.tls.version == 'TLSv1.3' and session.tls.sni == nil");
    holds("session.authed == 'alice' and session.ehlo_as == 'client.example' and session.protocol == 'ESMTPSA'");
    bench.session.tls = false;
}

static void own_fields(void **state) {
    lua_bench_load("on('EHLO', function(session) session.seen = {1} session[1] = 'one' session[session] = true end) "
                   "on('NOOP', function(session, reply) session.count = (session.count or 0) + 1 "
                   "reply.message = #session.seen .. session[1] .. tostring(session[session]) .. session.count end)");
    lua_bench_ask(EDGE_PHASE_EHLO, "x");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 1onetrue1");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 1onetrue2");
}

/* Another session begins with none of them, also one at the same address. */
static void own_fields_end_with_the_session(void **state) {
    lua_bench_load("on('NOOP', function(session, reply) reply.message = tostring(session.mine) session.mine = 'kept' "
                   "last = session end) "
                   "on('RSET', function(session, reply) local ok, why = pcall(function() return last.id end) "
                   "reply.message = tostring(ok) .. ' ' .. why .. ' ' .. tostring(last) end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 nil");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 kept");
    edge_session_replied(&bench.session);
    edge_session_kept_release(&bench.session);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_RSET, ""),
                        "250 2.0.0 false test.lua:1: this session has ended session (ended)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 nil");
}

static void assignments(void **state) {
    holds("(function() session.authed = 'bob' return session.authed end)() == 'bob'");
    assert_string_equal(bench.session.authed, "bob");
    holds("(function() session.authed = nil return session.authed end)() == nil");
    assert_null(bench.session.authed);
    holds("(function() session.ehlo_as = 'other.example' return session.ehlo_as end)() == 'other.example'");
    assert_string_equal(bench.session.ehlo_as, "other.example");
    fails("session.ehlo_as = 'two words'");
    fails("session.ehlo_as = 'a\\r\\nX: y'");
    fails("session.ehlo_as = ''");
    fails("session.authed = ('x'):rep(513)");
    fails("session.authed = 'a\\0b'");
    fails("session.authed = {}");
    fails("session.authed = true");
    fails("session.id = 'x'");
    fails("session.protocol = 'HTTP'");
    fails("session.message = {sender = ''}");
    fails("session[nil] = 1");
    assert_string_equal(bench.session.ehlo_as, "other.example");
}

static void edges(void **state) {
    lua_bench_load("on('NOOP', function(session, reply) reply.message = tostring(session.smtp_edge) .. ' ' .. "
                   "tostring(session.http_edge) end)");
    elua_world_t *world = elua_world_here(&lua_bench_script);
    lua_pushliteral(world->L, "the object");
    elua_world_set_object(world->L, 0);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 the object nil");
    bench.protocol.name = "http";
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), "250 2.0.0 nil the object");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(facts, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(own_fields, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(own_fields_end_with_the_session, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(assignments, setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(edges, setup, lua_bench_teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
