/* A password file that changes: taken when it is sound and has come to rest, else the old one stays. */
#include "sasl_fixture.h"

static store_file_t file;

static void complain(void *context, unsigned line, const char *what) {
    (void)context;
    fail_msg("%u: %s", line, what);
}

static void open_file(const char *text) {
    users_are(text);
    file = (store_file_t){.path = apr_pstrcat(fixture_pool, fixture_root, "/users", NULL), .name = "staff"};
    pthread_mutex_init(&file.lock, NULL);
    edge_file_stamp_t stamp;
    file.table = store_read(file.path, &stamp, complain, NULL);
    edge_followed_took(&file.followed, stamp);
}

static void close_file(void) {
    store_table_drop(file.table);
    pthread_mutex_destroy(&file.lock);
}

static bool knows(const char *name) {
    store_table_t *table = store_file_take(&file);
    bool known = store_table_find(table, edge_span_of(name)) != NULL;
    store_table_drop(table);
    return known;
}

static void unchanged(void **state) {
    open_file("ann:{PLAIN}x\n");
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_SAME);
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_SAME);
    close_file();
}

static void changed(void **state) {
    open_file("ann:{PLAIN}x\n");
    users_are("ann:{PLAIN}x\nbob:{PLAIN}y\n");
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_CHANGING);
    users_are("ann:{PLAIN}x\nbob:{PLAIN}y\ncy:{PLAIN}z\n");
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_CHANGING);
    assert_false(knows("bob"));
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_TAKEN);
    assert_true(knows("ann") && knows("bob") && knows("cy"));
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_SAME);
    close_file();
}

/* Who holds the old table may go on with it. */
static void held_over_a_change(void **state) {
    open_file("ann:{PLAIN}x\n");
    store_table_t *before = store_file_take(&file);
    users_are("bob:{PLAIN}y\n# longer\n");
    store_watch_look(&file);
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_TAKEN);
    assert_false(knows("ann"));
    assert_non_null(store_table_find(before, edge_span_of("ann")));
    store_table_drop(before);
    close_file();
}

static void refused(void **state) {
    open_file("ann:{PLAIN}x\n");
    users_are("bob:{PLAIN}y\nrubbish\n");
    store_watch_look(&file);
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_REFUSED);
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_SAME); /* said once */
    assert_true(knows("ann") && !knows("bob"));
    users_are("bob:{PLAIN}y\n");
    store_watch_look(&file);
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_TAKEN);
    assert_true(knows("bob"));
    close_file();
}

static void readable_by_all(void **state) {
    open_file("ann:{PLAIN}x\n");
    chmod(file.path, 0644);
    store_watch_look(&file);
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_REFUSED);
    assert_true(knows("ann"));
    chmod(file.path, 0600);
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_SAME); /* it is what is in force */
    close_file();
}

static void gone(void **state) {
    open_file("ann:{PLAIN}x\n");
    unlink(file.path);
    store_watch_look(&file);
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_REFUSED);
    assert_true(knows("ann"));
    users_are("bob:{PLAIN}y\n");
    store_watch_look(&file);
    assert_int_equal(store_watch_look(&file), EDGE_FOLLOWED_TAKEN);
    assert_true(knows("bob"));
    close_file();
}

/* The thread is there to be ended: with no file, one, and several. */
static void watching(void **state) {
    open_file("ann:{PLAIN}x\n");
    store_file_t other = file;
    assert_int_equal(store_watch_start(&file), APR_SUCCESS);
    assert_int_equal(store_watch_start(&other), APR_SUCCESS);
    store_watch_stop(&file);
    store_watch_stop(&other);
    store_watch_stop(&other);
    close_file();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged), cmocka_unit_test(changed),         cmocka_unit_test(held_over_a_change),
        cmocka_unit_test(refused),   cmocka_unit_test(readable_by_all), cmocka_unit_test(gone),
        cmocka_unit_test(watching),
    };
    return cmocka_run_group_tests_name("auth_sasl/store_watch", tests, sasl_set_up, fixture_tear_down);
}
