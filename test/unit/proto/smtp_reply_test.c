/* Replies on the wire: codes on each line, lengths, keywords, and nothing that gets out of its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/smtp_reply.h"

static edge_reply_t reply;
static char out[16384];

static const char *wire(void) {
    size_t len = edge_smtp_reply_format(&reply, out, sizeof(out) - 1);
    assert_true(len < sizeof(out));
    out[len] = '\0';
    return out;
}

static void one_line(void **state) {
    reply = edge_reply_of(EDGE_R_OK);
    assert_string_equal(wire(), "250 2.0.0 Ok\r\n");
    reply = edge_reply_of(EDGE_R_START_DATA);
    assert_string_equal(wire(), "354 Start mail input; end with <CRLF>.<CRLF>\r\n");
    reply = edge_reply_about(EDGE_R_BANNER, edge_span_of("slimta.org"));
    assert_string_equal(wire(), "220 slimta.org ESMTP Mail Gateway\r\n");
}

static void the_class_follows_the_code(void **state) {
    reply = edge_reply_of(EDGE_R_MESSAGE_OK);
    reply.code = 451;
    assert_string_equal(wire(), "451 4.6.0 Message accepted for delivery\r\n");
    reply.code = 334;
    assert_string_equal(wire(), "334 Message accepted for delivery\r\n");
    reply.code = 550;
    reply.subject = 999;
    reply.detail = 1234;
    assert_string_equal(wire(), "550 5.999.234 Message accepted for delivery\r\n");
}

static void several_lines(void **state) {
    edge_reply_set(&reply, 550, edge_span_of("5.7.1"), edge_span_of("one\r\n\ntwo\n"));
    assert_string_equal(wire(), "550-5.7.1 one\r\n550-5.7.1\r\n550 5.7.1 two\r\n");
    reply.text = edge_span_of("");
    assert_string_equal(wire(), "550 5.7.1\r\n");
    reply.subject = EDGE_NO_ENHANCED;
    assert_string_equal(wire(), "550 \r\n");
}

static void nothing_gets_out_of_its_line(void **state) {
    reply = edge_reply_about(EDGE_R_HELLO, edge_span_of("x\r\n250 y\n\x80"));
    assert_string_equal(wire(), "250 Hello x??250 y??\r\n");
    reply = edge_reply_about(EDGE_R_SENDER_OK, edge_span_of("\xc3\xbc\xff@b"));
    assert_string_equal(wire(), "250 2.1.0 <???@b> Ok\r\n");
    reply.utf8 = true;
    assert_string_equal(wire(), "250 2.1.0 <\xc3\xbc?@b> Ok\r\n");
}

static void long_text_is_wrapped(void **state) {
    static char text[1200];
    memset(text, 'x', sizeof(text));
    reply = edge_reply_of(EDGE_R_OK);
    reply.text = edge_span(text, 500);
    assert_int_equal(strlen(wire()), 512);
    assert_null(strchr(out, '-'));
    reply.text = edge_span(text, 501);
    assert_int_equal(strlen(wire()), 512 + 13);
    assert_string_equal(out + 510, "\r\n250 2.0.0 x\r\n");
    text[400] = ' ';
    wire();
    assert_memory_equal(out + 410, "\r\n250 2.0.0 xxx", 15);
    text[400] = 'x';
    for (unsigned i = 0; i < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    text[0] = 'x';
    text[1] = 'x';
    reply.text = edge_span(text, sizeof(text));
    reply.utf8 = true;
    wire();
    assert_null(strchr(out, '?'));
    for (char *line = out, *end; (end = strstr(line, "\r\n")) != NULL; line = end + 2)
        assert_true(end - line <= 510 && (unsigned char)line[10] != 0xbc);
}

static void hello(void **state) {
    edge_smtp_rules_t rules = {.max_message_size = 78643200, .max_recipients = 1000};
    reply = edge_reply_about(EDGE_R_HELLO, edge_span_of("x"));
    size_t len = edge_smtp_hello_format(&reply, EDGE_X_BIT(LIMITS) | EDGE_X_BIT(SIZE) | EDGE_X_BIT(8BITMIME), &rules,
                                        (edge_span_t)EDGE_SPAN("PLAIN LOGIN"), out, sizeof(out));
    out[len] = '\0';
    assert_string_equal(out, "250-Hello x\r\n250-8BITMIME\r\n250-SIZE 78643200\r\n250 LIMITS RCPTMAX=1000\r\n");
    len = edge_smtp_hello_format(&reply, 0, &rules, (edge_span_t)EDGE_SPAN("PLAIN LOGIN"), out, sizeof(out));
    out[len] = '\0';
    assert_string_equal(out, "250 Hello x\r\n");
    for (unsigned i = 0; i < EDGE_X_COUNT; i++)
        assert_true(strlen(edge_smtp_extension_prose((edge_smtp_extension_t)i)) > 5);
}

static void small_buffers(void **state) {
    reply = edge_reply_of(EDGE_R_HELP);
    size_t len = edge_smtp_reply_format(&reply, NULL, 0);
    assert_int_equal(len, strlen(wire()));
    char part[21] = {0};
    assert_int_equal(edge_smtp_reply_format(&reply, part, 20), len);
    assert_int_equal(strncmp(part, out, 20), 0);
    assert_int_equal(part[20], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line),
        cmocka_unit_test(the_class_follows_the_code),
        cmocka_unit_test(several_lines),
        cmocka_unit_test(small_buffers),
        cmocka_unit_test(nothing_gets_out_of_its_line),
        cmocka_unit_test(long_text_is_wrapped),
        cmocka_unit_test(hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
