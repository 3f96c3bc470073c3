/* The decoder of messages: ends, dots and line ends, in every cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/smtp_dot.h"

enum { DATA, NORMALIZE, CHUNK };

static bool bare, smuggled; /* as the decoder showed at the end of the last text */

/* What comes out, with "!" where the message is spoilt and "|" where it ends; what is left of the input behind that. */
static const char *decode(const char *text, int mode, size_t cut) {
    static char out[4096];
    size_t len = 0, total = strlen(text), at = 0;
    edge_smtp_dot_t dot;
    edge_smtp_dot_result_t result = EDGE_SMTP_DOT_MORE;
    edge_smtp_dot_start(&dot, mode != CHUNK, mode == NORMALIZE);
    while (at < total && result != EDGE_SMTP_DOT_END) {
        size_t shown = total - at < cut ? total - at : cut;
        edge_span_t input = edge_span(text + at, shown), bytes;
        do {
            result = edge_smtp_dot_next(&dot, &input, &bytes);
            if (result == EDGE_SMTP_DOT_SPAN) {
                assert_true(bytes.len > 0);
                memcpy(out + len, bytes.at, bytes.len);
                len += bytes.len;
            } else if (result == EDGE_SMTP_DOT_BARE) {
                len = 0; /* how much of it came before does not matter */
                out[len++] = '!';
            }
        } while (result == EDGE_SMTP_DOT_SPAN || result == EDGE_SMTP_DOT_BARE);
        at += shown - input.len;
    }
    bare = dot.bare;
    smuggled = dot.smuggled;
    out[len] = '\0';
    if (result == EDGE_SMTP_DOT_END)
        snprintf(out + len, sizeof(out) - len, "|%s", text + at);
    return out;
}

static void gives(const char *text, int mode, const char *expected) {
    for (size_t cut = 1; cut <= strlen(text) + 1; cut++)
        assert_string_equal(decode(text, mode, cut), expected);
}

static void ends_and_dots(void **state) {
    gives(".\r\n", DATA, "|");
    gives("a\r\n.\r\nQUIT\r\n", DATA, "a\r\n|QUIT\r\n");
    gives("..\r\n...a\r\n.b\r\n.\r\n", DATA, ".\r\n..a\r\nb\r\n|");
    gives("a.\r\n.\r\n", DATA, "a.\r\n|");
    gives("\r\n\r\n.\r\n", DATA, "\r\n\r\n|");
    gives("a.b..\r\n", DATA, "a.b..\r\n");
}

/* What servers were made to take for an end of data that others did not see. */
static const char *const smuggling[] = {
    "a\n.\nX",       "a\n.\r\nX",   "a\r.\rX",       "a\r.\r\nX",     "a\r\n.\nX",
    "a\r\n.\rX",     "a\n\n.\n\nX", "a\r\n\n.\r\nX", "a\r\r\n.\nX",   "a\n.\r.\r\nX",
    "a\r\n.\r\r\nX", "\n.\r\nX",    "\r.\r\nX",      "a\r\n.\n\r\nX", "a\r\r.\r\r\n\nX",
};

static void only_crlf_dot_crlf_ends(void **state) {
    for (unsigned i = 0; i < EDGE_COUNT(smuggling); i++) {
        char text[64];
        gives(smuggling[i], DATA, "!");
        snprintf(text, sizeof(text), "%s\r\n.\r\nZ", smuggling[i]);
        gives(text, DATA, "!|Z");
    }
}

static void normalizing(void **state) {
    gives("a\nb\n\nc\r\n.\r\n", NORMALIZE, "a\r\nb\r\n\r\nc\r\n|");
    gives("\n.\n.\r\n.\r\n", NORMALIZE, "\r\n.\r\n.\r\n|");
    gives("a\n..b\r\n..c\r\n.\n.\r\n.\r\n", NORMALIZE, "a\r\n..b\r\n.c\r\n\r\n.\r\n|");
    gives("a\rb\n.\r\n\r\n.\r\n", NORMALIZE, "!|");
    gives("a\r\n.\rb\r\n.\r\n", NORMALIZE, "!|");
}

static void shows(const char *text, int mode, bool is_bare, bool is_smuggled) {
    for (size_t cut = 1; cut <= strlen(text) + 1; cut++) {
        decode(text, mode, cut);
        assert_int_equal(bare, is_bare);
        assert_int_equal(smuggled, is_smuggled);
    }
}

/* Whatever becomes of the message. */
static void disguised_ends_are_found(void **state) {
    for (int mode = DATA; mode <= NORMALIZE; mode++) {
        shows("a\r\n.\r\n", mode, false, false);
        shows("a\r\n..\r\n.b\r\n.\r\n", mode, false, false);
        shows("a\nb\r\n.\r\n", mode, true, false);
        shows("a\n.b\r\n..\n.\r\n", mode, true, true);
        shows("a\n.b\n..\n.c\r\n.\r\n", mode, true, false);
        shows("a\r.b\r..\r.c\r\n.\r\n", mode, true, false);
        shows("a\r\n.\nX\r\n.\r\n", mode, true, true);
        shows("a\r\n.\rX\r\n.\r\n", mode, true, true);
        shows(".\nX\r\n.\r\n", mode, true, true);
        for (unsigned i = 0; i < EDGE_COUNT(smuggling); i++)
            shows(smuggling[i], mode, true, true);
    }
    shows("a\n.\nX", CHUNK, true, false);
    shows("a\r\n.\nX", CHUNK, true, false);
}

static void chunks_have_no_dots(void **state) {
    gives(".\r\n..\r\n.", CHUNK, ".\r\n..\r\n.");
    gives("a\nb", CHUNK, "!");
    edge_smtp_dot_t dot;
    edge_span_t input = edge_span_of("a\r"), bytes;
    edge_smtp_dot_start(&dot, false, false);
    assert_int_equal(edge_smtp_dot_next(&dot, &input, &bytes), EDGE_SMTP_DOT_SPAN);
    assert_false(edge_smtp_dot_finish(&dot));
    input = edge_span_of("\n");
    assert_int_equal(edge_smtp_dot_next(&dot, &input, &bytes), EDGE_SMTP_DOT_SPAN);
    assert_true(edge_smtp_dot_finish(&dot));
}

/* Nothing is copied, and lines do not cut a span. */
static void long_runs_are_one_span(void **state) {
    static const char text[] = "one\r\ntwo\r\n\r\nthree\r\n";
    edge_smtp_dot_t dot;
    edge_span_t input = edge_span_of(text), bytes;
    edge_smtp_dot_start(&dot, true, false);
    assert_int_equal(edge_smtp_dot_next(&dot, &input, &bytes), EDGE_SMTP_DOT_SPAN);
    assert_ptr_equal(bytes.at, text);
    assert_int_equal(bytes.len, sizeof(text) - 1);
    assert_int_equal(input.len, 0);
}

/* A message of CR alone must not cost the square of its length. */
static void floods_are_linear(void **state) {
    static char text[1 << 20];
    memset(text, '\r', sizeof(text));
    edge_smtp_dot_t dot;
    edge_span_t input = edge_span(text, sizeof(text)), bytes;
    edge_smtp_dot_start(&dot, true, true);
    assert_int_equal(edge_smtp_dot_next(&dot, &input, &bytes), EDGE_SMTP_DOT_SPAN);
    assert_int_equal(bytes.len, 1);
    assert_int_equal(edge_smtp_dot_next(&dot, &input, &bytes), EDGE_SMTP_DOT_BARE);
    assert_int_equal(edge_smtp_dot_next(&dot, &input, &bytes), EDGE_SMTP_DOT_MORE);
    assert_int_equal(input.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_and_dots),       cmocka_unit_test(only_crlf_dot_crlf_ends),
        cmocka_unit_test(normalizing),         cmocka_unit_test(disguised_ends_are_found),
        cmocka_unit_test(chunks_have_no_dots), cmocka_unit_test(long_runs_are_one_span),
        cmocka_unit_test(floods_are_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
