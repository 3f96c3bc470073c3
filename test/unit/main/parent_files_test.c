/* Log and PidFile follow the configuration in force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "edge_log.h"
#include "parent_files.h"

EDGE_LOG_AREA(test_area, "test_parent_files")

static apr_pool_t *pool;
static char root[] = "/tmp/edged_files_XXXXXX";

static const char *below(const char *name) { return apr_pstrcat(pool, root, "/", name, NULL); }

static edge_parent_conf_t *conf_of(const char *text) {
    edge_parent_conf_t *conf = NULL;
    edge_snapshot_source_t source = {.path = below("edge.conf"), .server_root = root};
    source.defines = apr_array_make(pool, 1, sizeof(const char *));
    FILE *file = fopen(source.path, "w");
    fputs(text, file);
    fclose(file);
    assert_int_equal(edge_parent_conf_read(&source, &conf, stdout), APR_SUCCESS);
    return conf;
}

static bool is_there(const char *name) { return access(below(name), F_OK) == 0; }

static bool says(const char *name, const char *text) {
    char content[4096];
    FILE *file = fopen(below(name), "r");
    size_t len = file ? fread(content, 1, sizeof(content) - 1, file) : 0;
    content[len] = '\0';
    if (file)
        fclose(file);
    return strstr(content, text) != NULL;
}

static void they_move_with_the_configuration(void **state) {
    edge_parent_conf_t *first = conf_of("PidFile a/pid\nErrorLog b/log\n");
    edge_parent_conf_t *second = conf_of("PidFile c/pid\nErrorLog d/log\n");
    edge_parent_files_t files = {first, false};
    int kept = dup(STDERR_FILENO);
    (void)state;
    assert_int_equal(edge_parent_files_open(&files), APR_SUCCESS);
    assert_true(is_there("b/log") && !is_there("a/pid"));
    edge_parent_files_settle(&files);
    assert_true(is_there("a/pid"));
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "to the first");
    edge_parent_files_move(&files, second);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "to the second");
    assert_int_equal(rename(below("d/log"), below("d/rotated")), 0);
    edge_parent_files_reopen(&files);
    EDGE_LOG(&test_area, EDGE_LOG_ERROR, 1, "to the third");
    edge_log_open(NULL);
    dup2(kept, STDERR_FILENO);
    assert_true(says("b/log", "to the first") && !says("b/log", "to the second"));
    assert_true(says("d/rotated", "to the second") && says("d/log", "to the third"));
    assert_true(!is_there("a/pid") && is_there("c/pid"));
    edge_parent_files_remove(&files);
    assert_false(is_there("c/pid"));
    edge_parent_conf_drop(first);
    edge_parent_conf_drop(second);
}

static void what_did_not_change_is_left_alone(void **state) {
    edge_parent_conf_t *first = conf_of("PidFile e/pid\nErrorLog e/log\n");
    edge_parent_conf_t *second = conf_of("PidFile e/pid\nErrorLog e/log\nMaxConnections 9\n");
    edge_parent_files_t files = {first, true};
    (void)state;
    assert_int_equal(edge_parent_files_open(&files), APR_SUCCESS);
    assert_true(edge_log_is_stderr() && !is_there("e/log")); /* in the foreground */
    edge_parent_files_settle(&files);
    edge_parent_files_move(&files, second);
    assert_true(is_there("e/pid"));
    edge_parent_files_remove(&files);
    edge_parent_conf_drop(first);
    edge_parent_conf_drop(second);
}

static void a_log_that_cannot_be_opened_stops_a_start(void **state) {
    edge_parent_conf_t *conf = conf_of("PidFile f/pid\nErrorLog /dev/null/log\n");
    edge_parent_files_t files = {conf, false};
    (void)state;
    assert_int_not_equal(edge_parent_files_open(&files), APR_SUCCESS);
    edge_parent_conf_drop(conf);
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return mkdtemp(root) ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    return system(apr_pstrcat(pool, "rm -rf ", root, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_move_with_the_configuration),
        cmocka_unit_test(what_did_not_change_is_left_alone),
        cmocka_unit_test(a_log_that_cannot_be_opened_stops_a_start),
    };
    return cmocka_run_group_tests_name("main/parent_files", tests, set_up, tear_down);
}
