/* Diagnostics: what people read, what tools read, order, near misses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "conf_fixture.h"

static apr_pool_t *pool;
static edge_conf_report_t report;

static const edge_conf_file_t outer = {.path = "edge.conf", .text = EDGE_SPAN("A\n\tMaxMesageSize 75M\nlast")};
static const edge_conf_file_t inner = {
    .path = "d/1.conf", .text = EDGE_SPAN("B\n"), .included_by = &outer, .included_line = 3};

static const char *only(bool error, edge_conf_place_t place, const char *advice) {
    edge_conf_report_start(&report, pool);
    edge_conf_report_add(&report, error, place, "EDG10021", advice, "what %s", "is wrong");
    return edge_conf_report_text(report.first, pool);
}

static void as_people_read_it(void **state) {
    assert_string_equal(only(true, (edge_conf_place_t){&outer, 2, 2, 13}, "did you mean \"MaxMessageSize\"?"),
                        "edge.conf:2:2: error: what is wrong [EDG10021]\n"
                        "    2 | \tMaxMesageSize 75M\n"
                        "      | \t^~~~~~~~~~~~~ did you mean \"MaxMessageSize\"?\n");
    assert_string_equal(only(false, (edge_conf_place_t){&outer, 3, 5, 0}, NULL),
                        "edge.conf:3:5: warning: what is wrong [EDG10021]\n    3 | last\n      |     ^\n");
    assert_string_equal(only(true, (edge_conf_place_t){&outer, 3, 0, 0}, "try this"),
                        "edge.conf:3: error: what is wrong [EDG10021]\n      try this\n");
    assert_string_equal(only(true, (edge_conf_place_t){0}, NULL), "command line: error: what is wrong [EDG10021]\n");
    assert_string_equal(
        only(true, (edge_conf_place_t){&inner, 1, 1, 1}, NULL),
        "d/1.conf:1:1: error: what is wrong [EDG10021]\n      included from edge.conf:3\n    1 | B\n      | ^\n");
}

/* A word over joined lines is wider than its first line. */
static void the_underline_ends_with_the_line(void **state) {
    assert_string_equal(only(true, (edge_conf_place_t){&outer, 3, 3, 99}, NULL),
                        "edge.conf:3:3: error: what is wrong [EDG10021]\n    3 | last\n      |   ^~\n");
}

static void summary(void **state) {
    edge_conf_report_start(&report, pool);
    assert_string_equal(edge_conf_report_summary(&report, pool), "0 errors, 0 warnings in 0 files");
    edge_conf_report_add(&report, true, (edge_conf_place_t){0}, "EDG10001", NULL, "a");
    edge_conf_report_add(&report, false, (edge_conf_place_t){0}, "EDG20001", NULL, "a");
    report.files = 1;
    assert_string_equal(edge_conf_report_summary(&report, pool), "1 error, 1 warning in 1 file");
}

static void the_same_is_said_once(void **state) {
    edge_conf_report_start(&report, pool);
    for (unsigned i = 0; i < 3; i++)
        edge_conf_report_add(&report, true, (edge_conf_place_t){&outer, 1, 1, 1}, "EDG10001", NULL, "a");
    edge_conf_report_add(&report, true, (edge_conf_place_t){&outer, 1, 1, 1}, "EDG10001", NULL, "b");
    assert_int_equal(report.errors, 2);
}

static void more_than_most_are_counted_only(void **state) {
    unsigned kept = 0;
    edge_conf_report_start(&report, pool);
    for (unsigned i = 0; i < 60; i++)
        edge_conf_report_add(&report, true, (edge_conf_place_t){&outer, i + 1, 1, 1}, "EDG10001", NULL, "a");
    for (const edge_conf_diagnostic_t *diagnostic = report.first; diagnostic; diagnostic = diagnostic->next)
        kept++;
    assert_int_equal(report.errors, 60);
    assert_int_equal(kept, EDGE_CONF_DIAGNOSTICS_MOST);
}

static void sorted_by_file_and_line(void **state) {
    edge_conf_file_t second = {.path = "b"}, first = {.path = "a", .next = &second};
    edge_conf_report_start(&report, pool);
    edge_conf_report_add(&report, true, (edge_conf_place_t){&second, 1, 1, 1}, "EDG1", NULL, "a");
    edge_conf_report_add(&report, true, (edge_conf_place_t){&first, 9, 2, 1}, "EDG2", NULL, "a");
    edge_conf_report_add(&report, true, (edge_conf_place_t){&first, 9, 1, 1}, "EDG3", NULL, "a");
    edge_conf_report_add(&report, true, (edge_conf_place_t){&first, 9, 1, 1}, "EDG4", NULL, "b");
    edge_conf_report_add(&report, true, (edge_conf_place_t){0}, "EDG5", NULL, "a");
    edge_conf_report_sort(&report, &first);
    assert_string_equal(conf_fixture_codes(&report), "EDG5@0:0 EDG3@9:1 EDG4@9:1 EDG2@9:2 EDG1@1:1");
    edge_conf_report_add(&report, true, (edge_conf_place_t){0}, "EDG6", NULL, "last");
    assert_string_equal(conf_fixture_codes(&report), "EDG5@0:0 EDG3@9:1 EDG4@9:1 EDG2@9:2 EDG1@1:1 EDG6@0:0");
}

static const char *at(const void *context, unsigned index) { return ((const char *const *)context)[index]; }

static const char *near(const char *word) {
    static const char *const names[] = {"MaxMessageSize", "MaxRecipients", "Listen", "Listener", "TLS",
                                        "mode",           "main",          "maim",   NULL};
    const char *found = edge_conf_nearest(edge_span_of(word), at, names);
    return found ? found : "-";
}

static void near_misses(void **state) {
    assert_string_equal(near("MaxMesageSize"), "MaxMessageSize");
    assert_string_equal(near("maxmessagesize"), "MaxMessageSize");
    assert_string_equal(near("MaxMsgSize"), "-");
    assert_string_equal(near("MaxReicpients"), "MaxRecipients");
    assert_string_equal(near("MaxRec"), "MaxRecipients");
    assert_string_equal(near("Lisen"), "Listen");
    assert_string_equal(near("mdoe"), "mode");
    assert_string_equal(near("TLX"), "TLS");
    assert_string_equal(near("maix"), "-"); /* two are as near */
    assert_string_equal(near("xyz"), "-");
    assert_string_equal(near(""), "-");
    assert_string_equal(near("ab"), "-");
    assert_string_equal(near(apr_psprintf(pool, "%0200d", 1)), "-");
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int each(void **state) {
    (void)state;
    conf_fixture_start(pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(as_people_read_it, each),
        cmocka_unit_test_setup(the_underline_ends_with_the_line, each),
        cmocka_unit_test_setup(summary, each),
        cmocka_unit_test_setup(the_same_is_said_once, each),
        cmocka_unit_test_setup(more_than_most_are_counted_only, each),
        cmocka_unit_test_setup(sorted_by_file_and_line, each),
        cmocka_unit_test_setup(near_misses, each),
    };
    return cmocka_run_group_tests_name("proto/conf_report", tests, set_up, NULL);
}
