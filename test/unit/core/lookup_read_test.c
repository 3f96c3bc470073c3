/* Tests of server/core/lookup_read.c: files that can be read, and those that cannot. */
#include "lookup_fixture.h"

#include <sys/stat.h>

#include "core/lookup_read.h"

static apr_pool_t *pool;
static char complaint[300];

static void complain(void *context, unsigned line, const char *what) {
    (void)context;
    snprintf(complaint, sizeof(complaint), "%u:%s", line, what);
}

static edge_lookup_table_t *read_it(const char *path, edge_file_stamp_t *stamp) {
    complaint[0] = '\0';
    return edge_lookup_read_file(path, stamp, complain, NULL);
}

static void a_file(void **state) {
    edge_file_stamp_t stamp, now;
    const char *path = lookup_file_of(pool, "a.example\nb.example");
    (void)state;
    edge_lookup_table_t *table = read_it(path, &stamp);
    assert_non_null(table);
    assert_int_equal(edge_lookup_table_count(table), 2);
    now = edge_file_stamp(path);
    assert_true(edge_file_stamp_equal(&stamp, &now));
    edge_lookup_table_drop(table);
    unlink(path);
}

static void faults(void **state) {
    edge_file_stamp_t stamp;
    const char *path = lookup_file_of(pool, "a.example\nb..example\n");
    (void)state;
    assert_null(read_it(path, &stamp));
    assert_int_equal(strncmp(complaint, "2:neither", 9), 0);
    assert_int_equal(truncate(path, (off_t)EDGE_LOOKUP_FILE_MOST + 1), 0);
    assert_null(read_it(path, &stamp));
    assert_string_equal(complaint, "0:File too large");
    unlink(path);
    assert_null(read_it(path, &stamp));
    assert_string_equal(complaint, "0:there is no such file");
    assert_null(read_it("/tmp", &stamp));
    assert_string_equal(complaint, "0:Invalid argument");
}

static void an_empty_file(void **state) {
    edge_file_stamp_t stamp;
    const char *path = lookup_file_of(pool, "");
    (void)state;
    edge_lookup_table_t *table = read_it(path, &stamp);
    assert_non_null(table);
    assert_int_equal(edge_lookup_table_count(table), 0);
    edge_lookup_table_drop(table);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_file), cmocka_unit_test(faults),
                                       cmocka_unit_test(an_empty_file)};
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
