/* What a module adds to the configuration: checked, shown and blamed like what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/core_conf.h"
#include "edge_conf_grow.h"

/* The configuration of all tests: the probe reads what its Text names, when told how to grow. */
static void (*grow)(edge_conf_check_t *check, edge_conf_node_t *listener, edge_conf_origin_t origin);

static void probe_expand(edge_conf_check_t *check) {
    edge_conf_node_t *root = edge_conf_grow_root(check);
    const edge_conf_node_t *named = edge_conf_grow_directive(root, NULL, "text");
    const edge_conf_file_t *file = named ? edge_conf_grow_read(check, named) : NULL;
    if (file && grow)
        grow(check, edge_conf_grow_section(root, NULL, "LISTENER"), (edge_conf_origin_t){file, 2});
}

static edge_snapshot_t *grown(void (*how)(edge_conf_check_t *check, edge_conf_node_t *listener,
                                          edge_conf_origin_t origin)) {
    grow = how;
    fixture_file("more", "first\nsecond\n");
    return fixture_build(PROBE_LOAD "Text more\nPath x\n" PROBE_REST "Number 9\n");
}

static void set_number(edge_conf_check_t *check, edge_conf_node_t *listener, edge_conf_origin_t origin) {
    edge_conf_grow_add(check, listener, origin, "Number", (const char *const[]){"5"}, 1);
    assert_string_equal(edge_conf_grow_argument(edge_conf_grow_directive(listener, NULL, "queue"), 0).at, "main");
    assert_null(edge_conf_grow_argument(listener, 1).at);
    assert_string_equal(edge_conf_grow_file_text(origin.file).at, "first\nsecond\n");
}

static void a_directive_counts(void **state) {
    const char *file;
    unsigned line;
    (void)state;
    edge_snapshot_t *snapshot = grown(set_number);
    assert_string_equal(fixture_codes(), "");
    assert_int_equal(fixture_report.files, 2);
    const edge_section_t *mx = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("mx"));
    assert_int_equal(fixture_probe(mx)->number, 5);
    assert_int_equal(fixture_probe(edge_snapshot_server(snapshot))->number, 9);
    assert_true(edge_section_wrote(mx, "Number", &file, &line));
    assert_string_equal(file, apr_pstrcat(fixture_pool, fixture_root, "/more", NULL));
    assert_int_equal(line, 2);
    edge_snapshot_drop(snapshot);
}

static void set_bad_number(edge_conf_check_t *check, edge_conf_node_t *listener, edge_conf_origin_t origin) {
    edge_conf_grow_add(check, listener, origin, "Number", (const char *const[]){"500"}, 1);
    edge_conf_grow_warn(check, (edge_conf_origin_t){origin.file, 1}, "EDG20998", "a %s", "warning");
    edge_conf_grow_error(check, origin, "EDG10998", "the %u. error", 2u);
}

/* By the rows' own checks, with the place in the file that asked for it. */
static void trouble_points_into_the_file(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = grown(set_bad_number);
    assert_string_equal(fixture_codes(), "EDG20998@1:0 EDG10998@2:0 EDG10032@2:0");
    const char *text = edge_conf_report_text(fixture_report.first, fixture_pool);
    assert_string_equal(text, apr_psprintf(fixture_pool,
                                           "%s/more:1: warning: a warning [EDG20998]\n"
                                           "      included from %s/edge.conf:2\n",
                                           fixture_root, fixture_root));
    edge_snapshot_drop(snapshot);
}

static void add_listener(edge_conf_check_t *check, edge_conf_node_t *listener, edge_conf_origin_t origin) {
    edge_conf_node_t *root = edge_conf_grow_root(check);
    edge_conf_node_t *more = edge_conf_grow_add_section(check, root, origin, "Listener", "more");
    edge_conf_grow_add(check, more, origin, "Listen", (const char *const[]){"127.0.0.1:9", "127.0.0.2:9"}, 2);
    edge_conf_grow_add(check, more, origin, "Protocol", (const char *const[]){"probe"}, 1);
    edge_conf_grow_add(check, more, origin, "Queue", (const char *const[]){"main"}, 1);
    edge_conf_node_t *on = edge_conf_grow_add_section(check, more, origin, "On", "MAIL");
    edge_conf_grow_add(check, on, origin, "Validate", (const char *const[]){"v"}, 1);
    edge_conf_node_t *validator = edge_conf_grow_add_section(check, root, origin, "Validator", "v");
    edge_conf_grow_add(check, validator, origin, "Module", (const char *const[]){"probe_module"}, 1);
    assert_ptr_equal(edge_conf_grow_section(root, listener, "listener"), more);
    assert_null(edge_conf_grow_section(root, more, "listener"));
    assert_int_equal(edge_conf_grow_origin(more).line, 2);
}

static void sections_are_served(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = grown(add_listener);
    assert_string_equal(fixture_codes(), "");
    const edge_section_t *more = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("more"));
    assert_int_equal(edge_core_listener_conf(more)->listen_count, 2);
    const edge_listener_t *listener = more->instance;
    assert_string_equal(listener->queue->name, "main");
    edge_snapshot_drop(snapshot);
}

static void add_twice(edge_conf_check_t *check, edge_conf_node_t *listener, edge_conf_origin_t origin) {
    edge_conf_node_t *queue = edge_conf_grow_directive(listener, NULL, "Queue");
    edge_conf_grow_remove(queue);
    assert_null(edge_conf_grow_directive(listener, NULL, "Queue"));
    edge_conf_grow_add(check, listener, origin, "Queue", (const char *const[]){"main"}, 1);
    edge_conf_node_t *number = edge_conf_grow_add(check, listener, origin, "Number", (const char *const[]){"5"}, 1);
    edge_conf_grow_remove(number);
    edge_conf_grow_add(check, listener, origin, "Number", (const char *const[]){"6"}, 1);
    edge_conf_grow_remove(edge_conf_grow_directive(listener, NULL, "Listen"));
    edge_conf_grow_add(check, listener, origin, "Listen", (const char *const[]){"127.0.0.1:5"}, 1);
}

/* First, last and in the middle. */
static void what_is_taken_out_is_gone(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = grown(add_twice);
    assert_string_equal(fixture_codes(), "");
    const edge_section_t *mx = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("mx"));
    assert_int_equal(fixture_probe(mx)->number, 6);
    assert_int_equal(edge_core_listener_conf(mx)->listens[0].port, 5);
    edge_snapshot_drop(snapshot);
}

static void files_that_cannot_be_read(void **state) {
    (void)state;
    grow = set_bad_number;
    edge_snapshot_drop(fixture_build(PROBE_LOAD "Text nowhere\nPath x\n" PROBE_REST));
    assert_string_equal(fixture_codes(), "EDG10077@2:6");
    edge_snapshot_drop(fixture_build(PROBE_LOAD "Text a b\nPath x\n" PROBE_REST));
    assert_string_equal(fixture_report.first->code, "EDG10076");
}

static void read_again(edge_conf_check_t *check, edge_conf_node_t *listener, edge_conf_origin_t origin) {
    const edge_conf_node_t *named = edge_conf_grow_directive(edge_conf_grow_root(check), NULL, "text");
    (void)listener;
    assert_ptr_equal(edge_conf_grow_read(check, named), origin.file);
}

static void a_file_is_read_once(void **state) {
    (void)state;
    edge_snapshot_drop(grown(read_again));
    assert_string_equal(fixture_codes(), "");
    assert_int_equal(fixture_report.files, 2);
}

/* The parent runs no module's code. */
static void the_parent_does_not_grow(void **state) {
    edge_snapshot_t *snapshot;
    (void)state;
    grow = set_bad_number;
    edge_snapshot_source_t source = fixture_source(PROBE_LOAD "Text more\nPath x\n" PROBE_REST);
    assert_int_equal(edge_snapshot_core_only(&source, fixture_pool, &snapshot, stderr), APR_SUCCESS);
}

static int set_up(void **state) {
    probe_module.expand = probe_expand;
    return fixture_set_up(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directive_counts),        cmocka_unit_test(trouble_points_into_the_file),
        cmocka_unit_test(sections_are_served),       cmocka_unit_test(what_is_taken_out_is_gone),
        cmocka_unit_test(files_that_cannot_be_read), cmocka_unit_test(a_file_is_read_once),
        cmocka_unit_test(the_parent_does_not_grow),
    };
    return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
