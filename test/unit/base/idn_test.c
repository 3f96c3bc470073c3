/* Tests of server/base/idn.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_idn.h"

static void becomes(const char *from, const char *to) {
    char out[EDGE_IDN_SIZE];
    assert_true(edge_idn_plain(edge_span_of(from), out));
    assert_string_equal(out, to);
}

static void ascii_stays(void **state) {
    (void)state;
    becomes("Example.ORG", "Example.ORG");
    becomes("_under.score.", "_under.score.");
    becomes("", "");
    assert_true(edge_idn_is_ascii(edge_span_of("a.b")) && !edge_idn_is_ascii(edge_span_of("b\xc3\xbc")));
}

static void others_become_a_labels(void **state) {
    (void)state;
    becomes("b\xc3\xbc"
            "cher.example",
            "xn--bcher-kva.example");
    /* Capital letters, and the letter in two characters. */
    becomes("B\xc3\x9c"
            "CHER.Example",
            "xn--bcher-kva.example");
    becomes("bu\xcc\x88"
            "cher.example",
            "xn--bcher-kva.example");
}

static void what_is_none(void **state) {
    char out[EDGE_IDN_SIZE], text[EDGE_IDN_SIZE * 5];
    (void)state;
    assert_false(edge_idn_plain(edge_span("a\0b", 3), out));
    assert_false(edge_idn_plain(edge_span_of("\xff.example"), out));
    assert_false(
        edge_idn_plain(edge_span_of("\xe2\x82\xac\xe2\x80\x8d.example"), out)); /* a joiner where none may be */
    memset(text, 'a', sizeof(text));
    assert_false(edge_idn_plain(edge_span(text, EDGE_IDN_SIZE), out));
    assert_true(edge_idn_plain(edge_span(text, EDGE_IDN_SIZE - 1), out));
    text[0] = '\xc3';
    text[1] = '\xbc';
    assert_false(edge_idn_plain(edge_span(text, sizeof(text)), out));
    assert_false(edge_idn_plain(edge_span(text, EDGE_IDN_SIZE), out));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ascii_stays),
        cmocka_unit_test(others_become_a_labels),
        cmocka_unit_test(what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
