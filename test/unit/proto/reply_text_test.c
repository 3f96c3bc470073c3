/* Rows, what validators set, and the text filled in and cleaned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/reply_text.h"

static edge_reply_t reply;

static const char *text(void) {
    static char out[4096];
    size_t len = edge_reply_text(&reply, out, sizeof(out) - 1);
    assert_true(len < sizeof(out));
    out[len] = '\0';
    return out;
}

static void rows(void **state) {
    reply = edge_reply_of(EDGE_R_NO_RECIPIENTS);
    assert_int_equal(reply.code, 503);
    assert_int_equal(reply.subject, 5);
    assert_int_equal(reply.detail, 1);
    assert_string_equal(text(), "No valid recipients given");
    for (unsigned i = 0; i < EDGE_R_COUNT; i++)
        assert_true(strlen(edge_reply_row_prose((edge_reply_row_t)i)) > 3);
}

static void filling_in(void **state) {
    reply = edge_reply_about(EDGE_R_SENDER_OK, edge_span_of("a@b"));
    assert_string_equal(text(), "<a@b> Ok");
    reply = edge_reply_with_number(EDGE_R_SIZE_DECLARED, UINT64_MAX);
    assert_string_equal(text(), "Message size exceeds 18446744073709551615 limit");
    reply.text = edge_span_of("%s%s %d 100% %n");
    reply.argument = edge_span_of("%n");
    reply.number = 0;
    assert_string_equal(text(), "%n%n %d 100% 0");
    reply.literal = true;
    assert_string_equal(text(), "%s%s %d 100% %n");
    reply.text = edge_span_of("%");
    reply.literal = false;
    assert_string_equal(text(), "%");
}

static void cleaning(void **state) {
    reply = edge_reply_about(EDGE_R_HELLO, edge_span_of("a\r\nb\x01\x7f\xc3\xbc\xff\tc"));
    assert_string_equal(text(), "Hello a??b??\xc3\xbc?\tc");
    reply.text = edge_span_of("one\r\ntwo\rthree\n\nfour\n");
    assert_string_equal(text(), "one\ntwo?three\n\nfour");
    reply.text = edge_span("a\0b", 3);
    assert_string_equal(text(), "a?b");
    char small[4] = "xyz";
    assert_int_equal(edge_reply_text(&reply, small, 2), 3);
    assert_string_equal(small, "a?z");
}

static bool set(unsigned code, const char *enhanced, const char *with) {
    return edge_reply_set(&reply, code, edge_span_of(enhanced), edge_span_of(with));
}

static void is(unsigned code, unsigned subject, unsigned detail, const char *expected) {
    assert_int_equal(reply.code, code);
    assert_int_equal(reply.subject, subject);
    assert_int_equal(reply.detail, detail);
    assert_string_equal(text(), expected);
}

static void setting(void **state) {
    reply = edge_reply_of(EDGE_R_SENDER_OK);
    assert_true(set(550, "5.7.1", "<%s> Not authorized"));
    is(550, 7, 1, "<%s> Not authorized");
    assert_true(set(451, NULL, "2.6.0 Testing"));
    is(451, 6, 0, "Testing");
    assert_true(set(550, "5.7.1", "4.2.2 Both"));
    is(550, 7, 1, "Both");
    assert_true(set(550, "nonsense", "4.2.2 Lifted"));
    is(550, 2, 2, "Lifted");
    assert_true(set(550, "5.7.1x", "None"));
    is(550, 0, 0, "None");
    assert_true(set(250, NULL, "2.1.5"));
    is(250, 1, 5, "");
    assert_true(set(550, NULL, "5.1234.1 Not one"));
    is(550, 0, 0, "5.1234.1 Not one");
    assert_true(set(550, NULL, "3.1.1 Nor this"));
    is(550, 0, 0, "3.1.1 Nor this");
    assert_true(set(550, NULL, "5.1.1.1 Nor this"));
    is(550, 0, 0, "5.1.1.1 Nor this");
    assert_true(set(550, NULL, "5.1.1\nsecond"));
    is(550, 1, 1, "\nsecond");
}

static void codes_that_are_none(void **state) {
    reply = edge_reply_of(EDGE_R_OK);
    assert_false(set(199, NULL, "x") || set(354, NULL, "x") || set(600, NULL, "x") || set(0, NULL, "x"));
    is(250, 0, 0, "Ok");
}

static void banners_stay_without(void **state) {
    reply = edge_reply_of(EDGE_R_BANNER);
    assert_true(set(220, NULL, "mine"));
    assert_int_equal(reply.subject, EDGE_NO_ENHANCED);
    assert_true(set(554, NULL, "no"));
    is(554, 0, 0, "no");
    reply = edge_reply_of(EDGE_R_START_DATA);
    assert_true(set(250, NULL, "odd"));
    is(250, 0, 0, "odd");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),    cmocka_unit_test(filling_in),          cmocka_unit_test(cleaning),
        cmocka_unit_test(setting), cmocka_unit_test(codes_that_are_none), cmocka_unit_test(banners_stay_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
