/* Pace: which of several limits is the deadline, and which is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge_pace.h"

#define START EDGE_SECONDS(1000)

static edge_mono_t at(edge_mono_t seconds) { return START + EDGE_SECONDS(seconds); }

static const edge_limits_t usual = {
    .min_rate = 10,
    .timeouts = {.command = EDGE_SECONDS(300),
                 .data = EDGE_SECONDS(180),
                 .tls = EDGE_SECONDS(20),
                 .session = EDGE_SECONDS(3600),
                 .data_total = EDGE_SECONDS(1800)},
};

static void ends(edge_pace_t *pace, const edge_limits_t *limits, edge_pace_turn_t turn, edge_mono_t seconds,
                 edge_close_reason_t reason) {
    edge_close_reason_t why = EDGE_CLOSE_COUNT;
    assert_int_equal(edge_pace_due(pace, limits, turn), at(seconds));
    assert_false(edge_pace_over(pace, limits, turn, at(seconds) - 1, &why));
    assert_true(edge_pace_over(pace, limits, turn, at(seconds), &why));
    assert_int_equal(why, reason);
}

static void each_turn_has_its_limit(void **state) {
    (void)state;
    edge_pace_t pace;
    edge_pace_open(&pace, at(0));
    ends(&pace, &usual, EDGE_PACE_BANNER, 300, EDGE_CLOSE_TIMEOUT_BANNER);
    ends(&pace, &usual, EDGE_PACE_COMMAND, 300, EDGE_CLOSE_TIMEOUT_COMMAND);
    ends(&pace, &usual, EDGE_PACE_AUTH, 300, EDGE_CLOSE_TIMEOUT_AUTH);
    ends(&pace, &usual, EDGE_PACE_HANDSHAKE, 20, EDGE_CLOSE_TIMEOUT_TLS);
    edge_pace_handshake(&pace, at(7));
    ends(&pace, &usual, EDGE_PACE_HANDSHAKE, 27, EDGE_CLOSE_TIMEOUT_TLS);
    edge_pace_start(&pace, at(3500));
    ends(&pace, &usual, EDGE_PACE_COMMAND, 3600, EDGE_CLOSE_TIMEOUT_SESSION);
}

static void nobody_is_late_in_our_turn(void **state) {
    (void)state;
    edge_pace_t pace;
    edge_close_reason_t why;
    edge_pace_open(&pace, at(0));
    assert_int_equal(edge_pace_due(&pace, &usual, EDGE_PACE_OURS), 0);
    assert_false(edge_pace_over(&pace, &usual, EDGE_PACE_OURS, at(100000), &why));
}

static void no_limit_is_no_deadline(void **state) {
    (void)state;
    static const edge_limits_t none;
    edge_pace_t pace;
    edge_close_reason_t why;
    edge_pace_open(&pace, at(0));
    edge_pace_body(&pace, at(0));
    for (int turn = EDGE_PACE_OURS; turn <= EDGE_PACE_DATA; turn++) {
        assert_int_equal(edge_pace_due(&pace, &none, (edge_pace_turn_t)turn), 0);
        assert_false(edge_pace_over(&pace, &none, (edge_pace_turn_t)turn, at(100000), &why));
    }
}

static void a_drip_of_a_command_is_no_progress(void **state) {
    (void)state;
    edge_pace_t pace;
    edge_pace_open(&pace, at(0));
    edge_pace_input(&pace, at(200), 5, false);
    assert_int_equal(edge_pace_due(&pace, &usual, EDGE_PACE_COMMAND), at(300));
    edge_pace_input(&pace, at(250), 5, true);
    assert_int_equal(edge_pace_due(&pace, &usual, EDGE_PACE_COMMAND), at(550));
}

static void data(void **state) {
    (void)state;
    edge_limits_t limits = usual;
    edge_pace_t pace;
    limits.min_rate = 0;
    edge_pace_open(&pace, at(0));
    edge_pace_body(&pace, at(10));
    ends(&pace, &limits, EDGE_PACE_DATA, 190, EDGE_CLOSE_TIMEOUT_DATA);
    edge_pace_input(&pace, at(1700), 1, false);
    ends(&pace, &limits, EDGE_PACE_DATA, 1810, EDGE_CLOSE_TIMEOUT_DATA);
}

static void slow_data(void **state) {
    (void)state;
    edge_pace_t pace;
    edge_close_reason_t why = EDGE_CLOSE_COUNT;
    edge_pace_open(&pace, at(0));
    edge_pace_body(&pace, at(0));
    assert_int_equal(edge_pace_due(&pace, &usual, EDGE_PACE_DATA), at(60));
    edge_pace_input(&pace, at(59), 600, false);
    assert_false(edge_pace_over(&pace, &usual, EDGE_PACE_DATA, at(60), &why)); /* just enough; the next minute begins */
    edge_pace_input(&pace, at(119), 599, false);
    ends(&pace, &usual, EDGE_PACE_DATA, 120, EDGE_CLOSE_SLOW);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_turn_has_its_limit),
        cmocka_unit_test(nobody_is_late_in_our_turn),
        cmocka_unit_test(no_limit_is_no_deadline),
        cmocka_unit_test(a_drip_of_a_command_is_no_progress),
        cmocka_unit_test(data),
        cmocka_unit_test(slow_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
