/* The record of a reading: the same text again, whatever has become of the files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include <sys/stat.h>

#include "core/conf_record.h"
#include "core/conf_world.h"
#include "core/core_conf.h"

static const char *below(const char *name) { return apr_pstrcat(fixture_pool, fixture_root, "/", name, NULL); }

static void answers_stay_as_they_were(void **state) {
    (void)state;
    edge_conf_record_t *record = edge_conf_record_make(edge_conf_world(fixture_root), fixture_pool);
    const edge_conf_world_t *taking = edge_conf_record_taking(record), *giving = edge_conf_record_giving(record);
    edge_span_t text;
    apr_pool_t *parsing;
    apr_pool_create(&parsing, NULL);
    mkdir(below("r"), 0700);
    fixture_file("r/a.conf", "old");
    setenv("EDGE_RECORD", "one", 1);
    assert_null(taking->read(taking->context, below("r/a.conf"), parsing, &text));
    ((char *)(uintptr_t)text.at)[0] = 'X'; /* a parser may cut what it got */
    assert_string_equal(taking->read(taking->context, below("r/none"), parsing, &text), "No such file or directory");
    assert_int_equal(taking->match(taking->context, below("r/*.conf"), parsing)->nelts, 1);
    assert_true(taking->exists(taking->context, below("r/a.conf")));
    assert_string_equal(taking->environment(taking->context, "EDGE_RECORD"), "one");
    assert_null(taking->environment(taking->context, "EDGE_RECORD_NONE"));
    apr_pool_destroy(parsing);

    unlink(below("r/a.conf"));
    fixture_file("r/none", "now");
    setenv("EDGE_RECORD", "two", 1);
    setenv("EDGE_RECORD_NONE", "two", 1);
    apr_pool_create(&parsing, NULL);
    assert_null(giving->read(giving->context, below("r/a.conf"), parsing, &text));
    assert_true(edge_span_equal(text, edge_span_of("old")));
    assert_string_equal(giving->read(giving->context, below("r/none"), parsing, &text), "No such file or directory");
    assert_int_equal(giving->match(giving->context, below("r/*.conf"), parsing)->nelts, 1);
    assert_true(giving->exists(giving->context, below("r/a.conf")));
    assert_string_equal(giving->environment(giving->context, "EDGE_RECORD"), "one");
    assert_null(giving->environment(giving->context, "EDGE_RECORD_NONE"));
    assert_string_equal(giving->server_root, fixture_root);
    apr_pool_destroy(parsing);
}

/* One reading sees one state, although the file changes in the midst of it. */
static void a_question_has_one_answer(void **state) {
    (void)state;
    edge_conf_record_t *record = edge_conf_record_make(edge_conf_world(fixture_root), fixture_pool);
    const edge_conf_world_t *taking = edge_conf_record_taking(record);
    edge_span_t text;
    fixture_file("twice", "first");
    assert_null(taking->read(taking->context, below("twice"), fixture_pool, &text));
    fixture_file("twice", "second");
    assert_null(taking->read(taking->context, below("twice"), fixture_pool, &text));
    assert_true(edge_span_equal(text, edge_span_of("first")));
}

static void what_was_never_asked_comes_from_the_machine(void **state) {
    (void)state;
    edge_conf_record_t *record = edge_conf_record_make(edge_conf_world(fixture_root), fixture_pool);
    const edge_conf_world_t *giving = edge_conf_record_giving(record);
    edge_span_t text;
    fixture_file("other", "text");
    setenv("EDGE_RECORD", "three", 1);
    assert_null(giving->read(giving->context, below("other"), fixture_pool, &text));
    assert_int_equal(text.len, 4);
    assert_int_equal(giving->match(giving->context, below("othe?"), fixture_pool)->nelts, 1);
    assert_true(giving->exists(giving->context, below("other")));
    assert_string_equal(giving->environment(giving->context, "EDGE_RECORD"), "three");
}

static const char *difference_after(void (*take)(const edge_conf_world_t *taking), void (*change)(void)) {
    edge_conf_record_t *record = edge_conf_record_make(edge_conf_world(fixture_root), fixture_pool);
    take(edge_conf_record_taking(record));
    assert_null(edge_conf_record_difference(record, fixture_pool));
    change();
    return edge_conf_record_difference(record, fixture_pool);
}

static void take_file(const edge_conf_world_t *taking) {
    edge_span_t text;
    fixture_file("d.conf", "a");
    taking->read(taking->context, below("d.conf"), fixture_pool, &text);
}
static void write_file(void) { fixture_file("d.conf", "b"); }
static void remove_file(void) { unlink(below("d.conf")); }
static void take_match(const edge_conf_world_t *taking) {
    taking->match(taking->context, below("*.new"), fixture_pool);
}
static void add_match(void) { fixture_file("x.new", ""); }
static void take_exists(const edge_conf_world_t *taking) { taking->exists(taking->context, below("mark")); }
static void add_mark(void) { fixture_file("mark", ""); }
static void remove_mark(void) { unlink(below("mark")); }
static void take_variable(const edge_conf_world_t *taking) { taking->environment(taking->context, "EDGE_RECORD"); }
static void change_variable(void) { setenv("EDGE_RECORD", "four", 1); }

static void differences_are_named(void **state) {
    (void)state;
#define BELOW(name, text) apr_psprintf(fixture_pool, "%s" text, below(name))
    assert_string_equal(difference_after(take_file, write_file), BELOW("d.conf", " has changed"));
    assert_string_equal(difference_after(take_file, remove_file),
                        BELOW("d.conf", " cannot be read: No such file or directory"));
    assert_string_equal(difference_after(take_match, add_match),
                        apr_psprintf(fixture_pool, "other files match %s/*.new", fixture_root));
    assert_string_equal(difference_after(take_exists, add_mark), BELOW("mark", " is there now"));
    assert_string_equal(difference_after(take_exists, remove_mark), BELOW("mark", " is gone"));
    assert_string_equal(difference_after(take_variable, change_variable),
                        "the variable EDGE_RECORD of the environment has changed");
}

/* As the parent and a child of its use it. */
static void a_broken_file_does_not_matter(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = NULL;
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    edge_snapshot_source_t source = fixture_source(PROBE_LOAD "Number 5\nInclude more.conf\n" PROBE_REST);
    fixture_file("more.conf", "MaxConnections 9\n");
    edge_conf_record_t *record = edge_conf_record_make(edge_conf_world(fixture_root), pool);
    source.world = edge_conf_record_taking(record);
    assert_int_equal(edge_snapshot_core_only(&source, pool, &snapshot, stderr), APR_SUCCESS);
    fixture_file("edge.conf", "Nonsense\n");
    unlink(below("more.conf"));
    source.world = edge_conf_record_giving(record);
    assert_int_equal(edge_snapshot_load(&source, 1, &snapshot, stderr), APR_SUCCESS);
    assert_int_equal(fixture_probe(edge_snapshot_server(snapshot))->number, 5);
    assert_int_equal(edge_core_server_conf(snapshot)->max_connections, 9);
    edge_snapshot_drop(snapshot);
    apr_pool_destroy(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_stay_as_they_were),
        cmocka_unit_test(a_question_has_one_answer),
        cmocka_unit_test(what_was_never_asked_comes_from_the_machine),
        cmocka_unit_test(differences_are_named),
        cmocka_unit_test(a_broken_file_does_not_matter),
    };
    return cmocka_run_group_tests_name("core/conf_record", tests, fixture_set_up, fixture_tear_down);
}
