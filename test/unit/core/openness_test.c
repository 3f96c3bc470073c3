/* Tests of server/core/openness.c: what is shut is remembered by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/openness.h"

static void all_is_open_at_first(void **state) {
    (void)state;
    assert_int_equal(edge_openness_of(edge_span_of("mx")).state, EDGE_OPEN);
    assert_int_equal(edge_openness_of(edge_span_of("mx")).since, 0);
    assert_false(edge_draining());
    assert_false(edge_drain_now().on);
}

static void what_is_shut_is_remembered(void **state) {
    (void)state;
    assert_true(edge_openness_set(edge_span_of("mx"), EDGE_PAUSED, 5));
    assert_true(edge_openness_set(edge_span_of("mx2"), EDGE_DRAINING, 6));
    assert_int_equal(edge_openness_of(edge_span_of("mx")).state, EDGE_PAUSED);
    assert_int_equal(edge_openness_of(edge_span_of("mx")).since, 5);
    assert_int_equal(edge_openness_of(edge_span_of("mx2")).state, EDGE_DRAINING);
    assert_int_equal(edge_openness_of(edge_span_of("m")).state, EDGE_OPEN);
    assert_true(edge_openness_set(edge_span_of("mx"), EDGE_OPEN, 7));
    assert_int_equal(edge_openness_of(edge_span_of("mx")).state, EDGE_OPEN);
    assert_string_equal(edge_openness_name(EDGE_PAUSED), "paused");
}

static void there_is_an_end_of_room(void **state) {
    char name[80];
    unsigned kept = 0;
    (void)state;
    while (kept < 1000) {
        snprintf(name, sizeof(name), "listener-%u", kept);
        if (!edge_openness_set(edge_span_of(name), EDGE_PAUSED, 1))
            break;
        kept++;
    }
    assert_in_range(kept, 50, 64);
    assert_true(edge_openness_set(edge_span_of("listener-0"), EDGE_OPEN, 1));
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_false(edge_openness_set(edge_span_of(name), EDGE_PAUSED, 1));
    assert_false(edge_openness_set(edge_span_of(""), EDGE_PAUSED, 1));
}

static void a_drain_is_seen(void **state) {
    edge_drain_t drain = {.on = true, .leaves = true, .since = 3, .deadline = 4, .deadline_mono = 5};
    (void)state;
    edge_drain_set(&drain);
    assert_true(edge_draining());
    assert_int_equal(edge_drain_now().deadline_mono, 5);
    drain.on = false;
    edge_drain_set(&drain);
    assert_false(edge_draining());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_open_at_first),
        cmocka_unit_test(what_is_shut_is_remembered),
        cmocka_unit_test(a_drain_is_seen),
        cmocka_unit_test(there_is_an_end_of_room),
    };
    if (cmocka_run_group_tests_name("without a map", (struct CMUnitTest[]){cmocka_unit_test(all_is_open_at_first)},
                                    NULL, NULL) ||
        edge_openness_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
