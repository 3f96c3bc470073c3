/* What the checks answer: which rules count in which phase, codes, the time to wait, all or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <stdlib.h>

#include "../../../modules/rate/rate.h"
#include "core/buckets.h"
#include "edge_counter.h"
#include "edge_session.h"

static edge_listener_t listener = {.name = EDGE_SPAN("mx")};
static edge_session_t session;
static edge_check_call_t call;
static rate_conf_t conf;
static edge_reply_t reply;
static apr_pool_t *pool;

static void add_rule(rate_what_t what, rate_by_t by, uint64_t count, const char *name) {
    rate_rule_t *rule = &conf.rules[conf.count++];
    *rule = (rate_rule_t){.what = what, .by = by, .bits4 = 120, .bits6 = 64, .text = name};
    assert_true(edge_bucket_rule_make(&rule->bucket, edge_span_of(name), count, EDGE_SECONDS(86400), count));
}

static int begin(void **state) {
    (void)state;
    session = (edge_session_t){.listener = &listener};
    conf.count = 0;
    call = (edge_check_call_t){.session = &session, .conf = &conf, .pool = pool};
    if (!edge_ipaddr_parse(edge_span_of("192.0.2.1"), &session.from_ip))
        return -1;
    return edge_buckets_map(1024) == APR_SUCCESS ? 0 : -1;
}

static edge_check_answer_t ask(edge_phase_t phase) {
    call.phase = phase;
    reply = edge_reply_of(EDGE_R_BANNED);
    for (const edge_check_row_t *row = rate_module.checks; row->name; row++)
        if (row->phase == phase)
            return row->function(&call, &reply);
    fail_msg("no check in this phase");
    return EDGE_CHECK_ERROR;
}

/* The text up to the seconds to wait, and those: ten minutes may have passed since they were taken. */
static void assert_refused(edge_phase_t phase, unsigned code, unsigned detail, const char *text, unsigned seconds) {
    edge_span_t start = edge_span_of(text);
    assert_int_equal(ask(phase), EDGE_CHECK_REPLY);
    assert_int_equal(reply.code, code);
    assert_int_equal(reply.subject, 7);
    assert_int_equal(reply.detail, detail);
    assert_true(edge_span_starts_nocase(reply.text, start));
    assert_in_range(atoi(reply.text.at + start.len), seconds - 600, seconds);
}

static void each_thing_in_its_phase(void **state) {
    (void)state;
    add_rule(RATE_CONNECTIONS, RATE_ADDRESS, 1, "c");
    add_rule(RATE_MESSAGES, RATE_ADDRESS, 2, "m");
    add_rule(RATE_RECIPIENTS, RATE_ADDRESS, 1, "r");
    add_rule(RATE_BYTES, RATE_ADDRESS, 1000, "b");
    call.size = 600;
    assert_int_equal(ask(EDGE_PHASE_BANNER), EDGE_CHECK_PASS);
    assert_int_equal(ask(EDGE_PHASE_MAIL), EDGE_CHECK_PASS);
    assert_int_equal(ask(EDGE_PHASE_MAIL), EDGE_CHECK_PASS);
    assert_int_equal(ask(EDGE_PHASE_RCPT), EDGE_CHECK_PASS);
    assert_int_equal(ask(EDGE_PHASE_HAVE_DATA), EDGE_CHECK_PASS);
    assert_refused(EDGE_PHASE_BANNER, 421, 0, "Too many connections, try again in ", 86400);
    assert_refused(EDGE_PHASE_MAIL, 450, 1, "Too many messages, try again in ", 43200);
    assert_refused(EDGE_PHASE_RCPT, 450, 1, "Too many recipients, try again in ", 86400);
    assert_refused(EDGE_PHASE_HAVE_DATA, 450, 1, "Too much data, try again in ", 17280);
    call.size = 400;
    assert_int_equal(ask(EDGE_PHASE_HAVE_DATA), EDGE_CHECK_PASS);
}

static void none_is_taken_when_one_refuses(void **state) {
    (void)state;
    add_rule(RATE_MESSAGES, RATE_LISTENER, 10, "all");
    add_rule(RATE_MESSAGES, RATE_SENDER, 1, "one");
    call.argument = edge_span_of("a@client.example");
    assert_int_equal(ask(EDGE_PHASE_MAIL), EDGE_CHECK_PASS);
    for (unsigned i = 0; i < 20; i++)
        assert_refused(EDGE_PHASE_MAIL, 450, 1, "Too many messages, try again in ", 86400);
    edge_mono_t next;
    assert_int_equal(edge_bucket_left(&conf.rules[0].bucket, edge_span_of("mx"), edge_clock_mono(), &next), 9);
    call.argument = edge_span_of("");
    assert_int_equal(ask(EDGE_PHASE_MAIL), EDGE_CHECK_PASS);
    assert_int_equal(edge_bucket_left(&conf.rules[0].bucket, edge_span_of("mx"), edge_clock_mono(), &next), 8);
}

static void nobody_to_count(void **state) {
    (void)state;
    add_rule(RATE_MESSAGES, RATE_IDENTITY, 1, "identity");
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(ask(EDGE_PHASE_MAIL), EDGE_CHECK_PASS);
    assert_int_equal(ask(EDGE_PHASE_RCPT), EDGE_CHECK_PASS);
}

int main(void) {
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (edge_counter_map() != APR_SUCCESS)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_thing_in_its_phase, begin),
        cmocka_unit_test_setup(none_is_taken_when_one_refuses, begin),
        cmocka_unit_test_setup(nobody_to_count, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
