/* Lines: CRLF ends one, bare CR, LF and NUL spoil it, too long ones are skipped in step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/smtp_line.h"

static edge_span_t input, line;

static edge_smtp_line_result_t take(const char *text, size_t len, size_t most) {
    input = edge_span(text, len);
    line = EDGE_NO_SPAN;
    return edge_smtp_line_take(&input, most, &line);
}

#define TAKE(text, most) take(text, sizeof(text) - 1, most)
#define LINE(text) assert_true(edge_span_equal(line, edge_span_of(text)))
#define LEFT(text) assert_true(edge_span_equal(input, edge_span_of(text)))

static void whole_lines(void **state) {
    assert_int_equal(TAKE("NOOP\r\nQUIT\r\n", 100), EDGE_SMTP_LINE_WHOLE);
    LINE("NOOP");
    LEFT("QUIT\r\n");
    assert_int_equal(TAKE("\r\n", 100), EDGE_SMTP_LINE_WHOLE);
    LINE("");
}

static void partial_lines_are_left(void **state) {
    static const char *const texts[] = {"", "N", "NOOP", "NOOP\r", "NOOP\n", "\r", "\n", "NOOP\n\r"};
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++) {
        assert_int_equal(take(texts[i], strlen(texts[i]), 100), EDGE_SMTP_LINE_PARTIAL);
        LEFT(texts[i]);
    }
}

static void bad_lines(void **state) {
    static const char *const texts[] = {"a\nb\r\n", "a\rb\r\n", "a\r\r\n", "\n\r\n", "\r\r\n", "a\n\r\n"};
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++) {
        assert_int_equal(take(texts[i], strlen(texts[i]), 100), EDGE_SMTP_LINE_BAD);
        LEFT("");
    }
    assert_int_equal(TAKE("a\0b\r\nc", 100), EDGE_SMTP_LINE_BAD);
    LEFT("c");
}

static void the_limit_counts_crlf(void **state) {
    assert_int_equal(TAKE("12345678\r\n", 10), EDGE_SMTP_LINE_WHOLE);
    assert_int_equal(TAKE("123456789\r\n", 10), EDGE_SMTP_LINE_TOO_LONG);
    LEFT("123456789\r\n");
    assert_int_equal(TAKE("1234567890", 10), EDGE_SMTP_LINE_TOO_LONG);
    assert_int_equal(TAKE("123456789", 10), EDGE_SMTP_LINE_PARTIAL);
}

static void skipping_in_pieces(void **state) {
    static const char text[] = "xx\nyy\rzz\r\r\nNOOP\r\n";
    for (size_t cut = 1; cut < sizeof(text); cut++) {
        bool after_cr = false, found = false;
        size_t at = 0;
        while (!found) {
            size_t len = sizeof(text) - 1 - at < cut ? sizeof(text) - 1 - at : cut;
            input = edge_span(text + at, len);
            found = edge_smtp_line_skip(&input, &after_cr);
            at += len - input.len;
            assert_true(found || input.len == 0);
        }
        assert_string_equal(text + at, "NOOP\r\n");
        assert_false(after_cr);
    }
}

static void auth_lines(void **state) {
    assert_true(edge_smtp_line_is_auth(edge_span_of("auth PLAIN")));
    assert_true(edge_smtp_line_is_auth(edge_span_of("AUTH\tx")));
    assert_false(edge_smtp_line_is_auth(edge_span_of("AUTH")));
    assert_false(edge_smtp_line_is_auth(edge_span_of("AUTHX")));
    assert_false(edge_smtp_line_is_auth(edge_span_of("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_lines),           cmocka_unit_test(partial_lines_are_left), cmocka_unit_test(bad_lines),
        cmocka_unit_test(the_limit_counts_crlf), cmocka_unit_test(skipping_in_pieces),     cmocka_unit_test(auth_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
