/* Tests of server/core/lookup_index.c: what was added is found, however often it grew and however hashes meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/lookup_index.h"

static bool finds(const edge_lookup_index_t *index, uint32_t hash, uint32_t wanted) {
    uint32_t at = hash, number;
    while (edge_lookup_index_next(index, hash, &at, &number))
        if (number == wanted)
            return true;
    return false;
}

static void empty(void **state) {
    edge_lookup_index_t index = {0};
    (void)state;
    assert_false(finds(&index, 7, 0));
    edge_lookup_index_free(&index);
}

static void many(void **state) {
    edge_lookup_index_t index = {0};
    (void)state;
    for (uint32_t i = 0; i < 100000; i++)
        assert_true(edge_lookup_index_add(&index, i * 2654435761u, i));
    for (uint32_t i = 0; i < 100000; i++)
        assert_true(finds(&index, i * 2654435761u, i));
    assert_false(finds(&index, 12345, 12345));
    assert_int_equal(index.used, 100000);
    assert_true(index.used < index.mask); /* places are left, or a look would not end */
    edge_lookup_index_free(&index);
    assert_null(index.slots);
}

/* The same hash, and hashes whose places wrap round the end. */
static void in_one_place(void **state) {
    edge_lookup_index_t index = {0};
    (void)state;
    for (uint32_t i = 0; i < 500; i++)
        assert_true(edge_lookup_index_add(&index, i % 2 ? UINT32_MAX : UINT32_MAX - 1, i));
    for (uint32_t i = 0; i < 500; i++) {
        assert_true(finds(&index, i % 2 ? UINT32_MAX : UINT32_MAX - 1, i));
        assert_false(finds(&index, i % 2 ? UINT32_MAX - 1 : UINT32_MAX, i));
    }
    assert_false(finds(&index, 0, 0));
    edge_lookup_index_free(&index);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(empty), cmocka_unit_test(many), cmocka_unit_test(in_one_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
