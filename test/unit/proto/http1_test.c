/* Heads of requests and responses: what is taken, what is refused and why, and in every cut the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/http1.h"

#define FIELDS 16

typedef edge_http1_state_t parse_t(edge_http1_head_t *head, edge_span_t input);

static edge_http1_field_t fields[FIELDS];

/* Shows the input octet by octet first; the outcome must be the same as of the whole. */
static edge_http1_state_t parse(parse_t *by, edge_http1_head_t *head, const char *text, size_t len) {
    edge_http1_head_t slow = {.fields = fields, .room = FIELDS};
    edge_http1_state_t state = EDGE_HTTP1_MORE, whole;
    for (size_t shown = 0; state == EDGE_HTTP1_MORE && shown <= len; shown++) {
        char *exact = malloc(shown + 1); /* so that a checker sees each octet read too far */
        memcpy(exact, text, shown);
        state = by(&slow, edge_span(exact, shown));
        free(exact);
    }
    *head = (edge_http1_head_t){.fields = fields, .room = FIELDS};
    whole = by(head, edge_span(text, len));
    assert_int_equal(state, whole);
    assert_int_equal(slow.status, head->status);
    assert_ptr_equal(slow.wrong, head->wrong);
    return whole;
}

static edge_http1_head_t request(const char *text) {
    edge_http1_head_t head;
    assert_int_equal(parse(edge_http1_request, &head, text, strlen(text)), EDGE_HTTP1_DONE);
    return head;
}

static void is(edge_span_t span, const char *text) { assert_true(edge_span_equal(span, edge_span_of(text))); }

static void takes_a_usual_request(void **state) {
    (void)state;
    static const char text[] =
        "POST /email?x=1 HTTP/1.1\r\nHost: localhost:8025\r\nX-Recipient:one@example.org\r\n"
        "X-RECIPIENT: \t two@example.org \t\r\nX-Sender:\r\nContent-Length: 12\r\n\r\nHello world!";
    edge_http1_head_t head = request(text);
    is(head.method, "POST");
    is(head.target, "/email?x=1");
    is(head.host, "localhost:8025");
    assert_int_equal(head.minor, 1);
    assert_int_equal(head.count, 5);
    assert_int_equal(head.size, strlen(text) - 12);
    assert_true(head.has_length && head.length == 12 && !head.chunked && head.keep_alive && !head.expects_continue);
    is(edge_http1_field(&head, "x-recipient", 0), "one@example.org");
    is(edge_http1_field(&head, "X-Recipient", 1), "two@example.org");
    assert_null(edge_http1_field(&head, "x-recipient", 2).at);
    assert_non_null(edge_http1_field(&head, "x-sender", 0).at);
    assert_int_equal(edge_http1_field(&head, "x-sender", 0).len, 0);
}

static void connection_and_versions(void **state) {
    (void)state;
    static const struct {
        const char *text;
        unsigned minor;
        bool keep_alive;
    } rows[] = {
        {"GET / HTTP/1.0\r\n\r\n", 0, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 0, true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", 0, false},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 1, true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", 1, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nConnection: close\r\n\r\n", 1, false},
        {"GET / HTTP/1.7\r\nHost: [::1]:80\r\n\r\n", 1, true},
        {"\r\nOPTIONS * HTTP/1.0\r\n\r\n", 0, false},
    };
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        edge_http1_head_t head = request(rows[i].text);
        assert_int_equal(head.minor, rows[i].minor);
        assert_int_equal(head.keep_alive, rows[i].keep_alive);
    }
}

static void chunked_and_expect(void **state) {
    (void)state;
    edge_http1_head_t head =
        request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n\r\n");
    assert_true(head.chunked && !head.has_length && head.expects_continue);
    head = request("POST / HTTP/1.0\r\nContent-Length: 0\r\nExpect: what\r\n\r\n");
    assert_true(head.has_length && head.length == 0 && !head.expects_continue);
}

#define H "GET / HTTP/1.1\r\nHost: a\r\n"
static const struct {
    const char *text;
    unsigned status;
    const char *wrong;
} refused[] = {
    {"GET / HTTP/1.1\n", 400, "a line ends in LF without CR"},
    {"\n", 400, "a line ends in LF without CR"},
    {"GET / HTTP/1.1\r\nHost: a\n", 400, "a line ends in LF without CR"},
    {"GET /\r HTTP/1.1", 400, "a CR is not followed by LF"},
    {"\r\r", 400, "a CR is not followed by LF"},
    {"GET /\x01 HTTP/1.1", 400, "a control byte in the head"},
    {"GET /\x7f HTTP/1.1", 400, "a control byte in the head"},
    {"\r\n\r\n", 400, "the first line is malformed"},
    {"GET\r\n\r\n", 400, "the first line is malformed"},
    {"GET /\r\n\r\n", 400, "the first line is malformed"},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the first line is malformed"},
    {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the first line is malformed"},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "the first line is malformed"},
    {"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400, "the first line is malformed"},
    {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the first line is malformed"},
    {"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the first line is malformed"},
    {"METHODMETHODMETHODMETHODMETHODMETH / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "the first line is malformed"},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", 400, "the first line is malformed"},
    {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, "the first line is malformed"},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "an HTTP version other than 1.0 and 1.1"},
    {"GET / HTTP/0.9\r\n\r\n", 505, "an HTTP version other than 1.0 and 1.1"},
    {"GET / HTTP/1.1\r\n\r\n", 400, "HTTP/1.1 without Host"},
    {H "Host: b\r\n\r\n", 400, "two Host fields"},
    {H "Authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n", 400, "two Authorization fields"},
    {"GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", 400, "Host is no host name"},
    {H " folded\r\n\r\n", 400, "a folded field"},
    {H "X\r\n\r\n", 400, "a field without a colon"},
    {H "X : y\r\n\r\n", 400, "a field's name is no token, or a blank stands before the colon"},
    {H ": y\r\n\r\n", 400, "a field's name is no token, or a blank stands before the colon"},
    {H "X@: y\r\n\r\n", 400, "a field's name is no token, or a blank stands before the colon"},
    {H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "two Content-Length fields"},
    {H "Content-Length: 1, 1\r\n\r\n", 400, "Content-Length is no number"},
    {H "Content-Length: +1\r\n\r\n", 400, "Content-Length is no number"},
    {H "Content-Length: \r\n\r\n", 400, "Content-Length is no number"},
    {H "Content-Length: 9223372036854775808\r\n\r\n", 400, "Content-Length is no number"},
    {H "Content-Length: 99999999999999999999\r\n\r\n", 400, "Content-Length is no number"},
    {H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "both Content-Length and Transfer-Encoding"},
    {H "Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n", 400, "two Transfer-Encoding fields"},
    {H "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "a transfer coding other than chunked"},
    {H "Transfer-Encoding: \r\n\r\n", 501, "a transfer coding other than chunked"},
    {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Transfer-Encoding in HTTP/1.0"},
    {H "Expect: 200-ok\r\n\r\n", 417, "an expectation other than 100-continue"},
    {H "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n", 431,
     "too many fields"},
};

static void refuses_with_a_reason(void **state) {
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(refused); i++) {
        edge_http1_head_t head;
        assert_int_equal(parse(edge_http1_request, &head, refused[i].text, strlen(refused[i].text)), EDGE_HTTP1_BAD);
        assert_int_equal(head.status, refused[i].status);
        assert_string_equal(head.wrong, refused[i].wrong);
        assert_false(head.keep_alive);
    }
    edge_http1_head_t head;
    assert_int_equal(parse(edge_http1_request, &head, "GET /\0 HTTP/1.1", 15), EDGE_HTTP1_BAD);
    assert_string_equal(head.wrong, "a control byte in the head");
}

static void an_endless_head_is_refused(void **state) {
    (void)state;
    static char text[EDGE_HTTP1_HEAD_MOST + 10];
    edge_http1_head_t head = {.fields = fields, .room = FIELDS};
    memset(text, 'x', sizeof text);
    assert_int_equal(edge_http1_request(&head, edge_span(text, EDGE_HTTP1_HEAD_MOST - 1)), EDGE_HTTP1_MORE);
    assert_int_equal(edge_http1_request(&head, edge_span(text, sizeof text)), EDGE_HTTP1_BAD);
    assert_int_equal(head.status, 431);
}

static void responses(void **state) {
    (void)state;
    edge_http1_head_t head;
    static const char text[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
    assert_int_equal(parse(edge_http1_response, &head, text, strlen(text)), EDGE_HTTP1_DONE);
    assert_int_equal(head.status, 404);
    is(head.reason, "Not Found");
    assert_true(head.length == 3 && !head.keep_alive);
    assert_int_equal(parse(edge_http1_response, &head, "HTTP/1.0 200\r\n\r\n", 16), EDGE_HTTP1_DONE);
    assert_int_equal(head.reason.len, 0);
    static const char *const wrong[] = {"HTTP/1.1 20 OK\r\n\r\n",   "HTTP/1.1 2000 OK\r\n\r\n",
                                        "HTTP/1.1  200 OK\r\n\r\n", "ICY 200 OK yes\r\n\r\n",
                                        "HTTP/1.1 099 x\r\n\r\n",   "HTTP/1.1 600 x\r\n\r\n"};
    for (size_t i = 0; i < EDGE_COUNT(wrong); i++) {
        assert_int_equal(parse(edge_http1_response, &head, wrong[i], strlen(wrong[i])), EDGE_HTTP1_BAD);
    }
}

static void token_lists(void **state) {
    (void)state;
    assert_true(edge_http1_has_token(edge_span_of("a , Close;x=1,b"), "close"));
    assert_true(edge_http1_has_token(edge_span_of(",,close"), "close"));
    assert_false(edge_http1_has_token(edge_span_of("closed, xclose"), "close"));
    assert_false(edge_http1_has_token(edge_span_of(""), "close"));
    assert_true(edge_http1_is_token(edge_span_of("X-a.1")));
    assert_false(edge_http1_is_token(edge_span_of("")));
    assert_false(edge_http1_is_token(edge_span("a\0", 2)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_usual_request),
        cmocka_unit_test(connection_and_versions),
        cmocka_unit_test(chunked_and_expect),
        cmocka_unit_test(refuses_with_a_reason),
        cmocka_unit_test(an_endless_head_is_refused),
        cmocka_unit_test(responses),
        cmocka_unit_test(token_lists),
    };
    return cmocka_run_group_tests_name("proto/http1", tests, NULL, NULL);
}
