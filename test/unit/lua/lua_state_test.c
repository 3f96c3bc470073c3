/* Scripts that load and that do not, and what they are remembered by. */
#include "lua_fixture.h"

static lua_fixture_t fixture;

static int teardown(void **state) {
    (void)state;
    lua_fixture_unload(&fixture);
    return 0;
}

static void says(const char *script, const char *why) {
    assert_false(lua_fixture_load(&fixture, script, NULL));
    if (strncmp(fixture.why, why, strlen(why)) != 0)
        fail_msg("it says \"%s\"", fixture.why);
}

static void bad_scripts(void **state) {
    says("x = = 1", "test.lua:1: unexpected symbol near '='");
    says("\n\nlocal t = nil\nt.x = 1", "test.lua:4: attempt to index a nil value (local 't') | stack traceback: | ");
    says("error({})", "table: ");
    says("\x1bLua", "attempt to load a binary chunk");
    says("on('CONNECT', print)", "test.lua:1: bad argument #1 to 'on' (invalid option 'CONNECT')");
    says("coroutine.yield()", "attempt to yield from outside a coroutine");
}

static void handlers(void **state) {
    assert_true(lua_fixture_load(&fixture,
                                 "on('EHLO', function() end) on('EHLO', function() a = 1 end) "
                                 "on('MAIL', print) on('MAIL', nil)",
                                 LUA_FIXTURE_WORKER));
    assert_int_equal(elua_world_handler(fixture.world, 0, EDGE_PHASE_MAIL), LUA_NOREF);
    assert_int_equal(elua_world_handler(fixture.world, 1, EDGE_PHASE_EHLO), LUA_NOREF);
    assert_int_not_equal(elua_world_handler(fixture.world, 0, EDGE_PHASE_EHLO), LUA_NOREF);
    assert_int_equal(elua_world_handler(fixture.world, 0, EDGE_PHASE_EHLO),
                     elua_world_handler(fixture.world, 0, EDGE_PHASE_HELO));
    assert_int_equal(lua_fixture_run(&fixture, EDGE_PHASE_EHLO), ELUA_DONE);
    lua_getglobal(fixture.world->L, "a");
    assert_int_equal(lua_tointeger(fixture.world->L, -1), 1);
}

static void numbers(void **state) {
    unsigned first = elua_script_number();
    assert_int_equal(elua_script_number(), first + 1);
}

static void texts(void **state) {
    char why[12];
    elua_why("a\nb\t\tc", why, sizeof(why));
    assert_string_equal(why, "a | b  c");
    elua_why("a much longer text", why, sizeof(why));
    assert_string_equal(why, "a much l");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(bad_scripts, teardown),
        cmocka_unit_test_teardown(handlers, teardown),
        cmocka_unit_test_teardown(numbers, teardown),
        cmocka_unit_test_teardown(texts, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
