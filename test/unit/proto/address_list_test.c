/* Tests of server/proto/address_list.c: what a To field may look like, and what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/address_list.h"

/* The addresses, one behind the other; a bad one with a "!" in front. */
static const char *read_all(const char *text) {
    static char out[4096];
    static edge_address_list_t found;
    edge_span_t value = edge_span_of(text);
    edge_address_list_result_t result;
    size_t len = 0;
    out[0] = '\0';
    while ((result = edge_address_list_next(&value, &found)) != EDGE_ADDRESS_LIST_END)
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s%.*s", len ? " | " : "",
                                result == EDGE_ADDRESS_LIST_BAD ? "!" : "", (int)found.address.len, found.address.at);
    return out;
}

static void one_and_many(void **state) {
    (void)state;
    assert_string_equal(read_all("a@b.example"), "a@b.example");
    assert_string_equal(read_all("a@b.example, c@d.example,e@f.example"), "a@b.example | c@d.example | e@f.example");
    assert_string_equal(read_all("root"), "root");
    assert_string_equal(read_all(""), "");
    assert_string_equal(read_all(" , ,\r\n a@b.example ,,"), "a@b.example");
}

static void names_and_comments_are_left_out(void **state) {
    (void)state;
    assert_string_equal(read_all("Ann Other <a@b.example>"), "a@b.example");
    assert_string_equal(read_all("\"Other, Ann <x@y.example>\" <a@b.example>, c@d.example"),
                        "a@b.example | c@d.example");
    assert_string_equal(read_all("a@b.example (Ann (the \\) other), she)"), "a@b.example");
    assert_string_equal(read_all("Ann <a@b.example> (work), c@d.example"), "a@b.example | c@d.example");
    assert_string_equal(read_all("=?utf-8?q?J=C3=BCrgen?= <j@b.example>"), "j@b.example");
    assert_string_equal(read_all("J\xc3\xbcrgen <j\xc3\xbc@b.example>"), "j\xc3\xbc@b.example");
    assert_string_equal(read_all("Ann\r\n <a@b.example>,\r\n\tBob <b@c.example>"), "a@b.example | b@c.example");
    assert_string_equal(read_all("<root>"), "root");
}

static void quoted_local_parts_stay_quoted(void **state) {
    (void)state;
    assert_string_equal(read_all("\"a b\"@c.example"), "\"a b\"@c.example");
    assert_string_equal(read_all("<\"a,\\\"b\"@c.example>"), "\"a,\\\"b\"@c.example");
}

static void groups_are_opened(void **state) {
    (void)state;
    assert_string_equal(read_all("Undisclosed recipients:;"), "");
    assert_string_equal(read_all("Team: a@b.example, Bob <c@d.example>; e@f.example"),
                        "a@b.example | c@d.example | e@f.example");
}

static void routes_are_not_followed(void **state) {
    (void)state;
    assert_string_equal(read_all("<@one.example,@two.example:a@b.example>"), "a@b.example");
    assert_string_equal(read_all("x@[IPv6:2001:db8::1], y@[192.0.2.1]"), "x@[IPv6:2001:db8::1] | y@[192.0.2.1]");
    assert_string_equal(read_all("<x@[192.0.2.1]>"), "x@[192.0.2.1]");
}

static void what_is_no_address_is_told_and_passed_over(void **state) {
    (void)state;
    assert_string_equal(read_all("Ann Other, a@b.example"), "!AnnOther | a@b.example");
    assert_string_equal(read_all("a@b@c.example, d@e.example"), "!a@b@c.example | d@e.example");
    assert_string_equal(read_all("<a@b.example"), "!a@b.example");
    assert_string_equal(read_all("\"a@b.example"), "!\"a@b.example");
    assert_string_equal(read_all("a@b.example (never closed"), "!a@b.example");
    assert_string_equal(read_all("@"), "!@");
}

static void a_long_one_is_bad_and_bounded(void **state) {
    char *text = malloc(5000);
    edge_address_list_t found;
    (void)state;
    memset(text, 'a', 4999);
    memcpy(text + 4980, "@b.example, c@d.ex", 19);
    edge_span_t value = edge_span_of(text);
    assert_int_equal(edge_address_list_next(&value, &found), EDGE_ADDRESS_LIST_BAD);
    assert_int_equal(found.address.len, EDGE_ADDRESS_LIST_MOST);
    assert_int_equal(edge_address_list_next(&value, &found), EDGE_ADDRESS_LIST_ADDRESS);
    assert_int_equal(edge_address_list_next(&value, &found), EDGE_ADDRESS_LIST_END);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_and_many),
        cmocka_unit_test(names_and_comments_are_left_out),
        cmocka_unit_test(quoted_local_parts_stay_quoted),
        cmocka_unit_test(groups_are_opened),
        cmocka_unit_test(routes_are_not_followed),
        cmocka_unit_test(what_is_no_address_is_told_and_passed_over),
        cmocka_unit_test(a_long_one_is_bad_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
