/* Statuses as outcomes, and whose words the reply has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "proto/http_outcome.h"

static apr_pool_t *pool;

static const char *outcome(unsigned status, const char *reason, const char *smtp, const char *content) {
    edge_http_answer_t answer = {status, edge_span_of(reason), edge_span_of(smtp), edge_span_of(content)};
    edge_reply_t reply;
    edge_relay_blame_t blame;
    edge_relay_outcome_t what = edge_http_outcome(&answer, pool, &reply, &blame);
    char text[600];
    size_t len = edge_reply_text(&reply, text, sizeof text - 1);
    text[len < sizeof text ? len : sizeof text - 1] = '\0';
    return apr_psprintf(pool, "%c%c %u %u.%u.%u %s",
                        what == EDGE_RELAY_DONE     ? '+'
                        : what == EDGE_RELAY_FAILED ? '-'
                                                    : '~',
                        blame == EDGE_RELAY_HOST ? 'h' : 'm', reply.code, edge_reply_class(&reply), reply.subject,
                        reply.detail, text);
}

static void statuses(void **state) {
    (void)state;
    assert_string_equal(outcome(200, "OK", NULL, ""), "+m 250 2.0.0 HTTP 200 OK");
    assert_string_equal(outcome(204, NULL, NULL, NULL), "+m 250 2.0.0 HTTP 204 No Content");
    assert_string_equal(outcome(302, "Found", NULL, NULL), "~h 451 4.0.0 HTTP 302 Found");
    assert_string_equal(outcome(400, "Bad Request", NULL, NULL), "-m 554 5.0.0 HTTP 400 Bad Request");
    assert_string_equal(outcome(401, "Unauthorized", NULL, NULL), "~h 451 4.7.8 HTTP 401 Unauthorized");
    assert_string_equal(outcome(404, "Not Found", NULL, "no such user\r\nmore"),
                        "-m 550 5.1.1 HTTP 404 Not Found: no such user");
    assert_string_equal(outcome(408, "Request Timeout", NULL, NULL), "~h 451 4.4.2 HTTP 408 Request Timeout");
    assert_string_equal(outcome(413, "Content Too Large", NULL, NULL), "-m 552 5.3.4 HTTP 413 Content Too Large");
    assert_string_equal(outcome(429, "Too Many Requests", NULL, NULL), "~h 451 4.4.5 HTTP 429 Too Many Requests");
    assert_string_equal(outcome(500, "Oops", NULL, "\n\n <html>\n"), "~h 451 4.0.0 HTTP 500 Oops: <html>");
    assert_string_equal(outcome(503, "Busy", NULL, NULL), "~h 451 4.0.0 HTTP 503 Busy");
    assert_string_equal(outcome(507, "Full", NULL, NULL), "~h 452 4.3.1 HTTP 507 Full");
    assert_string_equal(outcome(199, "Odd", NULL, NULL), "~h 451 4.0.0 HTTP 199 Odd");
}

/* As edged's own edge answers. */
static void smtp_replies(void **state) {
    (void)state;
    assert_string_equal(outcome(200, "Message queued as 1", "250 2.6.0", "1"), "+m 250 2.6.0 Message queued as 1");
    assert_string_equal(outcome(400, "No such user", "550 5.1.1", NULL), "-m 550 5.1.1 No such user");
    assert_string_equal(outcome(500, "No room", "452 4.3.1", NULL), "~h 452 4.3.1 No room");
    assert_string_equal(outcome(400, "No", "550", NULL), "-m 550 5.0.0 No");
}

static void smtp_replies_that_do_not_fit(void **state) {
    (void)state;
    static const char *const replies[] = {"550 5.1.1", "45", "4x1 4.0.0", "", "999", "451-4.0.0", "354 go", "4511"};
    for (size_t i = 0; i < EDGE_COUNT(replies); i++) {
        assert_string_equal(outcome(500, "Oops", replies[i], NULL), "~h 451 4.0.0 HTTP 500 Oops");
    }
    assert_string_equal(outcome(500, "Oops", "450 garbage", NULL), "~h 450 4.0.0 Oops");
}

static void hostile_words(void **state) {
    (void)state;
    char content[1000];
    memset(content, 'x', sizeof content - 1);
    content[sizeof content - 1] = '\0';
    assert_int_equal(strlen(outcome(500, "a\r\nb\x01", NULL, content)), strlen("~h 451 4.0.0 HTTP 500 a\nb?: ") + 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(statuses), cmocka_unit_test(smtp_replies),
                                       cmocka_unit_test(smtp_replies_that_do_not_fit), cmocka_unit_test(hostile_words)};
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
