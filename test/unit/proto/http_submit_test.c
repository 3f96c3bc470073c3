/* A request's head as an envelope, and replies as statuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "proto/http_submit.h"

#define GOOD_TYPE "Content-Type: message/rfc822\r\nContent-Length: 3\r\n"

static apr_pool_t *pool;
static edge_http_submit_t submit;
static const edge_http_names_t names = {EDGE_SPAN("X-Ehlo"), EDGE_SPAN("X-Sender"), EDGE_SPAN("X-Recipient")};

static edge_http_answer_row_t reads(const char *fields) {
    edge_http1_field_t room[32];
    edge_http1_head_t head = {.fields = room, .room = 32};
    const char *text = apr_pstrcat(pool, "POST /email HTTP/1.0\r\n", fields, "\r\n", NULL);
    assert_int_equal(edge_http1_request(&head, edge_span_of(text)), EDGE_HTTP1_DONE);
    return edge_http_submit_read(&head, &names, pool, &submit);
}

static void is(edge_span_t span, const char *text) {
    assert_int_equal(span.len, strlen(text));
    assert_memory_equal(span.at, text, span.len);
}

static void an_envelope(void **state) {
    (void)state;
    assert_int_equal(reads(GOOD_TYPE "X-Ehlo: client\r\nX-Sender: a@b.c\r\nX-Recipient: d@e.f, \"x,y\"@g.h\r\n"
                                     "x-recipient: <i@j.k>\r\nX-Recipient: bad\r\n"),
                     EDGE_HTTP_ANSWER_COUNT);
    is(submit.ehlo, "client");
    is(submit.sender, "a@b.c");
    assert_int_equal(submit.recipient_count, 4);
    is(submit.recipients[1].address, "\"x,y\"@g.h");
    is(submit.recipients[2].address, "i@j.k");
    assert_int_equal(submit.recipients[2].row, EDGE_R_RECIPIENT_OK);
    assert_int_equal(submit.recipients[3].row, EDGE_R_BAD_RECIPIENT);
    assert_int_equal(reads(GOOD_TYPE "X-Sender:\r\nX-Recipient: =?utf-8?q?j=C3=B6rg?=@e.f\r\n"),
                     EDGE_HTTP_ANSWER_COUNT);
    is(submit.ehlo, "none");
    is(submit.sender, "");
    assert_true(submit.recipients[0].utf8);
}

static void what_is_missing(void **state) {
    (void)state;
    assert_int_equal(reads("X-Sender: a@b.c\r\nX-Recipient: d@e.f\r\n"), EDGE_HTTP_WRONG_TYPE);
    assert_int_equal(reads("Content-Type: text/plain\r\nContent-Length: 1\r\n"), EDGE_HTTP_WRONG_TYPE);
    assert_int_equal(reads("Content-Type: message/rfc822\r\n"), EDGE_HTTP_NO_LENGTH);
    assert_int_equal(reads(GOOD_TYPE "Content-Encoding: gzip\r\n"), EDGE_HTTP_CODED);
    assert_int_equal(reads(GOOD_TYPE "X-Recipient: d@e.f\r\n"), EDGE_HTTP_NO_SENDER);
    assert_int_equal(reads(GOOD_TYPE "X-Sender: a@b.c\r\nX-Recipient: ,\r\n"), EDGE_HTTP_NO_RECIPIENT);
    assert_int_equal(reads(GOOD_TYPE "X-Sender: a@b.c\r\nX-Sender: a@b.c\r\n"), EDGE_HTTP_REPEATED);
    assert_int_equal(reads(GOOD_TYPE "X-Sender: =?utf-8?q?=00?=@b.c\r\n"), EDGE_HTTP_MALFORMED);
    char text[40];
    size_t len = edge_http_answer_reason(EDGE_HTTP_NO_SENDER, names.sender, text, sizeof text);
    is(edge_span(text, len), "Missing X-Sender header");
}

static void statuses(void **state) {
    (void)state;
    static const unsigned pairs[][2] = {{250, 200}, {421, 503}, {450, 503}, {451, 500},
                                        {452, 500}, {535, 403}, {550, 400}, {554, 400}};
    for (size_t i = 0; i < EDGE_COUNT(pairs); i++) {
        edge_reply_t reply = {.code = (uint16_t)pairs[i][0]};
        assert_int_equal(edge_http_submit_status(&reply), pairs[i][1]);
    }
}

static void paths_and_methods(void **state) {
    (void)state;
    edge_span_t path = EDGE_SPAN("/email");
    assert_true(edge_http_submit_is_path(edge_span_of("/email"), path));
    assert_true(edge_http_submit_is_path(edge_span_of("/email/"), path));
    assert_true(edge_http_submit_is_path(edge_span_of("http://host/email?x"), path));
    assert_false(edge_http_submit_is_path(edge_span_of("/email//"), path));
    assert_false(edge_http_submit_is_path(edge_span_of("/emails"), path));
    assert_true(edge_http_submit_is_path(edge_span_of("/"), edge_span_of("")));
    assert_int_equal(edge_http_submit_method(edge_span_of("POST")), EDGE_HTTP_ANSWER_COUNT);
    assert_int_equal(edge_http_submit_method(edge_span_of("post")), EDGE_HTTP_NOT_IMPLEMENTED);
    assert_int_equal(edge_http_submit_method(edge_span_of("HEAD")), EDGE_HTTP_NOT_READABLE);
}

static void credentials(void **state) {
    (void)state;
    is(edge_http_submit_plain(edge_span_of("Basic YWxpY2U6czplYw=="), pool), "AGFsaWNlAHM6ZWM=");
    assert_null(edge_http_submit_plain(edge_span_of("Bearer x"), pool).at);
    assert_null(edge_http_submit_plain(edge_span_of("Basic YWxpY2U="), pool).at);
    assert_null(edge_http_submit_plain(edge_span_of("Basic !"), pool).at);
}

static void tokens(void **state) {
    (void)state;
    is(edge_http_submit_token(edge_span_of("Bearer edge_submit_x")), "edge_submit_x");
    is(edge_http_submit_token(edge_span_of("bEARER   edge_submit_x  ")), "edge_submit_x");
    is(edge_http_submit_token(edge_span_of("Bearer a b")), "a b"); /* none, but of this scheme */
    is(edge_http_submit_token(edge_span_of("Bearer")), "");
    is(edge_http_submit_token(edge_span_of("Bearer ")), "");
    assert_null(edge_http_submit_token(edge_span_of("Bearers x")).at);
    assert_null(edge_http_submit_token(edge_span_of("Bear")).at);
    assert_null(edge_http_submit_token(edge_span_of("Basic YWxpY2U6czplYw==")).at);
    assert_null(edge_http_submit_token(edge_span("", 0)).at);
}

static int setup(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int teardown(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope),       cmocka_unit_test(what_is_missing), cmocka_unit_test(statuses),
        cmocka_unit_test(paths_and_methods), cmocka_unit_test(credentials),     cmocka_unit_test(tokens),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
