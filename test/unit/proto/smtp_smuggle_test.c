/* Ends of data that only other servers would see, looked for behind the first bare newline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/smtp_smuggle.h"

enum { CR, LF };

/* In every cut. */
static void finds(int first, const char *text, bool found) {
    for (size_t cut = 1; cut <= strlen(text); cut++) {
        edge_smtp_smuggle_t smuggle = {0};
        bool seen = false;
        edge_smtp_smuggle_begin(&smuggle, first == LF);
        for (edge_span_t rest = edge_span_of(text); rest.len > 0;) {
            size_t len = rest.len < cut ? rest.len : cut;
            bool now = edge_smtp_smuggle_look(&smuggle, edge_span(rest.at, len));
            assert_false(seen && now);
            seen |= now;
            rest = edge_span_after(rest, len);
        }
        assert_int_equal(seen, found);
    }
}

static void a_bare_end_before_the_dot(void **state) {
    (void)state;
    finds(LF, ".\r\n", true);
    finds(LF, ".\n", true);
    finds(LF, ".\rX", true);
    finds(CR, ".\r\n", true);
    finds(LF, "text\r.\r\n", true);
    finds(LF, "text\n\n.\r\n", true);
}

static void a_bare_end_behind_the_dot(void **state) {
    (void)state;
    finds(LF, "text\r\n.\n", true);
    finds(LF, "text\r\n.\rX", true);
    finds(CR, "text\r\n.\r\r\n", true);
}

static void no_line_of_one_dot(void **state) {
    (void)state;
    finds(LF, "text\n..\n.text\ntext.\r\n", false);
    finds(CR, "\n.\r\n", false); /* that CR was half of a CRLF */
    finds(LF, ".", false);
    finds(LF, "text\r\n.\r", false);
}

static void the_message_s_own_end(void **state) {
    (void)state;
    finds(LF, "text\r\n.\r\n", false);
    finds(LF, "text\r\n.\r\n.\r\n", false);
}

static void nothing_is_looked_at_before(void **state) {
    (void)state;
    edge_smtp_smuggle_t smuggle = {0};
    assert_false(edge_smtp_smuggle_look(&smuggle, edge_span_of("\n.\n")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bare_end_before_the_dot),   cmocka_unit_test(a_bare_end_behind_the_dot),
        cmocka_unit_test(no_line_of_one_dot),          cmocka_unit_test(the_message_s_own_end),
        cmocka_unit_test(nothing_is_looked_at_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
