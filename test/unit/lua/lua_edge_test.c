/* The global `edge`: levels of lines, and where nothing can be waited for. */
#include "lua_bench.h"

static void says(const char *body, const char *part) {
    const char *said = lua_bench_noop(body);
    if (!strstr(said, part))
        fail_msg("%s: %s", body, said);
    edge_session_replied(&bench.session);
}

static void lines(void **state) {
    (void)state;
    says("edge.log('debug', 'x') edge.log('x') edge.log(17) edge.log('trace', {}) print() print(1, nil, 'x')", "250 ");
    says("edge.log('debug', 'a\\r\\n[forged] line\\0x') edge.log('debug', ('x'):rep(100000))", "250 ");
    says("edge.log('loud', 'x')", LUA_BENCH_FAILED);
    says("edge.log({}, 'x')", LUA_BENCH_FAILED);
    says("edge.log()", LUA_BENCH_FAILED);
    says("while true do edge.log('trace', 'x') end", LUA_BENCH_FAILED);
}

static void no_place_to_wait(void **state) {
    (void)state;
    lua_fixture_t loading = {.world = NULL};
    assert_false(lua_fixture_load(&loading, "edge.dns('A', 'a.example')", NULL));
    assert_non_null(strstr(loading.why, "only in a validator while it is called"));
    says("edge.dns('SRV', 'a.example')", LUA_BENCH_FAILED);
    says("edge.dns('A')", LUA_BENCH_FAILED);
    says("reply.message = select(2, coroutine.resume(coroutine.create(edge.dns), 'A', 'a.example'))",
         "coroutine of the");
    says("reply.message = select(2, pcall(string.gsub, 'x', 'x', function() edge.dns('A', 'a.example') end))",
         "function that the library calls");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines, lua_bench_setup, lua_bench_teardown),
        cmocka_unit_test_setup_teardown(no_place_to_wait, lua_bench_setup, lua_bench_teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
