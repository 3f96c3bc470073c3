/* What scripts may do to a reply, and what becomes of it. */
#include "lua_bench.h"

static void says(const char *body, const char *reply) {
    const char *said = lua_bench_noop(body);
    if (strcmp(said, reply) != 0)
        fail_msg("\"%s\" makes\n%s\ninstead of\n%s", body, said, reply);
    edge_session_replied(&bench.session);
}

static void unchanged(void **state) {
    says("", "250 2.0.0 Ok");
    says("reply.code = '250'", "250 2.0.0 Ok");
    says("reply.code = 250", "250 2.0.0 Ok");
    says("reply.code = reply.code", "250 2.0.0 Ok");
    says("assert(reply.code == '250' and reply.message == 'Ok' and reply.enhanced_status_code == '2.0.0')",
         "250 2.0.0 Ok");
    says("assert(reply.nothing == nil and reply[1] == nil)", "250 2.0.0 Ok");
}

static void codes(void **state) {
    says("reply.code = '550'", "550 5.0.0 Ok");
    says("reply.code = 550", "550 5.0.0 Ok");
    says("reply.code = 550.0", "550 5.0.0 Ok");
    says("reply.code = '550' assert(reply.code == '550' and reply.enhanced_status_code == '5.0.0')", "550 5.0.0 Ok");
    says("reply.code = '251'", "251 2.0.0 Ok");
}

static void nonsense_codes(void **state) {
    static const char *const codes[] = {"'abc'",          "99",  "700",       "nil",   "{}",    "true",     "'99'",
                                        "'5500'",         "''",  "354",       "550.5", "1e300", "-550",     "' 550'",
                                        "'5 0'",          "0/0", "math.huge", "2^53",  "'+50'", "'550\\0'", "session",
                                        "function() end", "600", "199",       "'0550'"};
    for (unsigned i = 0; i < EDGE_COUNT(codes); i++) {
        char body[100];
        snprintf(body, sizeof(body), "reply.code = %s", codes[i]);
        says(body, LUA_BENCH_FAILED);
    }
    says("pcall(function() reply.code = 'abc' end)", "250 2.0.0 Ok");
}

static void messages(void **state) {
    says("reply.message = 'Fine'", "250 2.0.0 Fine");
    says("reply.code = '550' reply.message = 'No %s %n'", "550 5.0.0 No %s %n");
    says("reply.code = '550' reply.message = '5.7.1 No'", "550 5.7.1 No");
    says("reply.code = '550' reply.message = '5.7.1 No' reply.enhanced_status_code = '5.1.1'", "550 5.1.1 No");
    says("reply.code = '450' reply.message = 'No' reply.enhanced_status_code = '5.7.1'", "450 4.7.1 No");
    says("reply.code = '550' reply.enhanced_status_code = 'abc'", "550 5.0.0 Ok");
    says("reply.code = '550' reply.message = 17", "550 5.0.0 17");
    says("reply.message = 'x' assert(reply.message == 'x')", "250 2.0.0 x");
    says("reply.enhanced_status_code = nil assert(reply.enhanced_status_code == nil)", "250 2.0.0 Ok");
    says("reply.message = nil", LUA_BENCH_FAILED);
    says("reply.message = {}", LUA_BENCH_FAILED);
    says("reply.text = 'x'", LUA_BENCH_FAILED);
    says("reply[1] = 'x'", LUA_BENCH_FAILED);
}

/* The documented validator keeps what the default's enhanced code says, in the class of its own code. */
static void the_default_enhanced_code_stays(void **state) {
    lua_bench_load("on('MAIL', function(session, reply, address) reply.code = '450' reply.message = 'Later' end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_MAIL, "a@b.example"), "450 4.1.0 Later");
    lua_bench_load("on('DATA', function(session, reply) reply.code = 550 end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_DATA, ""), "550 5.0.0 Start mail input; end with <CRLF>.<CRLF>");
    lua_bench_load("on('DATA', function(session, reply) reply.code = 354 reply.message = 'Go on' end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_DATA, ""), "354 Go on");
}

static void line_breaks(void **state) {
    says("reply.code = '550' reply.message = 'one\\r\\ntwo\\nthree'",
         "550-5.0.0 one\r\n550-5.0.0 two\r\n550 5.0.0 three");
    says("reply.code = '550' reply.message = 'No\\r\\n250 2.1.0 Ok'", "550-5.0.0 No\r\n550 5.0.0 250 2.1.0 Ok");
    says("reply.code = '550' reply.message = 'a\\rb\\0c\\27d'", "550 5.0.0 a?b?c?d");
    says("reply.code = '550' reply.enhanced_status_code = '5.7.1\\r\\n250 Ok'", "550 5.0.0 Ok");
}

static void long_messages(void **state) {
    const char *said = lua_bench_noop("reply.code = '550' reply.message = ('x'):rep(1024 * 1024)");
    assert_in_range(strlen(said), 4096, 4400);
    edge_session_replied(&bench.session);
    said = lua_bench_noop("reply.code = '550' reply.message = ('x\\n'):rep(1024)");
    assert_int_equal(strlen(said), 32 * strlen("550-5.0.0 x\r\n") - 2);
    edge_session_replied(&bench.session);
    says("reply.code = '550' reply.message = ('x'):rep(10 * 1024 * 1024)",
         LUA_BENCH_FAILED); /* more than LuaMemory here */
}

static void kept_replies(void **state) {
    lua_bench_load("on('MAIL', function(session, reply) old = reply end) "
                   "on('RCPT', function(session, reply) old.code = '550' end) "
                   "on('NOOP', function(session, reply) reply.message = tostring(old.code) end)");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_MAIL, "a@b.example"), "250 2.1.0 <a@b.example> Ok");
    assert_string_equal(lua_bench_ask(EDGE_PHASE_RCPT, "a@b.example"), LUA_BENCH_FAILED);
    assert_string_equal(lua_bench_ask(EDGE_PHASE_NOOP, ""), LUA_BENCH_FAILED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unchanged, lua_bench_setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(codes, lua_bench_setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(nonsense_codes, lua_bench_setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(messages, lua_bench_setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(the_default_enhanced_code_stays, lua_bench_setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(line_breaks, lua_bench_setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(long_messages, lua_bench_setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(kept_replies, lua_bench_setup, lua_bench_teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
