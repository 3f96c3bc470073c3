/* Tests of modules/headers/headers_check.c: bounds, and loops as our own Received fields show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "../../../modules/headers/headers.h"

#include "proto/trace.h"

static apr_pool_t *pool;
static headers_conf_t conf;
static bool cut;
static const edge_client_facts_t client = {.ehlo = EDGE_SPAN("client.example"),
                                           .ip = EDGE_SPAN("192.0.2.7"),
                                           .receiver = EDGE_SPAN("mx.example.net"),
                                           .protocol = EDGE_SPAN("ESMTP")};

static int setup(void **state) {
    (void)state;
    memset(&conf, 0, sizeof(conf));
    cut = false;
    return apr_pool_create(&pool, NULL);
}

static int teardown(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

/* The code of the refusal; 0: it passes. */
static unsigned judge(const char *block) {
    edge_check_call_t call = {.phase = EDGE_PHASE_HAVE_DATA,
                              .conf = &conf,
                              .client = &client,
                              .headers = edge_span_of(block),
                              .headers_cut = cut,
                              .pool = pool};
    edge_reply_t reply = edge_reply_of(EDGE_R_OK);
    edge_check_answer_t answer = headers_check(&call, &reply);
    assert_true(answer == EDGE_CHECK_PASS || answer == EDGE_CHECK_REPLY);
    return answer == EDGE_CHECK_PASS ? 0 : reply.code;
}

static void rule(headers_kind_t kind, const char *field) {
    conf.rules[conf.rule_count++] = (headers_rule_t){.kind = kind, .field = edge_span_of(field)};
}

static void fields_by_their_names(void **state) {
    (void)state;
    rule(HEADERS_REQUIRED, "From");
    rule(HEADERS_FORBIDDEN, "X-Never");
    rule(HEADERS_ONCE, "Subject");
    assert_int_equal(judge("from : a\r\nSubject: b\r\n\r\n"), 0);
    assert_int_equal(judge("Fromage: a\r\n\r\n"), 550);
    assert_int_equal(judge("\r\n"), 550);
    assert_int_equal(judge(""), 550);
    assert_int_equal(judge("From: a\r\nX-NEVER:\r\n\r\n"), 550);
    assert_int_equal(judge("From: a\r\nSubject: b\r\nsubject: c\r\n\r\n"), 550);
}

/* A field that is only spoken of inside another's fold is none. */
static void folds_are_no_fields(void **state) {
    (void)state;
    rule(HEADERS_FORBIDDEN, "X-Never");
    assert_int_equal(judge("Subject: b\r\n X-Never: 1\r\n\r\n"), 0);
}

static void bounds_are_the_last_that_pass(void **state) {
    (void)state;
    conf.count_most = 2;
    assert_int_equal(judge("A: 1\r\nB: 2\r\n\r\n"), 0);
    assert_int_equal(judge("A: 1\r\nB: 2\r\nC: 3\r\n\r\n"), 550);
    conf.count_most = 0;
    conf.line_most = 5;
    assert_int_equal(judge("A: 12\r\n 2345\r\n\r\n"), 0);
    assert_int_equal(judge("A: 12\n\n"), 0);
    assert_int_equal(judge("A: 1\r\n 23456\r\n\r\n"), 550);
    conf.line_most = 0;
    conf.size_most = 8;
    assert_int_equal(judge("A: 1\r\n\r\n"), 0);
    assert_int_equal(judge("A: 12\r\n\r\n"), 552);
    conf.size_most = 0;
    cut = true;
    assert_int_equal(judge("A: 1\r\n"), 552);
}

static const char *own_received(void) {
    edge_envelope_t envelope = {.client = client};
    char *text = apr_palloc(pool, EDGE_TRACE_MOST + 1);
    text[edge_trace_write(&envelope, 0, text, EDGE_TRACE_MOST)] = '\0';
    return text;
}

/* What this server writes is what it must find again. */
static void our_own_fields_are_known(void **state) {
    (void)state;
    conf.loop_most = 1;
    assert_int_equal(judge(apr_pstrcat(pool, own_received(), "\r\n", NULL)), 0);
    assert_int_equal(judge(apr_pstrcat(pool, own_received(), own_received(), "\r\n", NULL)), 554);
}

static unsigned loops(const char *value) {
    return judge(apr_pstrcat(pool, "Received: ", value, "\r\nReceived: ", value, "\r\n\r\n", NULL));
}

static void names_at_the_place_of_the_receiver(void **state) {
    (void)state;
    conf.loop_most = 1;
    assert_int_equal(loops("from x by mx.example.net with SMTP; now"), 554);
    assert_int_equal(loops("from x BY MX.example.net"), 554);
    assert_int_equal(loops("by mx.example.net(edged)"), 554);
    assert_int_equal(loops("from mx.example.net by other.example; now"), 0);
    assert_int_equal(loops("from x by mx.example.network; now"), 0);
    assert_int_equal(loops("from x by other.mx.example.net; now"), 0);
    assert_int_equal(loops("from nearby mx.example.net"), 0);
    conf.loop_most = 0;
    assert_int_equal(loops("from x by mx.example.net with SMTP; now"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_by_their_names, setup, teardown),
        cmocka_unit_test_setup_teardown(folds_are_no_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_are_the_last_that_pass, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_fields_are_known, setup, teardown),
        cmocka_unit_test_setup_teardown(names_at_the_place_of_the_receiver, setup, teardown),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
