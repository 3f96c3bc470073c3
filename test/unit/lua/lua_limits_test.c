/* What a script may use: it ends in an error, and the state is good for the next call. */
#include "lua_fixture.h"

static lua_fixture_t fixture;

static int teardown(void **state) {
    (void)state;
    lua_fixture_unload(&fixture);
    return 0;
}

static void expect_failure(const char *script, const char *reason) {
    assert_int_equal(lua_fixture_once(&fixture, script), ELUA_FAILED);
    if (!strstr(fixture.why, reason))
        fail_msg("\"%s\" does not say \"%s\"", fixture.why, reason);
    assert_int_equal(lua_fixture_run(&fixture, EDGE_PHASE_QUIT), ELUA_DONE);
}

#define GOOD " on('QUIT', function() local t = {} for i = 1, 1000 do t[i] = ('x'):rep(i) end assert(#t == 1000) end)"

static void loops(void **state) {
    expect_failure("on('NOOP', function() while true do end end)" GOOD, "more than 1000000 instructions");
    for (int i = 0; i < 3; i++)
        assert_int_equal(lua_fixture_run(&fixture, EDGE_PHASE_NOOP), ELUA_FAILED);
    assert_non_null(strstr(fixture.why, "test.lua:1:"));
    lua_fixture_unload(&fixture);
    expect_failure("local function f() return f() end on('NOOP', f)" GOOD, "more than 1000000 instructions");
}

static void loops_that_catch(void **state) {
    expect_failure("on('NOOP', function() while true do pcall(function() while true do end end) end end)" GOOD,
                   "more than 1000000 instructions");
    lua_fixture_unload(&fixture);
    expect_failure(
        "on('NOOP', function() while true do xpcall(function() while true do end end, function() while true do "
        "end end) end end)" GOOD,
        "more than 1000000 instructions");
    lua_fixture_unload(&fixture);
    expect_failure("on('NOOP', function() while true do local c <close> = setmetatable({}, {__close = function() while "
                   "true do end end}) pcall(error) end end)" GOOD,
                   "more than 1000000 instructions");
}

static void loops_in_coroutines(void **state) {
    expect_failure(
        "on('NOOP', function() while true do coroutine.wrap(function() while true do end end)() end end)" GOOD,
        "more than 1000000 instructions");
    lua_fixture_unload(&fixture);
    expect_failure(
        "on('NOOP', function() while true do local c = coroutine.create(function() for i = 1, 900 do end end) "
        "coroutine.resume(c) end end)" GOOD,
        "more than 1000000 instructions");
}

/* The library would try for hours: it is not called. */
static void patterns_that_try_for_long(void **state) {
    (void)state;
    static const char *const calls[] = {
        "(' '):rep(100000):match('^%s*%s*%s*%s*x')",      "(' '):rep(100000):find('%s*%s*x')",
        "(' '):rep(100000):gsub('%s*%s*x', '')",          "for x in (' '):rep(100000):gmatch('%s*%s*x') do end",
        "('a'):rep(50000):find(('a'):rep(25000) .. 'b')", "('a'):rep(50000):find(('a'):rep(25000) .. '.', 1, true)",
    };
    for (unsigned i = 0; i < EDGE_COUNT(calls); i++) {
        char script[400];
        snprintf(script, sizeof(script), "on('NOOP', function() local _ = 1 %s%s end)" GOOD,
                 strncmp(calls[i], "for", 3) == 0 ? "" : "_ = ", calls[i]);
        expect_failure(script, "more than 1000000 instructions");
        lua_fixture_unload(&fixture);
    }
}

/* What is usual costs little, however long the text. */
static void patterns_that_do_not(void **state) {
    (void)state;
    assert_int_equal(
        lua_fixture_once(&fixture,
                         "on('NOOP', function() local text = (' '):rep(100000) .. 'x' .. (' '):rep(10000) "
                         "assert(text:match('^%s*(.-)%s*$') == 'x') assert(text:find('x', 1, true) == 100001) "
                         "assert(select(2, text:gsub(' ', '')) == 110000) assert(('a,b'):match('[^,]*$') == 'b') "
                         "assert(text:find('x', -10001) == 100001 and not text:find('x', 200000)) "
                         "assert(not pcall(string.find, text, '[')) assert(not pcall(string.find, text)) "
                         "local n = 0 for _ in ('a b c'):gmatch('%a') do n = n + 1 end assert(n == 3) end)"),
        ELUA_DONE);
}

static void loops_in_errors(void **state) {
    expect_failure(
        "on('NOOP', function() error(setmetatable({}, {__tostring = function() while true do end end})) end)" GOOD, "");
}

static void memory(void **state) {
    expect_failure("on('NOOP', function() local t = {} for i = 1, 50000 do t[i] = {{}} end end)" GOOD,
                   "more than 4194304 octets of memory");
    lua_fixture_unload(&fixture);
    expect_failure("on('NOOP', function() return ('x'):rep(1e9) end)" GOOD, "more than 4194304 octets of memory");
    lua_fixture_unload(&fixture);
    expect_failure("on('NOOP', function() local s = 'x' while true do s = s .. s end end)" GOOD, "memory");
    lua_fixture_unload(&fixture);
    expect_failure("local function f() return f() + 1 end on('NOOP', f)" GOOD, "");
}

/* What is made in one library call is paid for as well. */
static void long_texts(void **state) {
    expect_failure("on('NOOP', function() while true do local s = ('x'):rep(1e6) end end)" GOOD,
                   "more than 1000000 instructions");
    lua_fixture_unload(&fixture);
    expect_failure("local s = ('x'):rep(1e6) on('NOOP', function() while true do s:find('y', 1, true) end end)" GOOD,
                   "more than 1000000 instructions");
    lua_fixture_unload(&fixture);
    expect_failure("on('NOOP', function() while true do collectgarbage() end end)" GOOD,
                   "more than 1000000 instructions");
}

static void loading(void **state) {
    fixture.script.path = NULL;
    assert_false(lua_fixture_load(&fixture, "while true do end", NULL));
    assert_string_equal(fixture.why, "test.lua: loading it takes more than 100000000 instructions");
    assert_false(lua_fixture_load(&fixture, "x = ('x'):rep(1e8)", LUA_FIXTURE_WORKER));
    assert_string_equal(fixture.why, "test.lua: loading it takes more than 4194304 octets of memory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(loops, teardown),
        cmocka_unit_test_teardown(loops_that_catch, teardown),
        cmocka_unit_test_teardown(loops_in_coroutines, teardown),
        cmocka_unit_test_teardown(loops_in_errors, teardown),
        cmocka_unit_test_teardown(patterns_that_try_for_long, teardown),
        cmocka_unit_test_teardown(patterns_that_do_not, teardown),
        cmocka_unit_test_teardown(memory, teardown),
        cmocka_unit_test_teardown(long_texts, teardown),
        cmocka_unit_test_teardown(loading, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
