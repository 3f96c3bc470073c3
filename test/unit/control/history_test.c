/* Tests of server/control/history.c: rates are differences, gaps stay gaps, the ring turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "control/history.h"

#define BEGIN 1000000000

static void put(int64_t second, int64_t accepted, int64_t sessions) {
    edge_history_sample_t sample = {{[EDGE_HISTORY_ACCEPTED] = accepted, [EDGE_HISTORY_SESSIONS] = sessions}};
    edge_history_put(second, &sample);
}

static void a_rate_is_a_difference(void **state) {
    double rate = 0;
    (void)state;
    put(BEGIN, 10, 1);
    put(BEGIN + 1, 30, 2);
    put(BEGIN + 4, 90, 3);
    assert_true(edge_history_rate(EDGE_HISTORY_ACCEPTED, BEGIN, BEGIN + 1, &rate));
    assert_true(rate == 20);
    assert_true(edge_history_rate(EDGE_HISTORY_ACCEPTED, BEGIN - 5, BEGIN + 9, &rate));
    assert_true(rate == 20);
    assert_false(edge_history_rate(EDGE_HISTORY_ACCEPTED, BEGIN + 2, BEGIN + 3, &rate));
    assert_false(edge_history_rate(EDGE_HISTORY_ACCEPTED, BEGIN + 4, BEGIN + 9, &rate));
}

static void a_restart_is_no_rate(void **state) {
    double rate = 0;
    (void)state;
    put(BEGIN + 10, 100, 1);
    put(BEGIN + 11, 5, 1);
    assert_false(edge_history_rate(EDGE_HISTORY_ACCEPTED, BEGIN + 10, BEGIN + 11, &rate));
}

static void what_stands_is_the_last(void **state) {
    int64_t value = 0;
    (void)state;
    assert_true(edge_history_last(EDGE_HISTORY_SESSIONS, BEGIN, BEGIN + 3, &value));
    assert_int_equal(value, 2);
    assert_false(edge_history_last(EDGE_HISTORY_SESSIONS, BEGIN + 2, BEGIN + 3, &value));
}

static void the_ring_turns(void **state) {
    edge_history_sample_t sample;
    (void)state;
    assert_true(edge_history_at(BEGIN, &sample));
    put(BEGIN + EDGE_HISTORY_SECONDS, 7, 1);
    assert_false(edge_history_at(BEGIN, &sample));
    assert_true(edge_history_at(BEGIN + EDGE_HISTORY_SECONDS, &sample));
    assert_int_equal(sample.values[EDGE_HISTORY_ACCEPTED], 7);
}

int main(void) {
    edge_history_sample_t sample;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_a_difference),
        cmocka_unit_test(a_restart_is_no_rate),
        cmocka_unit_test(what_stands_is_the_last),
        cmocka_unit_test(the_ring_turns),
    };
    put(BEGIN, 1, 1); /* without a map nothing is kept */
    if (edge_history_at(BEGIN, &sample) || edge_history_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
