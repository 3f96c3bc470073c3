/* edge.lookup in a state: files opened while loading, found by workers; what cannot be opened, and when. */
#include "../core/lookup_fixture.h"

#include "lua_fixture.h"

static apr_pool_t *pool;
static lua_fixture_t fixture;
static const char *path;

static bool load(const char *text, edge_worker_t *worker) {
    fixture.script.path = "test.lua";
    fixture.script.directory = "/nowhere";
    fixture.script.limits = (elua_limits_t){4 * 1024 * 1024, 1000000};
    fixture.script.open = lua_fixture_open;
    fixture.script.pool = pool;
    bool loaded = lua_fixture_load(&fixture, apr_psprintf(pool, "local list = 'file:%s' %s", path, text), worker);
    lua_fixture_unload(&fixture);
    return loaded;
}

static int setup(void **state) {
    (void)state;
    apr_pool_create(&pool, NULL);
    memset(&fixture, 0, sizeof(fixture));
    path = lookup_file_of(pool, "a.example one\nb@a.example\n192.0.2.0/24 net\n");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    apr_pool_destroy(pool);
    return 0;
}

static void opened_while_loading(void **state) {
    const char *script = "local ask = edge.lookup(list)"
                         "assert(ask('A.example') == 'one' and ask('b@a.example') == '' and ask('192.0.2.9') == 'net')"
                         "assert(ask('x.example') == nil and select('#', ask('x.example')) == 1)"
                         "assert(edge.lookup(list, 'a.example') == 'one')";
    (void)state;
    assert_true(load(script, NULL));
    unlink(path); /* a worker reads no file */
    assert_true(load(script, LUA_FIXTURE_WORKER));
    assert_non_null(fixture.script.lists);
    assert_null(fixture.script.lists->next);
}

static void not_opened(void **state) {
    (void)state;
    assert_false(load("edge.lookup(list, 'a.example')", LUA_FIXTURE_WORKER));
    assert_non_null(strstr(fixture.why, "was not opened while the script was loaded"));
}

static void what_is_no_list(void **state) {
    (void)state;
    assert_false(load("edge.lookup(list .. 'x')", NULL));
    assert_non_null(strstr(fixture.why, "there is no such file"));
    assert_non_null(strstr(fixture.why, "test.lua:1:"));
    assert_false(load("edge.lookup('file:')", NULL));
    assert_non_null(strstr(fixture.why, "needs a path"));
    assert_false(load("edge.lookup()", NULL));
    assert_false(load("edge.lookup(list, nil)", NULL));
    assert_false(load("edge.lookup(list, {})", NULL));
    assert_false(load("edge.lookup('office', 'x')", NULL));
    assert_non_null(strstr(fixture.why, "before the server serves"));
}

static void questions_count(void **state) {
    (void)state;
    assert_true(load("edge.lookup(list)", NULL));
    assert_false(load("while true do edge.lookup(list, 'a.example') end", LUA_FIXTURE_WORKER));
    assert_non_null(strstr(fixture.why, "instructions"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opened_while_loading, setup, teardown),
        cmocka_unit_test_setup_teardown(not_opened, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_list, setup, teardown),
        cmocka_unit_test_setup_teardown(questions_count, setup, teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
