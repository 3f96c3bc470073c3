/* The libraries that scripts have, and what is not in them. */
#include "lua_fixture.h"

static lua_fixture_t fixture;

static int teardown(void **state) {
    (void)state;
    lua_fixture_unload(&fixture);
    return 0;
}

static void loads(const char *script) {
    if (!lua_fixture_load(&fixture, script, LUA_FIXTURE_WORKER))
        fail_msg("%s: %s", script, fixture.why);
    lua_fixture_unload(&fixture);
}

static void old_names(void **state) {
    (void)state;
    loads("assert(select('#', unpack({1, 2, 3})) == 3)");
    loads("assert(loadstring('return 1 + 1')() == 2)");
    loads("local f, why = loadstring('= =') assert(not f and why)");
    loads("assert(table.getn({1, 2}) == 2)");
    loads("assert(math.pow(2, 10) == 1024)");
    loads("assert(('<%s>'):format('x') == '<x>')");
}

static void what_is_not_there(void **state) {
    (void)state;
    loads("assert(not io and not package and not dofile and not loadfile)");
    loads("assert(not os.execute and not os.exit and not os.remove and not os.rename and not os.tmpname)");
    loads("assert(os.time() and os.date() and os.clock() and os.getenv)");
    loads("assert(not debug.sethook and not debug.getregistry and not debug.setmetatable and debug.traceback())");
    loads("assert(not string.dump)");
    loads("assert(not load('\\27Lua', 'x', 'b') and not load('\\27Lua'))");
    loads("assert(load('return x', 'n', 'b', {x = 5})() == 5 and load('return 1')() == 1)");
    loads("local part = 'return 7' assert(load(function() local p = part part = nil return p end)() == 7)");
}

static void metatables(void **state) {
    (void)state;
    loads("assert(setmetatable({}, {__index = {x = 1}}).x == 1)");
    loads("assert(not pcall(setmetatable, {}, {__gc = function() end}))");
    loads("assert(not pcall(setmetatable, {}, {__gc = true}) and not pcall(setmetatable, 'x', {}))");
    loads("local t = setmetatable({}, {__metatable = 'locked'}) assert(getmetatable(t) == 'locked') "
          "assert(not pcall(setmetatable, t, {}))");
    loads("local t = setmetatable({}, {}) assert(setmetatable(t, nil) == t and getmetatable(t) == nil)");
}

static void coroutines(void **state) {
    (void)state;
    loads("local f = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b end) "
          "assert(f(1) == 2 and f('x') == 'x')");
    loads("local ok, why = xpcall(function() error('e', 0) end, function(e) return e .. '!' end) assert(why == 'e!')");
    loads("assert(select(2, xpcall(function(a) return a end, print, 5)) == 5)");
    loads("assert(not pcall(xpcall, print))");
}

static void garbage(void **state) {
    (void)state;
    loads("assert(collectgarbage('count') > 0 and collectgarbage() == 0 and collectgarbage('stop') == 0)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(old_names, teardown),  cmocka_unit_test_teardown(what_is_not_there, teardown),
        cmocka_unit_test_teardown(metatables, teardown), cmocka_unit_test_teardown(coroutines, teardown),
        cmocka_unit_test_teardown(garbage, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
