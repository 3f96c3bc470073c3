/* Tests of server/base/buf.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_buf.h"

#include <stdlib.h>

static edge_buf_store_t store;

static void empty_holds_nothing(void **state) {
    edge_buf_t buf = {0};
    (void)state;
    assert_int_equal(edge_buf_len(&buf), 0);
    assert_int_equal(edge_buf_span(&buf).len, 0);
    edge_buf_append(&store, &buf, EDGE_NO_SPAN);
    assert_null(buf.block);
    edge_buf_append(&store, &buf, edge_span_of("abc"));
    assert_non_null(buf.block);
    edge_buf_eat(&store, &buf, 3);
    assert_null(buf.block);
    edge_buf_eat(&store, &buf, 0);
    edge_buf_clear(&store, &buf);
}

static void blocks_are_used_again(void **state) {
    edge_buf_t buf = {0};
    (void)state;
    edge_buf_append(&store, &buf, edge_span_of("abc"));
    char *block = buf.block;
    size_t kept = store.kept;
    edge_buf_clear(&store, &buf);
    assert_int_equal(store.kept, kept + EDGE_BUF_BLOCK_LEAST);
    edge_buf_append(&store, &buf, edge_span_of("abc"));
    assert_ptr_equal(buf.block, block);
    assert_int_equal(store.kept, kept);
    edge_buf_clear(&store, &buf);
}

static void fits_after_a_long_read(void **state) {
    edge_buf_t buf = {0};
    (void)state;
    char *at = edge_buf_space(&store, &buf, 65536);
    memset(at, 'x', 65536);
    edge_buf_added(&buf, 65536);
    edge_buf_eat(&store, &buf, 65536 - 300);
    assert_int_equal(buf.size, 65536);
    edge_buf_fit(&store, &buf);
    assert_int_equal(buf.size, 512);
    assert_int_equal(edge_buf_len(&buf), 300);
    edge_buf_fit(&store, &buf);
    assert_int_equal(buf.size, 512);
    edge_buf_eat(&store, &buf, 300);
    edge_buf_space(&store, &buf, 10);
    edge_buf_fit(&store, &buf);
    assert_null(buf.block);
}

static void keeps_no_more_than_told(void **state) {
    edge_buf_store_t small = {.kept_most = 1000};
    edge_buf_t a = {0}, b = {0};
    (void)state;
    edge_buf_space(&small, &a, 500);
    edge_buf_space(&small, &b, 512);
    edge_buf_clear(&small, &a);
    edge_buf_clear(&small, &b);
    assert_int_equal(small.kept, 512);
    edge_buf_space(&small, &a, EDGE_BUF_BLOCK_LEAST << EDGE_BUF_CLASSES); /* too large to be kept */
    edge_buf_clear(&small, &a);
    assert_int_equal(small.kept, 512);
    edge_buf_store_clear(&small);
    assert_int_equal(small.kept, 0);
}

/* Random writes and meals against a plain array. */
static void behaves_like_a_queue(void **state) {
    static unsigned char next_in, next_out;
    edge_buf_t buf = {0};
    size_t len = 0;
    (void)state;
    srand(7);
    for (int round = 0; round < 20000; round++) {
        char some[700];
        size_t add = (size_t)rand() % sizeof some, eat = (size_t)rand() % 750;
        for (size_t i = 0; i < add; i++) {
            some[i] = (char)next_in++;
        }
        edge_buf_append(&store, &buf, edge_span(some, add));
        len += add;
        eat = eat > len ? len : eat;
        edge_span_t all = edge_buf_span(&buf);
        assert_int_equal(all.len, len);
        for (size_t i = 0; i < eat; i++) {
            assert_int_equal((unsigned char)all.at[i], next_out++);
        }
        edge_buf_eat(&store, &buf, eat);
        len -= eat;
        assert_true(len > 0 || buf.block == NULL);
        if (round % 97 == 0) {
            edge_buf_fit(&store, &buf);
        }
    }
    edge_buf_clear(&store, &buf);
}

static int clear_store(void **state) {
    (void)state;
    edge_buf_store_clear(&store);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_holds_nothing),    cmocka_unit_test(blocks_are_used_again),
        cmocka_unit_test(fits_after_a_long_read), cmocka_unit_test(keeps_no_more_than_told),
        cmocka_unit_test(behaves_like_a_queue),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, clear_store);
}
