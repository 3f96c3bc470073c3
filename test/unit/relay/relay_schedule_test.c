/* The waits between attempts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../modules/relay/relay.h"

static const edge_mono_t retries[] = {EDGE_SECONDS(60), EDGE_SECONDS(300), EDGE_SECONDS(7200)};

static void waits_grow_and_stay(void **state) {
    static const unsigned expected[] = {60, 60, 300, 7200, 7200, 7200};
    (void)state;
    for (uint32_t attempts = 0; attempts < EDGE_COUNT(expected); attempts++)
        for (uint32_t random = 0; random < 1000; random++) {
            edge_mono_t wait = relay_schedule_delay(retries, EDGE_COUNT(retries), attempts, random * 7919u * 7919u);
            assert_true(wait >= EDGE_SECONDS(expected[attempts]) * 9 / 10);
            assert_true(wait < EDGE_SECONDS(expected[attempts]) * 11 / 10);
        }
}

static void they_differ(void **state) {
    (void)state;
    assert_true(relay_schedule_delay(retries, 3, 1, 1) != relay_schedule_delay(retries, 3, 1, 2000000));
}

static void the_shortest(void **state) {
    static const edge_mono_t none[] = {1};
    (void)state;
    assert_int_equal(relay_schedule_delay(none, 1, 9, 5), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(waits_grow_and_stay), cmocka_unit_test(they_differ),
                                       cmocka_unit_test(the_shortest)};
    return cmocka_run_group_tests_name("relay_schedule", tests, NULL, NULL);
}
