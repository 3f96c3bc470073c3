/* What the parent keeps of a configuration, and what its children make of it. */
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
#include "parent_conf.h"

static apr_pool_t *pool;
static char root[] = "/tmp/edged_parent_XXXXXX";

static const char *below(const char *name) { return apr_pstrcat(pool, root, "/", name, NULL); }

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(below(name), "w");
    fputs(text, file);
    fclose(file);
}

static apr_status_t read_conf(edge_parent_conf_t **conf, FILE *out) {
    edge_snapshot_source_t source = {.path = below("edge.conf"), .server_root = root};
    source.defines = apr_array_make(pool, 1, sizeof(const char *));
    return edge_parent_conf_read(&source, conf, out);
}

static uint32_t most_of_child(const edge_parent_conf_t *conf) {
    edge_snapshot_t *seen;
    apr_pool_t *childs;
    apr_pool_create(&childs, NULL);
    assert_int_equal(edge_snapshot_core_only(&conf->source, childs, &seen, stderr), APR_SUCCESS);
    uint32_t most = edge_core_server_conf(seen)->max_connections;
    apr_pool_destroy(childs);
    return most;
}

static void a_child_parses_what_the_parent_read(void **state) {
    edge_parent_conf_t *conf = NULL;
    (void)state;
    write_file("edge.conf", "PidFile a.pid\nInclude more.conf\n");
    write_file("more.conf", "MaxConnections 11\n");
    assert_int_equal(read_conf(&conf, stderr), APR_SUCCESS);
    assert_string_equal(edge_parent_conf_server(conf)->pid_file.at, below("a.pid"));
    write_file("more.conf", "MaxConnections 12\n");
    assert_int_equal(most_of_child(conf), 11);
    unlink(below("edge.conf"));
    assert_int_equal(most_of_child(conf), 11);
    edge_parent_conf_drop(conf);
    edge_parent_conf_drop(NULL);
}

static void a_refused_one_is_not_given(void **state) {
    edge_parent_conf_t *conf = NULL;
    char text[512] = "";
    FILE *out = tmpfile();
    (void)state;
    write_file("edge.conf", "MaxConnections many\n");
    assert_int_not_equal(read_conf(&conf, out), APR_SUCCESS);
    assert_null(conf);
    rewind(out);
    assert_true(fread(text, 1, sizeof(text) - 1, out) > 0);
    fclose(out);
    assert_non_null(strstr(text, "edge.conf:1:16: error:"));
}

static unsigned lines_of_log(void) {
    unsigned lines = 0;
    FILE *log = fopen(below("log"), "r");
    for (int c; (c = getc(log)) != EOF;)
        lines += c == '\n';
    fclose(log);
    return lines;
}

static void a_difference_is_told_once(void **state) {
    edge_parent_conf_t *conf = NULL;
    (void)state;
    write_file("edge.conf", "MaxConnections 9\n");
    assert_int_equal(read_conf(&conf, stderr), APR_SUCCESS);
    assert_int_equal(edge_log_open(below("log")), APR_SUCCESS);
    edge_parent_conf_tell_difference(conf);
    assert_int_equal(lines_of_log(), 0);
    write_file("edge.conf", "MaxConnections many\n");
    edge_parent_conf_tell_difference(conf);
    edge_parent_conf_tell_difference(conf);
    assert_int_equal(lines_of_log(), 1);
    edge_log_open(NULL);
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
        cmocka_unit_test(a_child_parses_what_the_parent_read),
        cmocka_unit_test(a_refused_one_is_not_given),
        cmocka_unit_test(a_difference_is_told_once),
    };
    return cmocka_run_group_tests_name("main/parent_conf", tests, set_up, tear_down);
}
