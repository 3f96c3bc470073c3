/* require: files beside the script, read once, the same for the workers. */
#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lua_fixture.h"

static lua_fixture_t fixture;
static char directory[] = "/tmp/lua_require_XXXXXX";
static apr_pool_t *pool;

static void put(const char *name, const char *text) {
    char path[300];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static bool load(const char *text, edge_worker_t *worker) {
    fixture.script.path = "test.lua";
    fixture.script.directory = directory;
    fixture.script.limits = (elua_limits_t){4 * 1024 * 1024, 1000000};
    fixture.script.pool = pool;
    bool loaded = lua_fixture_load(&fixture, text, worker);
    lua_fixture_unload(&fixture);
    return loaded;
}

static void the_same_text(void **state) {
    (void)state;
    const char *script = "assert(require('lists.one').x == 1 and require('lists.one') == require 'lists.one')";
    assert_true(load(script, NULL));
    put("lists/one.lua", "error('changed')");
    assert_true(load(script, LUA_FIXTURE_WORKER));
}

static void errors(void **state) {
    (void)state;
    assert_false(load("require 'none'", NULL));
    assert_non_null(strstr(fixture.why, "none.lua cannot be read: No such file"));
    assert_false(load("require '../etc/passwd'", NULL));
    assert_false(load("require '.hidden'", NULL));
    assert_false(load("require 'a..b'", NULL));
    assert_false(load("require ''", NULL));
    assert_false(load("require 'broken'", NULL));
    assert_non_null(strstr(fixture.why, "broken.lua:1:"));
    assert_false(load("require 'other'", LUA_FIXTURE_WORKER));
    assert_non_null(strstr(fixture.why, "was not required while the configuration was loaded"));
    assert_true(load("assert(require 'string' == string)", LUA_FIXTURE_WORKER));
}

static int setup(void **state) {
    (void)state;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    char path[300];
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/lists", directory);
    mkdir(path, 0700);
    put("lists/one.lua", "local name = ... assert(name == 'lists.one') return {x = 1}");
    put("broken.lua", "= 1");
    put("other.lua", "");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    static const char *const names[] = {"lists/one.lua", "lists", "broken.lua", "other.lua", ""};
    char path[300];
    for (unsigned i = 0; i < EDGE_COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        remove(path);
    }
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_text), cmocka_unit_test(errors)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
