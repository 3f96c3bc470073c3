/* Whose turn it is, and who is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../modules/relay/relay.h"

#define NOW EDGE_SECONDS(1000)

static relay_destinations_t all;
static relay_attempt_t attempts[32];
static unsigned used;

static int set_up(void **state) {
    (void)state;
    memset(&all, 0, sizeof(all));
    used = 0;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    relay_destinations_free(&all);
    return 0;
}

static relay_destination_t *find(const char *name) { return relay_destination_find(&all, edge_span_of(name)); }

static relay_attempt_t *add(const char *name) {
    relay_attempt_t *attempt = &attempts[used++];
    attempt->destination = find(name);
    relay_destination_add(&all, attempt->destination, attempt);
    return attempt;
}

/* The next one, begun. */
static relay_attempt_t *next(unsigned most) {
    relay_attempt_t *attempt = relay_destination_next(&all, most, NOW);
    if (attempt)
        attempt->destination->in_flight++;
    return attempt;
}

static void names(void **state) {
    (void)state;
    assert_ptr_equal(find("a"), find("a"));
    assert_ptr_not_equal(find("a"), find("b"));
    assert_string_equal(find("")->name, "");
    assert_int_equal(all.count, 3);
}

static void in_turn(void **state) {
    (void)state;
    relay_attempt_t *a1 = add("a"), *a2 = add("a"), *a3 = add("a"), *b1 = add("b"), *c1 = add("c"), *c2 = add("c");
    assert_int_equal(all.waiting, 6);
    assert_ptr_equal(next(9), a1);
    assert_ptr_equal(next(9), b1);
    assert_ptr_equal(next(9), c1);
    assert_ptr_equal(next(9), a2);
    assert_ptr_equal(next(9), c2);
    assert_ptr_equal(next(9), a3);
    assert_null(next(9));
    assert_int_equal(all.waiting, 0);
    assert_null(all.ring);
}

static void bounded(void **state) {
    (void)state;
    relay_attempt_t *a1 = add("a"), *a2 = add("a"), *b1 = add("b");
    assert_ptr_equal(next(1), a1);
    assert_ptr_equal(next(1), b1);
    assert_null(next(1));
    find("a")->in_flight--;
    assert_ptr_equal(next(1), a2);
}

static void left_alone(void **state) {
    (void)state;
    relay_destination_t *a = find("a");
    add("a");
    add("a");
    add("b");
    assert_true(relay_destination_failed(a, NOW - 5, NOW + 10, edge_span_of("Connection refused")));
    assert_string_equal(a->trouble, "Connection refused");
    assert_true(relay_destination_is_closed(a, NOW));
    assert_false(relay_destination_is_closed(a, NOW + 10));
    assert_ptr_equal(next(9)->destination, find("b"));
    assert_null(next(9));
    relay_attempt_t *waiting = relay_destination_empty(&all, a);
    assert_ptr_equal(waiting, &attempts[0]);
    assert_ptr_equal(waiting->next, &attempts[1]);
    assert_null(waiting->next->next);
    assert_null(relay_destination_empty(&all, a));
    assert_int_equal(all.waiting, 0);
}

static void one_at_a_time_until_it_works(void **state) {
    (void)state;
    relay_destination_t *a = find("a");
    relay_destination_failed(a, NOW - 5, NOW - 1, edge_span_of("x"));
    relay_destination_failed(a, NOW - 4, NOW - 1, edge_span_of("y"));
    assert_int_equal(a->failures, 2);
    add("a");
    add("a");
    assert_non_null(next(9));
    assert_null(next(9));
    relay_destination_worked(a, NOW - 1);
    assert_int_equal(a->failures, 0);
    assert_null(a->trouble);
    assert_non_null(next(9));
    /* An attempt that began before that has nothing to say any more. */
    assert_false(relay_destination_failed(a, NOW - 2, NOW + 10, edge_span_of("late")));
    assert_int_equal(a->failures, 0);
    assert_true(relay_destination_failed(a, NOW + 1, NOW + 10, edge_span_of("new")));
    relay_destinations_open(&all);
    assert_false(relay_destination_is_closed(a, NOW));
}

static void forgotten(void **state) {
    (void)state;
    find("idle");
    relay_destination_failed(find("dead"), NOW - 1, NOW + 10, edge_span_of("x"));
    relay_destination_failed(find("long dead"), 1, 2, edge_span_of("x"));
    find("busy")->in_flight = 1;
    add("waits");
    relay_destinations_sweep(&all, NOW);
    assert_int_equal(all.count, 4);
    relay_destinations_sweep(&all, NOW + EDGE_SECONDS(90000));
    assert_int_equal(all.count, 2);
    find("busy")->in_flight = 0;
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names),    TEST(in_turn), TEST(bounded), TEST(left_alone), TEST(one_at_a_time_until_it_works),
        TEST(forgotten)};
    return cmocka_run_group_tests_name("relay_destination", tests, NULL, NULL);
}
