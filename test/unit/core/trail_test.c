/* Tests of server/core/trail.c: lines kept, cut, and given up for newer ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <apr_general.h>
#include <cmocka.h>

#include "core/trail.h"
#include "event/worker_priv.h"

static edge_worker_t *worker;
static edge_trail_t *trail;

static int setup(void **state) {
    (void)state;
    trail = NULL;
    return edge_worker_make(0, &worker) == APR_SUCCESS ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    edge_trail_free(trail, worker);
    edge_worker_destroy(worker);
    return 0;
}

static void add(uint32_t at, bool client, const char *text) {
    edge_trail_line_t line = {.at = at, .client = client, .text = edge_span_of(text)};
    edge_trail_add(&trail, worker, &line);
}

static void lines_come_back(void **state) {
    edge_trail_line_t line;
    unsigned at = 0;
    (void)state;
    add(1, false, "220 x");
    add(70000, true, "");
    assert_true(edge_trail_next(trail, &at, &line));
    assert_int_equal(line.at, 1);
    assert_false(line.client);
    assert_true(edge_span_equal(line.text, edge_span_of("220 x")));
    assert_true(edge_trail_next(trail, &at, &line));
    assert_int_equal(line.at, 70000);
    assert_true(line.client);
    assert_int_equal(line.text.len, 0);
    assert_false(edge_trail_next(trail, &at, &line));
    assert_int_equal(trail->dropped, 0);
}

static void little_is_held_for_little_said(void **state) {
    (void)state;
    add(1, true, "EHLO client.example.com");
    assert_true(trail->size <= 128);
}

static void a_long_line_is_cut(void **state) {
    char text[1000];
    edge_trail_line_t line;
    unsigned at = 0;
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    add(0, true, text);
    assert_true(edge_trail_next(trail, &at, &line));
    assert_int_equal(line.text.len, EDGE_TRAIL_LINE_MOST);
    assert_true(line.more);
}

static void the_oldest_give_way(void **state) {
    char text[64];
    edge_trail_line_t line;
    unsigned first = 0, count = 0, said = 500;
    (void)state;
    for (unsigned i = 0; i < said; i++) {
        snprintf(text, sizeof(text), "line %u %.*s", i, (int)(i % 40), "........................................");
        add(i, i % 2, text);
    }
    assert_int_equal(trail->size, EDGE_TRAIL_MOST);
    for (unsigned at = 0; edge_trail_next(trail, &at, &line); count++) {
        first = count == 0 ? line.at : first;
        assert_int_equal(line.at, first + count);
        snprintf(text, sizeof(text), "line %u ", line.at);
        assert_memory_equal(line.text.at, text, strlen(text));
    }
    assert_true(count > 10);
    assert_int_equal(first + count, said);
    assert_int_equal(trail->dropped, first);
}

static void a_copy_reads_the_same(void **state) {
    edge_trail_copy_t copy;
    edge_trail_line_t line;
    unsigned at = 0;
    (void)state;
    edge_trail_copy(NULL, &copy);
    assert_false(edge_trail_next(&copy.trail, &at, &line));
    add(5, true, "NOOP");
    edge_trail_copy(trail, &copy);
    assert_true(edge_trail_next(&copy.trail, &at, &line));
    assert_true(edge_span_equal(line.text, edge_span_of("NOOP")));
    assert_false(edge_trail_next(&copy.trail, &at, &line));
}

/* A child that was killed may have left anything. */
static void nonsense_is_not_read(void **state) {
    edge_trail_copy_t copy;
    edge_trail_line_t line;
    (void)state;
    for (unsigned fill = 0; fill < 256; fill++) {
        memset(&copy, (int)fill, sizeof(copy));
        for (unsigned at = 0; edge_trail_next(&copy.trail, &at, &line);)
            assert_true(line.text.at + line.text.len <= copy.room + sizeof(copy.room));
        copy.trail.size = EDGE_TRAIL_MOST;
        for (unsigned at = 0; edge_trail_next(&copy.trail, &at, &line);)
            assert_true(line.text.at + line.text.len <= copy.room + sizeof(copy.room));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(little_is_held_for_little_said, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_give_way, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_reads_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense_is_not_read, setup, teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
