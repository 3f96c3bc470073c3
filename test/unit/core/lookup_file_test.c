/* Tests of server/core/lookup_file.c: one table for all who name a file; changes, faults and their end, as looks see them. */
#include "lookup_fixture.h"

#include <pthread.h>

#include "core/lookup_file.h"

static apr_pool_t *pool;
static const char *path;
static edge_lookup_file_t *file;

static void complain(void *context, unsigned line, const char *what) {
    unsigned *count = context;
    (void)line;
    (void)what;
    (*count)++;
}

static edge_lookup_file_t *open_it(void) {
    unsigned count = 0;
    edge_lookup_file_t *opened = edge_lookup_file_open(path, complain, &count);
    assert_true(opened ? count == 0 : count > 0);
    return opened;
}

static void holds(const char *text) {
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static bool knows(const char *name) {
    edge_span_t value;
    edge_lookup_key_t key = edge_lookup_key_name(edge_span_of(name));
    edge_lookup_table_t *table = edge_lookup_file_take(file);
    bool known = edge_lookup_table_ask(table, &key, EDGE_LOOKUP_ALL, &value) == EDGE_LOOKUP_YES;
    edge_lookup_table_drop(table);
    return known;
}

/* Until a look has made something of the change. */
static edge_followed_look_t look(void) {
    edge_followed_look_t seen = edge_lookup_file_look(file);
    return seen == EDGE_FOLLOWED_CHANGING ? edge_lookup_file_look(file) : seen;
}

static int setup(void **state) {
    (void)state;
    path = lookup_file_of(pool, "a.example\n");
    file = open_it();
    return file ? 0 : 1;
}

static int teardown(void **state) {
    (void)state;
    edge_lookup_file_close(file);
    unlink(path);
    return 0;
}

static void a_change_is_taken_at_the_second_look(void **state) {
    (void)state;
    assert_int_equal(edge_lookup_file_look(file), EDGE_FOLLOWED_SAME);
    holds("b.example\nc.example\n");
    assert_int_equal(edge_lookup_file_look(file), EDGE_FOLLOWED_CHANGING);
    assert_true(knows("a.example"));
    assert_int_equal(edge_lookup_file_look(file), EDGE_FOLLOWED_TAKEN);
    assert_true(knows("b.example") && knows("c.example") && !knows("a.example"));
    assert_int_equal(edge_lookup_file_look(file), EDGE_FOLLOWED_SAME);
}

static void faults_leave_the_last_good_one(void **state) {
    (void)state;
    holds("b.example\nb..example\n");
    assert_int_equal(look(), EDGE_FOLLOWED_REFUSED);
    assert_int_equal(look(), EDGE_FOLLOWED_SAME); /* said once */
    assert_true(knows("a.example") && !knows("b.example"));
    unlink(path);
    assert_int_equal(look(), EDGE_FOLLOWED_REFUSED);
    assert_int_equal(look(), EDGE_FOLLOWED_SAME);
    assert_true(knows("a.example"));
    holds("b.example\n");
    assert_int_equal(look(), EDGE_FOLLOWED_TAKEN);
    assert_true(knows("b.example"));
}

/* What is asked meanwhile has a table that stays until it is dropped. */
static void who_asks_keeps_what_it_took(void **state) {
    edge_span_t value;
    edge_lookup_key_t key = edge_lookup_key_name(edge_span_of("a.example"));
    (void)state;
    edge_lookup_table_t *before = edge_lookup_file_take(file);
    holds("b.example b.example\n");
    assert_int_equal(look(), EDGE_FOLLOWED_TAKEN);
    assert_int_equal(edge_lookup_table_ask(before, &key, EDGE_LOOKUP_ALL, &value), EDGE_LOOKUP_YES);
    edge_lookup_table_drop(before);
    assert_false(knows("a.example"));
}

static void one_for_all(void **state) {
    (void)state;
    edge_lookup_file_t *again = open_it();
    assert_ptr_equal(again, file);
    edge_lookup_file_close(again);
    assert_true(knows("a.example"));
    holds("no.. domain");
    /* It is open: whoever names it now gets what holds, not what is there. */
    again = open_it();
    assert_ptr_equal(again, file);
    edge_lookup_file_close(again);
}

static void what_cannot_be_opened(void **state) {
    const char *own = path;
    (void)state;
    path = lookup_file_of(pool, "a..example\n");
    assert_null(open_it());
    unlink(path);
    assert_null(open_it());
    path = own;
}

/* Somebody asks all the time while the file changes and the thread looks. */
static _Atomic bool enough;

static void *ask_on(void *unused) {
    (void)unused;
    while (!enough)
        assert_true(knows("a.example"));
    return NULL;
}

static void asked_by_others_meanwhile(void **state) {
    pthread_t threads[2];
    char text[64];
    (void)state;
    enough = false;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_on, NULL), 0);
    for (unsigned i = 0; i < 50; i++) {
        snprintf(text, sizeof(text), "a.example\nb%u.example\n", i * 1000);
        holds(text);
        look();
    }
    enough = true;
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void the_thread(void **state) {
    (void)state;
    assert_int_equal(edge_lookup_files_start(), APR_SUCCESS);
    edge_lookup_file_t *again = open_it();
    edge_lookup_file_close(again);
    edge_lookup_files_stop();
    edge_lookup_files_stop();
    assert_true(knows("a.example"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_is_taken_at_the_second_look, setup, teardown),
        cmocka_unit_test_setup_teardown(faults_leave_the_last_good_one, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asks_keeps_what_it_took, setup, teardown),
        cmocka_unit_test_setup_teardown(one_for_all, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened, setup, teardown),
        cmocka_unit_test_setup_teardown(asked_by_others_meanwhile, setup, teardown),
        cmocka_unit_test_setup_teardown(the_thread, setup, teardown),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
