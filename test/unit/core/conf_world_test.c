/* The parser's world: files, patterns without leftovers, the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include <sys/stat.h>

#include "core/conf_world.h"

static const char *below(const char *name) { return apr_pstrcat(fixture_pool, fixture_root, "/", name, NULL); }

static void reads_files_only(void **state) {
    (void)state;
    edge_conf_world_t world = edge_conf_world(fixture_root);
    edge_span_t text;
    fixture_file("a", "one\ntwo");
    assert_null(world.read(NULL, below("a"), fixture_pool, &text));
    assert_int_equal(text.len, 7);
    assert_string_equal(text.at, "one\ntwo");
    fixture_file("empty", "");
    assert_null(world.read(NULL, below("empty"), fixture_pool, &text));
    assert_int_equal(text.len, 0);
    assert_string_equal(world.read(NULL, below("gone"), fixture_pool, &text), "No such file or directory");
    assert_string_equal(world.read(NULL, fixture_root, fixture_pool, &text), "it is no file");
    assert_true(world.exists(NULL, below("a")));
    assert_false(world.exists(NULL, below("gone")));
    assert_string_equal(world.server_root, fixture_root);
}

static void a_file_too_large_is_refused(void **state) {
    (void)state;
    edge_conf_world_t world = edge_conf_world(fixture_root);
    edge_span_t text;
    fixture_file("large", "");
    assert_int_equal(truncate(below("large"), 17L << 20), 0);
    assert_string_equal(world.read(NULL, below("large"), fixture_pool, &text), "it is larger than 16 MiB");
}

static void patterns_skip_leftovers_and_sort(void **state) {
    (void)state;
    edge_conf_world_t world = edge_conf_world(fixture_root);
    const char *names[] = {"20-b.conf",     "10-a.conf",       ".hidden.conf",     "a.conf~",
                           "a.conf.bak",    "a.conf.dpkg-old", "a.conf.dpkg-dist", "a.conf.rpmsave",
                           "a.conf.rpmnew", "a.conf.orig",     ".a.conf.swp"};
    assert_int_equal(mkdir(below("d"), 0700), 0);
    for (unsigned i = 0; i < EDGE_COUNT(names); i++)
        fixture_file(apr_pstrcat(fixture_pool, "d/", names[i], NULL), "");
    apr_array_header_t *found = world.match(NULL, below("d/*"), fixture_pool);
    assert_int_equal(found->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(found, 0, const char *), below("d/10-a.conf"));
    assert_string_equal(APR_ARRAY_IDX(found, 1, const char *), below("d/20-b.conf"));
    assert_int_equal(world.match(NULL, below("e/*"), fixture_pool)->nelts, 0);
}

static void the_environment(void **state) {
    (void)state;
    edge_conf_world_t world = edge_conf_world(fixture_root);
    setenv("EDGE_TEST_NAME", "value", 1);
    assert_string_equal(world.environment(NULL, "EDGE_TEST_NAME"), "value");
    unsetenv("EDGE_TEST_NAME");
    assert_null(world.environment(NULL, "EDGE_TEST_NAME"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_files_only),
        cmocka_unit_test(a_file_too_large_is_refused),
        cmocka_unit_test(patterns_skip_leftovers_and_sort),
        cmocka_unit_test(the_environment),
    };
    return cmocka_run_group_tests_name("core/conf_world", tests, fixture_set_up, fixture_tear_down);
}
