/* Tests of server/base/span.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_base.h"

static edge_span_t s(const char *text) { return edge_span_of(text); }

static void compares(void **state) {
    (void)state;
    assert_true(edge_span_equal(s("abc"), s("abc")));
    assert_false(edge_span_equal(s("abc"), s("abC")));
    assert_false(edge_span_equal(s("abc"), s("ab")));
    assert_true(edge_span_equal(EDGE_NO_SPAN, s("")));
    assert_true(edge_span_equal_nocase(s("MAIL from"), s("mail FROM")));
    assert_false(edge_span_equal_nocase(s("mail"), s("mails")));
    /* '[' is '{' less 32, as 'a' is 'A' plus 32: only letters fold. */
    assert_false(edge_span_equal_nocase(s("["), s("{")));
    assert_false(edge_span_equal_nocase(edge_span("a\0b", 3), edge_span("a\0c", 3)));
    assert_true(edge_span_starts_nocase(s("size=100"), s("SIZE=")));
    assert_false(edge_span_starts_nocase(s("siz"), s("SIZE=")));
    assert_true(edge_span_starts_nocase(s("x"), EDGE_NO_SPAN));
}

static void trims(void **state) {
    (void)state;
    assert_true(edge_span_equal(edge_span_trim(s(" \t a b\t ")), s("a b")));
    assert_int_equal(edge_span_trim(s(" \t ")).len, 0);
    assert_int_equal(edge_span_trim(EDGE_NO_SPAN).len, 0);
    assert_true(edge_span_equal(edge_span_trim(s("\ra\n")), s("\ra\n")));
}

static void copies(void **state) {
    apr_pool_t *pool = *state;
    char text[] = "abc";
    edge_span_t copy = edge_span_copy(pool, edge_span(text, 2));
    text[0] = 'X';
    assert_string_equal(copy.at, "ab");
    assert_int_equal(copy.len, 2);
    assert_null(edge_span_copy(pool, EDGE_NO_SPAN).at);
    assert_non_null(edge_span_copy(pool, s("")).at);
}

static void reads_numbers(void **state) {
    uint64_t value = 7;
    (void)state;
    assert_true(edge_span_number(s("0"), &value) && value == 0);
    assert_true(edge_span_number(s("00012"), &value) && value == 12);
    assert_true(edge_span_number(s("18446744073709551615"), &value) && value == UINT64_MAX);
    value = 7;
    assert_false(edge_span_number(s("18446744073709551616"), &value));
    assert_false(edge_span_number(s("99999999999999999999999"), &value));
    assert_false(edge_span_number(s(""), &value));
    assert_false(edge_span_number(EDGE_NO_SPAN, &value));
    assert_false(edge_span_number(s("-1"), &value));
    assert_false(edge_span_number(s("1 "), &value));
    assert_false(edge_span_number(s("0x1"), &value));
    assert_int_equal(value, 7);
}

static int make_pool(void **state) {
    apr_pool_t *pool;
    apr_pool_initialize();
    apr_pool_create(&pool, NULL);
    *state = pool;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(trims),
        cmocka_unit_test(copies),
        cmocka_unit_test(reads_numbers),
    };
    return cmocka_run_group_tests_name("base/span", tests, make_pool, NULL);
}
