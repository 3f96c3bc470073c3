/* The thread that posts: URLs, answers kept within their bounds, errands that end while it stops. */
#include "web_fixture.h"

#include <apr_strings.h>

typedef struct sending {
    http_post_t post;
    http_conf_t conf;
    const char *headers[4];
    const char *body;
    char block[HTTP_BLOCK_SIZE];
    unsigned wants, ends;
    bool hungry; /* it is never fed */
} sending_t;

static sending_t sending;

static void wanted(http_post_t *post) {
    sending.wants++;
    if (sending.hungry) {
        return;
    }
    post->len = strlen(sending.body);
    post->at = 0;
    memcpy(post->block, sending.body, post->len);
    post->over = post->len == 0;
    sending.body = "";
    http_courier_feed(post);
}

static void ended(http_post_t *post) {
    (void)post;
    sending.ends++;
}

static void make(const char *url, const char *body) {
    memset(&sending, 0, sizeof sending);
    sending.conf.url = edge_span_of(url);
    sending.conf.timeout = EDGE_SECONDS(60);
    sending.headers[0] = "X-Test: yes";
    sending.body = body;
    sending.post = (http_post_t){.worker = hop_worker,
                                 .wanted = wanted,
                                 .ended = ended,
                                 .conf = &sending.conf,
                                 .headers = sending.headers,
                                 .size = strlen(body),
                                 .block = sending.block};
}

static void until_ended(void) {
    while (sending.ends == 0) {
        edge_loop_turn(hop_worker, -1);
    }
    assert_int_equal(sending.ends, 1);
}

static void send_it(void) {
    assert_true(http_courier_begin(&sending.post));
    until_ended();
}

static void urls(void **state) {
    (void)state;
    apr_pool_t *pool = edge_worker_take_pool(hop_worker);
    const char *remote = NULL;
    assert_null(http_courier_url(edge_span_of("https://app.example/in?x=1"), pool, &remote));
    assert_string_equal(remote, "app.example:443");
    assert_null(http_courier_url(edge_span_of("http://[::1]:8080/"), pool, &remote));
    assert_string_equal(remote, "[::1]:8080");
    assert_non_null(strstr(http_courier_url(edge_span_of("file:///etc/passwd"), pool, &remote), "only http"));
    assert_non_null(http_courier_url(edge_span_of("app.example/in"), pool, &remote));
    assert_non_null(http_courier_url(edge_span_of(""), pool, &remote));
    assert_non_null(http_courier_url(edge_span_of("http://a b/"), pool, &remote));
    edge_worker_give_pool(hop_worker, pool);
}

static void an_answer(void **state) {
    (void)state;
    static const web_answer_t answers[] = {
        {.text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Not you\r\nx-smtp-reply:  550 5.7.1 \r\nContent-Length: "
                 "4\r\n\r\nSorr"}};
    make(web_start(answers, 1), "the body");
    send_it();
    assert_int_equal(sending.post.status, 400);
    assert_string_equal(sending.post.reason, "Not you");
    assert_string_equal(sending.post.smtp_reply, "550 5.7.1");
    assert_memory_equal(sending.post.content, "Sorr", 4);
    assert_non_null(strstr(web_request(0), "POST /in HTTP/1.1\r\n"));
    assert_non_null(strstr(web_request(0), "\r\nX-Test: yes\r\n"));
    assert_non_null(strstr(web_request(0), "\r\nContent-Length: 8\r\n"));
    assert_non_null(strstr(web_request(0), "\r\n\r\nthe body"));
    assert_null(strstr(web_request(0), "Expect"));
    web_stop();
}

static void without_length(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = "HTTP/1.1 204\r\n\r\n"}};
    make(web_start(answers, 1), "the body");
    sending.post.size = EDGE_SOURCE_SIZE_UNKNOWN;
    send_it();
    assert_int_equal(sending.post.status, 204);
    assert_string_equal(sending.post.reason, "");
    assert_non_null(strstr(web_request(0), "Transfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(web_request(0), "\r\n\r\n8\r\nthe body\r\n0\r\n\r\n"));
    web_stop();
}

/* Content without end is cut; what was kept of it has its bound. */
static void an_endless_answer(void **state) {
    (void)state;
    static char text[200100] = "HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n";
    static const web_answer_t answers[] = {{.text = text, .keep = true}};
    size_t head = strlen(text);
    memset(text + head, 'x', sizeof text - head - 1);
    make(web_start(answers, 1), "the body");
    send_it();
    assert_int_equal(sending.post.status, 200);
    assert_int_equal(sending.post.content_len, HTTP_CONTENT_KEPT);
    web_stop();
}

static void no_answer(void **state) {
    (void)state;
    static const web_answer_t closes[] = {{.text = NULL}}, garbage[] = {{.text = "220 mx.example ESMTP\r\n"}};
    make(web_start(closes, 1), "the body");
    sending.post.fresh = true;
    send_it();
    assert_int_equal(sending.post.status, 0);
    assert_int_equal(sending.post.trouble.outcome, EDGE_RELAY_DEFERRED);
    assert_int_equal(sending.post.trouble.blame, EDGE_RELAY_HOST);
    assert_true(sending.post.why[0] != '\0');
    web_stop();
    make(web_start(garbage, 1), "the body");
    send_it();
    assert_int_equal(sending.post.status, 0);
    web_stop();
}

static void nobody_there(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = NULL}};
    char url[100];
    apr_cpystrn(url, web_start(answers, 1), sizeof url);
    web_stop();
    make(url, "the body");
    send_it();
    assert_int_equal(sending.post.status, 0);
    assert_int_equal(sending.post.trouble.reply.subject, 4);
    assert_int_equal(sending.post.trouble.reply.detail, 1);
}

static void too_slow(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.silent = true}};
    make(web_start(answers, 1), "the body");
    sending.conf.timeout = EDGE_MS(200);
    send_it();
    assert_int_equal(sending.post.status, 0);
    assert_int_equal(sending.post.trouble.reply.detail, 2);
    web_stop();
}

/* Refused before it has heard all: the refusal counts. */
static void an_early_refusal(void **state) {
    (void)state;
    static const web_answer_t answers[] = {
        {.text = "HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n", .early = true}};
    make(web_start(answers, 1), "the body");
    sending.hungry = true;
    sending.post.size = 1000;
    send_it();
    assert_int_equal(sending.post.status, 413);
    assert_false(sending.post.sent);
    web_stop();
}

static void a_body_that_breaks_off(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.text = "HTTP/1.1 200 OK\r\n\r\n"}};
    make(web_start(answers, 1), "the body");
    sending.post.broken = true;
    send_it();
    assert_int_equal(sending.post.status, 0);
    assert_int_equal(sending.post.trouble.blame, EDGE_RELAY_MESSAGE);
    assert_string_equal(sending.post.why, "The message cannot be read");
    web_stop();
}

static void cancelled_and_stopped(void **state) {
    (void)state;
    static const web_answer_t answers[] = {{.silent = true}};
    make(web_start(answers, 1), "the body");
    assert_true(http_courier_begin(&sending.post));
    http_courier_cancel(&sending.post);
    until_ended();
    make(sending.conf.url.at, "the body");
    sending.hungry = true;
    assert_true(http_courier_begin(&sending.post));
    while (sending.wants == 0) {
        edge_loop_turn(hop_worker, -1);
    }
    http_courier_stop();
    until_ended();
    assert_string_equal(sending.post.why, "This server stops");
    assert_false(http_courier_begin(&sending.post));
    http_courier_feed(&sending.post);
    web_stop();
    assert_int_equal(http_courier_start(), APR_SUCCESS);
}

static int start(void **state) { return hop_start(state) != 0 || http_courier_start() != APR_SUCCESS; }
static int stop(void **state) {
    http_courier_stop();
    return hop_stop(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(an_answer),
        cmocka_unit_test(without_length),
        cmocka_unit_test(an_endless_answer),
        cmocka_unit_test(no_answer),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(too_slow),
        cmocka_unit_test(an_early_refusal),
        cmocka_unit_test(a_body_that_breaks_off),
        cmocka_unit_test(cancelled_and_stopped),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
