/* Messages that were given up: each is taken once, whoever else was added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "../../../modules/relay/relay_given_up.h"

static relay_given_up_t all;

static int start(void **state) {
    relay_given_up_start(&all);
    return 0;
}

static int end(void **state) {
    relay_given_up_free(&all);
    return 0;
}

static edge_uuid_t id_of(unsigned number) { return (edge_uuid_t){{0, 0, (uint8_t)(number >> 8), (uint8_t)number}}; }

static void taken_once(void **state) {
    assert_false(relay_given_up_take(&all, id_of(1)));
    relay_given_up_add(&all, id_of(1));
    relay_given_up_add(&all, id_of(1));
    assert_false(relay_given_up_take(&all, id_of(2)));
    assert_true(relay_given_up_take(&all, id_of(1)));
    assert_false(relay_given_up_take(&all, id_of(1)));
}

static void many_in_any_order(void **state) {
    for (unsigned i = 0; i < 1000; i++)
        relay_given_up_add(&all, id_of(i));
    for (unsigned i = 0; i < 1000; i++)
        assert_true(relay_given_up_take(&all, id_of(i * 7 % 1000)));
    assert_int_equal(all.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(taken_once, start, end),
                                       cmocka_unit_test_setup_teardown(many_in_any_order, start, end)};
    return cmocka_run_group_tests_name("relay_given_up", tests, NULL, NULL);
}
