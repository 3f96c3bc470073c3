/* Deliveries by HTTP: results, posts that are taken apart, signatures, connections that are used again, cancelling. */
#include "web_fixture.h"

#define MESSAGE "Subject: x\r\n\r\nbody\r\n"
#define TAKEN "HTTP/1.1 200 Message queued as 1\r\nX-Smtp-Reply: 250 2.6.0\r\nContent-Length: 0\r\n\r\n"
#define REFUSED "HTTP/1.1 400 No such user\r\nX-Smtp-Reply: 550 5.1.1\r\nContent-Length: 0\r\n\r\n"
#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

static http_conf_t conf;
static const edge_relay_provider_t *provider(void) { return relay_http_module.providers[0].table; }

static hop_t *make(const char *url) {
    conf = (http_conf_t){.url = edge_span_of(url), .timeout = EDGE_SECONDS(60), .remote = "app:80"};
    hop_t *hop = hop_make(provider(), &conf, MESSAGE);
    hop_to(hop, "a@server.example");
    return hop;
}

static void taken(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = TAKEN, .keep = true}};
    const char *url = web_start(answers, 1);
    for (unsigned waits = 0; waits < 6; waits++) {
        hop_t *hop = make(url);
        hop_to(hop, "b@server.example");
        hop->from.waits = waits;
        hop_deliver(hop);
        assert_string_equal(hop_result(hop, 0), "250 2.6.0 Message queued as 1");
        assert_string_equal(hop_result(hop, 1), "250 2.6.0 Message queued as 1");
        assert_true(edge_span_equal(hop->results[0].remote, edge_span_of("app:80")));
        assert_non_null(strstr(web_request(waits), "\r\n\r\n" MESSAGE));
        assert_non_null(
            strstr(web_request(waits), "X-Recipient: a@server.example\r\nX-Recipient: b@server.example\r\n"));
        hop_free(hop);
    }
    assert_int_equal(web_count(), 6);
    assert_int_equal(web_connections(), 1);
    web_stop();
}

/* Refused together, so each is asked for: the second is the reason, and the others get their message. */
static void taken_apart(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = REFUSED, .keep = true},
                                           {.text = TAKEN, .keep = true},
                                           {.text = REFUSED, .keep = true},
                                           {.text = TAKEN, .keep = true}};
    hop_t *hop = make(web_start(answers, 4));
    hop_to(hop, "b@server.example");
    hop_to(hop, "c@server.example");
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "250 2.6.0 Message queued as 1");
    assert_string_equal(hop_result(hop, 1), "!550 5.1.1 No such user");
    assert_string_equal(hop_result(hop, 2), "250 2.6.0 Message queued as 1");
    assert_int_equal(web_count(), 4);
    assert_non_null(strstr(web_request(3), "X-Recipient: c@server.example\r\n"));
    assert_null(strstr(web_request(3), "X-Recipient: b@server.example\r\n"));
    hop_free(hop);
    web_stop();
}

static void later(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = BUSY}};
    hop_t *hop = make(web_start(answers, 1));
    hop_to(hop, "b@server.example");
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "~451 4.0.0 HTTP 503 Busy");
    assert_string_equal(hop_result(hop, 1), "~451 4.0.0 HTTP 503 Busy");
    assert_int_equal(web_count(), 1);
    hop_free(hop);
    web_stop();
}

static void no_way_back(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = REFUSED}};
    hop_t *hop = make(web_start(answers, 1));
    hop_to(hop, "b@server.example");
    hop->from.stuck = true;
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "~451 4.3.0 The message cannot be read once more");
    hop_free(hop);
    hop = make(conf.url.at);
    conf.secret = edge_span_of("key");
    hop->from.stuck = true;
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "~451 4.3.5 The message cannot be read twice, and so not be signed");
    hop_free(hop);
    web_stop();
}

static void with_a_signature(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = TAKEN}};
    hop_t *hop = make(web_start(answers, 1));
    conf.secret = edge_span_of("key");
    hop->from.waits = 5;
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "250 2.6.0 Message queued as 1");
    assert_non_null(strstr(web_request(0), "\r\nX-Edged-Signature: sha256="));
    assert_non_null(strstr(web_request(0), "\r\n\r\n" MESSAGE));
    hop_free(hop);
    web_stop();
}

static void a_message_that_cannot_be_read(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = TAKEN}};
    hop_t *hop = make(web_start(answers, 1));
    hop->from.breaks = 7;
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "~451 4.3.0 The message cannot be read");
    hop_free(hop);
    hop = make(conf.url.at);
    conf.secret = edge_span_of("key");
    hop->from.breaks = 7;
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "~451 4.3.0 The message cannot be read");
    assert_int_equal(web_count(), 0);
    hop_free(hop);
    web_stop();
}

/* The other side closes a connection that has waited, without a word. */
static void a_connection_that_was_closed(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = TAKEN, .keep = true}, {.text = NULL}, {.text = TAKEN}};
    hop_t *hop = make(web_start(answers, 3));
    hop_deliver(hop);
    hop_free(hop);
    hop = make(conf.url.at);
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "250 2.6.0 Message queued as 1");
    assert_true(web_connections() >= 2);
    hop_free(hop);
    web_stop();
}

static void cancelled(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.silent = true}};
    const char *url = web_start(answers, 1);
    for (unsigned turns = 0; turns < 4; turns++) {
        hop_t *hop = make(url);
        conf.secret = turns % 2 == 1 ? edge_span_of("key") : EDGE_NO_SPAN;
        hop->from.waits = 8;
        hop_begin(hop);
        for (unsigned i = 0; i < turns; i++) {
            edge_loop_turn(hop_worker, 1000);
        }
        assert_int_equal(hop->finished, 0);
        hop_cancel(hop);
        hop_free(hop);
    }
    http_courier_stop();
    edge_loop_turn(hop_worker, 0);
    web_stop();
    assert_int_equal(http_courier_start(), APR_SUCCESS);
}

static void without_a_courier(void **state) {
    (void)state;
    http_courier_stop();
    hop_t *hop = make("http://127.0.0.1:1/");
    hop_deliver(hop);
    assert_string_equal(hop_result(hop, 0), "~451 4.3.2 No posts are taken at present");
    hop_free(hop);
    assert_int_equal(http_courier_start(), APR_SUCCESS);
}

static int start(void **state) { return hop_start(state) != 0 || http_courier_start() != APR_SUCCESS; }
static int stop(void **state) {
    http_courier_stop();
    return hop_stop(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken),
        cmocka_unit_test(taken_apart),
        cmocka_unit_test(later),
        cmocka_unit_test(no_way_back),
        cmocka_unit_test(with_a_signature),
        cmocka_unit_test(a_message_that_cannot_be_read),
        cmocka_unit_test(a_connection_that_was_closed),
        cmocka_unit_test(cancelled),
        cmocka_unit_test(without_a_courier),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
