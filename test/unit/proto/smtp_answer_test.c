/* Replies of servers, well formed and not, in any cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/smtp_answer.h"
#include "proto/smtp_reply.h"

static edge_smtp_answer_t answer;

static edge_smtp_answer_result_t last_of(const char *text, size_t cut) {
    edge_span_t rest = edge_span_of(text);
    edge_smtp_answer_result_t got = EDGE_SMTP_ANSWER_MORE;
    memset(&answer, 0, sizeof(answer));
    while (rest.len > 0) {
        edge_span_t piece = edge_span(rest.at, rest.len < cut ? rest.len : cut), line;
        size_t len = piece.len;
        do {
            got = edge_smtp_answer_next(&answer, &piece, &line);
            if (got == EDGE_SMTP_ANSWER_GARBAGE)
                return got;
        } while (piece.len > 0);
        rest = edge_span_after(rest, len);
    }
    return got;
}

static void says(const char *text, unsigned code, int subject, const char *words) {
    for (size_t cut = 1; cut <= strlen(text); cut++) {
        assert_int_equal(last_of(text, cut), EDGE_SMTP_ANSWER_WHOLE);
        edge_reply_t reply = edge_smtp_answer_reply(&answer);
        assert_int_equal(reply.code, code);
        assert_int_equal(reply.subject, subject < 0 ? EDGE_NO_ENHANCED : subject);
        assert_int_equal(reply.text.len, strlen(words));
        assert_memory_equal(reply.text.at, words, strlen(words));
    }
}

static void replies(void **state) {
    (void)state;
    says("250 2.1.0 Ok\r\n", 250, 1, "Ok");
    says("250 Ok\r\n", 250, -1, "Ok");
    says("250\r\n", 250, -1, "");
    says("250 \r\n", 250, -1, "");
    says("550\t5.1.1 no such user\n", 550, 1, "no such user");
    says("450 busy\r\n", 450, 0, "busy");
    says("250-a\r\n250-2.0.0 b\r\n250 c\r\n", 250, -1, "a\nb\nc");
    says("550-5.7.1 a\r\n550-5.7.1 b\r\n550 5.7.1\r\n", 550, 7, "a\nb\n");
    says("550-5.7.1a\r\n550 5.7\r\n", 550, 0, "5.7.1a\n5.7");
    says("354 go on\r\n", 354, -1, "go on");
    says("250-a\r\n421 4.3.2 gone\r\n", 421, 0, "a\ngone");
}

static void garbage(void **state) {
    static const char *const texts[] = {"\r\n",    "25\r\n",   "150 a\r\n", "650 a\r\n",     "2x0 a\r\n",   "250_a\r\n",
                                        "abc\r\n", "25a ok\n", "\0\0\0\n",  "SSH-2.0-x\r\n", "250-a\r\nx\n"};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++)
        if (texts[i][0])
            assert_int_equal(last_of(texts[i], 100), EDGE_SMTP_ANSWER_GARBAGE);
    edge_span_t more = EDGE_SPAN("250 ok\r\n"), line;
    assert_int_equal(edge_smtp_answer_next(&answer, &more, &line), EDGE_SMTP_ANSWER_GARBAGE);
}

static void bounds(void **state) {
    static char text[1 << 16];
    (void)state;
    memset(text, 'x', EDGE_SMTP_ANSWER_LINE_MOST + 10);
    memcpy(text, "250 ", 4);
    memcpy(text + EDGE_SMTP_ANSWER_LINE_MOST - 2, "\r\n", 3);
    assert_int_equal(last_of(text, 1000), EDGE_SMTP_ANSWER_WHOLE);
    assert_int_equal(edge_smtp_answer_reply(&answer).text.len, EDGE_SMTP_ANSWER_TEXT_MOST);
    text[EDGE_SMTP_ANSWER_LINE_MOST - 2] = 'x';
    memcpy(text + EDGE_SMTP_ANSWER_LINE_MOST - 1, "\r\n", 3);
    assert_int_equal(last_of(text, 1000), EDGE_SMTP_ANSWER_GARBAGE);
    size_t at = 0;
    for (unsigned i = 0; i <= EDGE_SMTP_ANSWER_LINES_MOST; i++, at += 7)
        memcpy(text + at, "250-ab\n", 8);
    assert_int_equal(last_of(text, 999), EDGE_SMTP_ANSWER_GARBAGE);
    memcpy(text + at - 14, "250 ab\n", 8);
    assert_int_equal(last_of(text, 999), EDGE_SMTP_ANSWER_WHOLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(replies), cmocka_unit_test(garbage), cmocka_unit_test(bounds)};
    return cmocka_run_group_tests_name("smtp_answer", tests, NULL, NULL);
}
