/* Tests of server/event/timer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "event/timer_priv.h"
#include "event/worker_priv.h"

#include <apr_general.h>
#include <stdlib.h>

static edge_timer_heap_t heap;
static unsigned fired[16], fired_count;

typedef struct numbered {
    edge_timer_t timer;
    unsigned number;
} numbered_t;

static void note(edge_timer_t *timer) {
    fired[fired_count++ % EDGE_COUNT(fired)] = EDGE_CONTAINER(timer, numbered_t, timer)->number;
}

static int clear(void **state) {
    (void)state;
    edge_timer_heap_free(&heap);
    fired_count = 0;
    return 0;
}

static void fire_in_order_of_time(void **state) {
    static const edge_mono_t due[] = {50, 10, 40, 30, 20, 60};
    numbered_t timers[EDGE_COUNT(due)];
    (void)state;
    memset(timers, 0, sizeof timers);
    for (unsigned i = 0; i < EDGE_COUNT(due); i++) {
        timers[i].number = (unsigned)due[i];
        timers[i].timer.fire = note;
        edge_timer_heap_set(&heap, &timers[i].timer, due[i]);
    }
    assert_int_equal(edge_timer_heap_next(&heap), 10);
    edge_timer_heap_fire(&heap, 50);
    assert_int_equal(fired_count, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(fired[i], 10 * (i + 1));
    }
    assert_true(edge_timer_is_set(&timers[5].timer));
    assert_false(edge_timer_is_set(&timers[0].timer));
    edge_timer_heap_cancel(&heap, &timers[5].timer);
    edge_timer_heap_cancel(&heap, &timers[5].timer);
    assert_true(edge_timer_heap_next(&heap) == INT64_MAX);
}

static void moving_later_costs_nothing_and_fires_late(void **state) {
    numbered_t one = {.timer.fire = note, .number = 1};
    (void)state;
    edge_timer_heap_set(&heap, &one.timer, 100);
    edge_timer_heap_set(&heap, &one.timer, 300);
    assert_int_equal(edge_timer_heap_next(&heap), 100); /* the heap was not touched */
    edge_timer_heap_fire(&heap, 200);
    assert_int_equal(fired_count, 0);
    assert_int_equal(edge_timer_heap_next(&heap), 300);
    edge_timer_heap_fire(&heap, 300);
    assert_int_equal(fired_count, 1);
}

static void moving_earlier_fires_early(void **state) {
    numbered_t one = {.timer.fire = note, .number = 1}, two = {.timer.fire = note, .number = 2};
    (void)state;
    edge_timer_heap_set(&heap, &one.timer, 100);
    edge_timer_heap_set(&heap, &two.timer, 200);
    edge_timer_heap_set(&heap, &two.timer, 50);
    edge_timer_heap_fire(&heap, 60);
    assert_int_equal(fired_count, 1);
    assert_int_equal(fired[0], 2);
    edge_timer_heap_fire(&heap, 1000);
    assert_int_equal(fired_count, 2);
}

static numbered_t *other;
static void set_again(edge_timer_t *timer) {
    note(timer);
    edge_timer_heap_set(&heap, timer, 0);
}
static void cancel_other(edge_timer_t *timer) {
    note(timer);
    edge_timer_heap_cancel(&heap, &other->timer);
}

static void a_timer_that_sets_itself_waits_for_the_next_pass(void **state) {
    numbered_t one = {.timer.fire = set_again, .number = 1};
    (void)state;
    edge_timer_heap_set(&heap, &one.timer, 5);
    edge_timer_heap_fire(&heap, 10);
    assert_int_equal(fired_count, 1);
    edge_timer_heap_fire(&heap, 11);
    assert_int_equal(fired_count, 2);
    edge_timer_heap_cancel(&heap, &one.timer);
}

static void a_timer_may_cancel_another_that_is_due(void **state) {
    numbered_t one = {.timer.fire = cancel_other, .number = 1}, two = {.timer.fire = note, .number = 2};
    (void)state;
    other = &two;
    edge_timer_heap_set(&heap, &one.timer, 5);
    edge_timer_heap_set(&heap, &two.timer, 6);
    edge_timer_heap_fire(&heap, 10);
    assert_int_equal(fired_count, 1);
}

/* Many timers set, moved and cancelled at random: each fires exactly when a plain list says so. */
static edge_mono_t model_due[300];
static edge_mono_t model_now;
static numbered_t many[300];

static void check_model(edge_timer_t *timer) {
    unsigned number = EDGE_CONTAINER(timer, numbered_t, timer)->number;
    assert_true(model_due[number] != 0 && model_due[number] <= model_now);
    model_due[number] = 0;
}

static void agrees_with_a_plain_list(void **state) {
    (void)state;
    srand(3);
    memset(many, 0, sizeof many);
    for (unsigned i = 0; i < EDGE_COUNT(many); i++) {
        many[i].number = i;
        many[i].timer.fire = check_model;
    }
    for (model_now = 1; model_now < 3000; model_now++) {
        for (int k = 0; k < 8; k++) {
            unsigned i = (unsigned)rand() % EDGE_COUNT(many);
            if (rand() % 4 == 0) {
                edge_timer_heap_cancel(&heap, &many[i].timer);
                model_due[i] = 0;
            } else {
                model_due[i] = model_now + rand() % 500;
                edge_timer_heap_set(&heap, &many[i].timer, model_due[i]);
            }
        }
        edge_timer_heap_fire(&heap, model_now);
        for (unsigned i = 0; i < EDGE_COUNT(many); i++) {
            assert_true(model_due[i] == 0 || model_due[i] > model_now);
            assert_int_equal(edge_timer_is_set(&many[i].timer), model_due[i] != 0);
        }
    }
}

static void a_worker_fires_its_timers(void **state) {
    numbered_t one = {.timer.fire = note, .number = 1};
    edge_worker_t *worker;
    (void)state;
    assert_int_equal(edge_worker_make(0, &worker), APR_SUCCESS);
    edge_timer_set(worker, &one.timer, edge_worker_clock(worker).mono + EDGE_MS(2));
    while (fired_count == 0) {
        edge_loop_turn(worker, -1);
    }
    assert_true(edge_worker_clock(worker).mono >= one.timer.due);
    edge_timer_set(worker, &one.timer, 1);
    edge_timer_cancel(worker, &one.timer);
    edge_loop_turn(worker, 0);
    assert_int_equal(fired_count, 1);
    edge_worker_destroy(worker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fire_in_order_of_time, clear),
        cmocka_unit_test_setup(moving_later_costs_nothing_and_fires_late, clear),
        cmocka_unit_test_setup(moving_earlier_fires_early, clear),
        cmocka_unit_test_setup(a_timer_that_sets_itself_waits_for_the_next_pass, clear),
        cmocka_unit_test_setup(a_timer_may_cancel_another_that_is_due, clear),
        cmocka_unit_test_setup(agrees_with_a_plain_list, clear),
        cmocka_unit_test_setup(a_worker_fires_its_timers, clear),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("event/timer", tests, NULL, clear);
}
