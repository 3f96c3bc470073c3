/* Dots are put where lines begin, and what was stuffed is unstuffed to the same bytes, in every cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/smtp_dot.h"
#include "proto/smtp_stuff.h"

static void add(char *out, size_t *len, edge_span_t bytes) {
    memcpy(out + *len, bytes.at, bytes.len);
    *len += bytes.len;
}

static size_t stuffed(const char *text, size_t cut, char *out) {
    edge_smtp_stuff_t stuff = {0};
    edge_span_t rest = edge_span_of(text), span;
    size_t len = 0;
    while (rest.len > 0) {
        edge_span_t piece = edge_span(rest.at, rest.len < cut ? rest.len : cut);
        rest = edge_span_after(rest, piece.len);
        while (edge_smtp_stuff_next(&stuff, &piece, &span))
            add(out, &len, span);
    }
    add(out, &len, edge_smtp_stuff_end(&stuff));
    return len;
}

static void becomes(const char *text, const char *expected) {
    char out[256];
    for (size_t cut = 1; cut <= strlen(text) + 1; cut++) {
        size_t len = stuffed(text, cut, out);
        assert_int_equal(len, strlen(expected));
        assert_memory_equal(out, expected, len);
    }
}

static void dots(void **state) {
    (void)state;
    becomes("", ".\r\n");
    becomes("a\r\n", "a\r\n.\r\n");
    becomes("a", "a\r\n.\r\n");
    becomes("a\r", "a\r\r\n.\r\n");
    becomes("a\n", "a\n\r\n.\r\n");
    becomes(".", "..\r\n.\r\n");
    becomes(".\r\n", "..\r\n.\r\n");
    becomes("..\r\n.a\r\nb.\r\n", "...\r\n..a\r\nb.\r\n.\r\n");
    becomes("a\n.b\r\n", "a\n.b\r\n.\r\n");
    becomes("a\r.b\r\n", "a\r.b\r\n.\r\n");
    becomes("\r\n.\r\n.\r\n", "\r\n..\r\n..\r\n.\r\n");
    becomes("\n\r\n.", "\n\r\n..\r\n.\r\n");
}

/* All texts of eight octets of CR, LF, dot and a letter that a message may consist of. */
static void there_and_back(void **state) {
    (void)state;
    for (unsigned number = 0; number < 1u << 16; number++) {
        char text[9] = "", out[64], back[64];
        size_t back_len = 0;
        for (unsigned i = 0; i < 8; i++)
            text[i] = "\r\n.a"[number >> (2 * i) & 3];
        edge_span_t in = edge_span(out, stuffed(text, number % 8 + 1, out)), span;
        edge_smtp_dot_t dot;
        edge_smtp_dot_start(&dot, true, false);
        edge_smtp_dot_result_t got;
        while ((got = edge_smtp_dot_next(&dot, &in, &span)) == EDGE_SMTP_DOT_SPAN)
            add(back, &back_len, span);
        if (got == EDGE_SMTP_DOT_BARE)
            continue;
        assert_int_equal(got, EDGE_SMTP_DOT_END);
        assert_int_equal(in.len, 0);
        assert_memory_equal(back, text, 8);
        assert_true(back_len == 8 || (back_len == 10 && memcmp(back + 8, "\r\n", 2) == 0));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(dots), cmocka_unit_test(there_and_back)};
    return cmocka_run_group_tests_name("smtp_stuff", tests, NULL, NULL);
}
