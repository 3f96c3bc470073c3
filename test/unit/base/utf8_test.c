/* Tests of server/base/utf8.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_utf8.h"

static size_t len(const char *text) { return edge_utf8_len(edge_span_of(text)); }

static void edges_of_every_length(void **state) {
    (void)state;
    assert_int_equal(edge_utf8_len(edge_span("\0", 1)), 1);
    assert_int_equal(len("\x7f"), 1);
    assert_int_equal(len("\xc2\x80"), 2);
    assert_int_equal(len("\xdf\xbf"), 2);
    assert_int_equal(len("\xe0\xa0\x80"), 3);
    assert_int_equal(len("\xed\x9f\xbf"), 3);
    assert_int_equal(len("\xee\x80\x80"), 3);
    assert_int_equal(len("\xef\xbf\xbf"), 3);
    assert_int_equal(len("\xf0\x90\x80\x80"), 4);
    assert_int_equal(len("\xf4\x8f\xbf\xbf"), 4);
}

static void what_is_none(void **state) {
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xf0\x9f\x98",
                                      "\xc3(",
                                      "\xe2\x28\xa1",
                                      "\xe2\x82\x28"};
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(bad); i++) {
        assert_int_equal(len(bad[i]), 0);
        assert_false(edge_utf8_valid(edge_span_of(bad[i])));
    }
}

/* Every code point, encoded by hand, is accepted exactly when it is a scalar value. */
static void all_code_points(void **state) {
    (void)state;
    for (uint32_t c = 0x80; c < 0x110000; c++) {
        char text[4];
        size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        uint32_t rest = c;
        for (size_t i = size; i-- > 1; rest >>= 6) {
            text[i] = (char)(0x80 | (rest & 0x3f));
        }
        text[0] = (char)((size == 2 ? 0xc0 : size == 3 ? 0xe0 : 0xf0) | rest);
        bool surrogate = c >= 0xd800 && c < 0xe000;
        if (edge_utf8_len(edge_span(text, size)) != (surrogate ? 0 : size)) {
            fail_msg("U+%04X", c);
        }
    }
}

static void texts(void **state) {
    (void)state;
    assert_true(edge_utf8_valid(EDGE_NO_SPAN));
    assert_true(edge_utf8_valid(edge_span_of("gr\xc3\xbc\xc3\x9f")));
    assert_false(edge_utf8_valid(edge_span_of("gr\xc3\xbc\xc3")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_of_every_length),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(all_code_points),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
