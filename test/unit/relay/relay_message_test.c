/* A message divided among destinations and put together again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <unistd.h>

#include <apr_general.h>

#include "../../../modules/relay/relay.h"
#include "../../../modules/relay/relay_hold.h"
#include "../../../modules/relay/relay_notice.h"

#define NOW ((apr_time_t)1000000000)
#define LATER (NOW + 1000000)

static relay_forwarder_t forwarder;
static relay_conf_t conf;
static edge_relay_t relay;
static edge_relay_provider_t provider;
static edge_queue_lease_t lease;
static bool by_domain;

static bool goes_by_domain(const void *settings) {
    (void)settings;
    return by_domain;
}

static int set_up(void **state) {
    (void)state;
    memset(&forwarder, 0, sizeof(forwarder));
    memset(&conf, 0, sizeof(conf));
    conf.bounce = true;
    provider = (edge_relay_provider_t){.by_domain = goes_by_domain};
    relay = (edge_relay_t){.provider = &provider, .server_name = EDGE_SPAN("me.example")};
    forwarder.relay = &relay;
    forwarder.conf = &conf;
    by_domain = true;
    apr_pool_create_unmanaged(&lease.pool);
    lease.envelope = apr_pcalloc(lease.pool, sizeof(*lease.envelope));
    lease.envelope->sender = edge_span_of("s@y.org");
    lease.envelope->received = NOW - 10;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    relay_destinations_free(&forwarder.destinations);
    apr_pool_destroy(lease.pool);
    return 0;
}

static edge_recipient_t *add(const char *address) {
    return edge_envelope_add(lease.envelope, lease.pool, edge_span_of(address));
}

static relay_message_t *make(unsigned most) {
    return relay_message_make(&lease, &forwarder, &forwarder.destinations, most);
}

static void drop_pools(relay_message_t *message) {
    for (relay_attempt_t *attempt = message->attempts; attempt; attempt = attempt->sibling)
        if (attempt->pool)
            apr_pool_destroy(attempt->pool);
}

static relay_attempt_t *attempt_to(relay_message_t *message, const char *destination) {
    relay_attempt_t *attempt = message->attempts;
    while (attempt && strcmp(attempt->destination->name, destination) != 0)
        attempt = attempt->sibling;
    assert_non_null(attempt);
    return attempt;
}

static edge_relay_result_t says(edge_relay_outcome_t outcome, unsigned code, const char *text) {
    edge_relay_result_t result = relay_result_own(outcome, EDGE_RELAY_MESSAGE, code, 1, 2, edge_span_of(text));
    result.remote = edge_span_of("mx.example");
    return result;
}

static void divided_by_domain(void **state) {
    (void)state;
    add("a@x.org");
    add("b@Y.org");
    add("done@x.org")->state = EDGE_RECIPIENT_DONE;
    add("c@X.ORG");
    add("\"odd@one\"@[192.0.2.1]");
    relay_message_t *message = make(100);
    assert_int_equal(message->open, 3);
    relay_attempt_t *x = attempt_to(message, "x.org"), *literal = attempt_to(message, "[192.0.2.1]");
    assert_int_equal(x->delivery.count, 2);
    assert_int_equal(x->delivery.recipients[0], 0);
    assert_int_equal(x->delivery.recipients[1], 3);
    assert_true(edge_span_equal(x->delivery.domain, edge_span_of("x.org")));
    assert_int_equal(literal->delivery.count, 1);
    assert_int_equal(attempt_to(message, "y.org")->delivery.recipients[0], 1);
    assert_non_null(x->pool); /* several at a time: each has its own */
    drop_pools(message);
}

static void divided_by_number(void **state) {
    (void)state;
    by_domain = false;
    for (unsigned i = 0; i < 5; i++)
        add("a@x.org");
    relay_message_t *message = make(2);
    assert_int_equal(message->open, 3);
    assert_null(message->attempts->delivery.domain.at);
    assert_string_equal(message->attempts->destination->name, "");
    drop_pools(message);
}

static void one_way(void **state) {
    (void)state;
    by_domain = false;
    add("a@x.org");
    relay_message_t *message = make(2);
    assert_null(message->attempts->pool);
    assert_ptr_equal(message->attempts->delivery.pool, lease.pool);
}

static void texts(void **state) {
    edge_span_t remote, words;
    edge_relay_result_t result = says(EDGE_RELAY_FAILED, 550, "no such\nuser");
    (void)state;
    edge_span_t text = relay_message_text(&result, lease.pool);
    assert_string_equal(text.at, "mx.example said: 550 5.1.2 no such user");
    relay_message_split(text, &remote, &words);
    assert_true(edge_span_equal(remote, edge_span_of("mx.example")));
    assert_true(edge_span_equal(words, edge_span_of("550 5.1.2 no such user")));
    result.remote = EDGE_NO_SPAN;
    result.reply.subject = EDGE_NO_ENHANCED;
    text = relay_message_text(&result, lease.pool);
    assert_string_equal(text.at, "550 no such user");
    relay_message_split(text, &remote, &words);
    assert_null(remote.at);
    assert_true(edge_span_equal(words, text));
}

/* One is done, one failed, one is to be tried again: the sender hears of the second. */
static void put_together(void **state) {
    (void)state;
    by_domain = false;
    add("a@x.org");
    add("b@x.org");
    add("c@x.org");
    relay_message_t *message = make(100);
    relay_attempt_t *attempt = message->attempts;
    attempt->delivery.results[0] = says(EDGE_RELAY_DONE, 250, "ok");
    attempt->delivery.results[1] = says(EDGE_RELAY_FAILED, 550, "who");
    attempt->delivery.results[2] = says(EDGE_RELAY_DEFERRED, 450, "later");
    message->tried = true;
    relay_message_take(message, attempt);
    assert_int_equal(message->open, 0);
    assert_true(relay_message_settle(message, NOW, NOW + 5, LATER));
    const edge_queue_settling_t *settling = &message->settling;
    assert_int_equal(settling->count, 3);
    assert_true(settling->next == LATER);
    assert_int_equal(settling->results[0].state, EDGE_RECIPIENT_DONE);
    assert_int_equal(settling->results[1].state, EDGE_RECIPIENT_FAILED);
    assert_int_equal(settling->results[2].state, EDGE_RECIPIENT_WAITING);
    relay_notice_t *notice = relay_message_notice(message, NOW, NOW + 5);
    assert_non_null(notice);
    assert_int_equal(notice->report.recipients[0].action, EDGE_DSN_NONE);
    assert_int_equal(notice->report.recipients[1].action, EDGE_DSN_FAILED);
    assert_false(notice->report.recipients[1].expired);
    assert_true(edge_span_equal(notice->report.recipients[1].reply, edge_span_of("550 5.1.2 who")));
    assert_int_equal(notice->report.recipients[2].action, EDGE_DSN_NONE);
    relay_message_unfail(message);
    assert_int_equal(settling->results[1].state, EDGE_RECIPIENT_WAITING);
    assert_int_equal(settling->results[0].state, EDGE_RECIPIENT_DONE);
}

static void its_time_is_over(void **state) {
    (void)state;
    by_domain = false;
    add("a@x.org")->last_reply = edge_span_of("mx.example said: 450 4.1.1 later");
    relay_message_t *message = make(100);
    message->attempts->delivery.results[0] = says(EDGE_RELAY_DEFERRED, 450, "still later");
    message->attempts->asked = true;
    relay_message_take(message, message->attempts);
    assert_false(
        relay_message_settle(message, NOW, NOW + 1, LATER)); /* refused for its host's trouble, and that stands there */
    assert_true(relay_message_settle(message, NOW, NOW, LATER));
    assert_int_equal(message->settling.results[0].state, EDGE_RECIPIENT_FAILED);
    relay_notice_t *notice = relay_message_notice(message, NOW, NOW);
    assert_true(notice->report.recipients[0].expired);
    assert_true(edge_span_equal(notice->report.recipients[0].reply, edge_span_of("450 4.1.2 still later")));
    assert_true(notice->report.recipients[0].last_attempt == NOW);
    lease.envelope->sender = edge_span_of(""); /* nobody is told about a notice */
    assert_null(relay_message_notice(message, NOW, NOW));
}

/* What waits behind others, is held, or is refused for what was known before, was not asked about, however old it is. */
static void too_old_and_never_asked(void **state) {
    (void)state;
    by_domain = false;
    add("a@x.org")->last_reply = edge_span_of("451 down");
    edge_recipient_t *failed = add("b@x.org");
    relay_message_t *message = make(1);
    relay_attempt_t *first = message->attempts->sibling, *second = message->attempts;
    assert_int_equal(first->delivery.recipients[0], 0);
    first->delivery.results[0] = second->delivery.results[0] = says(EDGE_RELAY_DEFERRED, 451, "down");
    relay_message_take(message, first);
    message->crowded = true;
    assert_false(relay_message_settle(message, NOW, NOW, LATER));
    second->asked = true;
    relay_message_take(message, second);
    assert_true(relay_message_settle(message, NOW, NOW, LATER));
    assert_int_equal(message->settling.results[0].state, EDGE_RECIPIENT_WAITING);
    assert_int_equal(message->settling.results[1].state, EDGE_RECIPIENT_FAILED);
    relay_notice_t *notice = relay_message_notice(message, NOW, NOW);
    assert_int_equal(notice->report.recipients[0].action, EDGE_DSN_NONE);
    assert_int_equal(notice->report.recipients[1].action, EDGE_DSN_FAILED);
    failed->state = EDGE_RECIPIENT_FAILED; /* from here on there is only the one that nobody asked about */
    message->asked[1] = false;
    assert_false(relay_message_settle(message, NOW, NOW, LATER));
    drop_pools(message);
}

/* What was put off has its reason written down once. */
static void put_off(void **state) {
    (void)state;
    by_domain = false;
    edge_recipient_t *recipient = add("a@x.org");
    relay_message_t *message = make(100);
    message->attempts->delivery.results[0] = says(EDGE_RELAY_DEFERRED, 451, "down");
    relay_message_take(message, message->attempts);
    assert_true(relay_message_settle(message, NOW, NOW + 5, LATER));
    recipient->last_reply = edge_span_of("451 down");
    assert_false(relay_message_settle(message, NOW, NOW + 5, LATER));
    message->tried = true;
    assert_true(relay_message_settle(message, NOW, NOW + 5, LATER));
    recipient->state = EDGE_RECIPIENT_DONE;
    message->tried = false;
    assert_true(relay_message_settle(message, NOW, NOW + 5, LATER)); /* nobody waits: it may go */
}

/* Recipients of a held domain are nobody's, and nothing is written down about them. */
static void held(void **state) {
    relay_hold_t hold = {.scope = RELAY_HOLD_DOMAIN, .value = "x.org", .reason = "", .who = ""};
    (void)state;
    assert_int_equal(relay_holds_open("/tmp/edged_relay_message_holds"), APR_SUCCESS);
    assert_int_equal(relay_holds_add(&hold), APR_SUCCESS);
    add("a@X.org");
    relay_message_t *message = make(100);
    assert_int_equal(message->open, 0);
    assert_int_equal(message->held, EDGE_QUEUE_NEVER);
    assert_false(relay_message_settle(message, NOW, NOW + 5, LATER));
    assert_false(relay_message_settle(message, NOW + 6, NOW + 5, LATER)); /* nor do they grow too old */
    add("b@z.org");
    message = make(100);
    assert_int_equal(message->open, 1);
    assert_int_equal(attempt_to(message, "z.org")->delivery.count, 1);
    relay_holds_close();
    unlink("/tmp/edged_relay_message_holds");
    drop_pools(message);
}

/* All that wait have failed, held or not, and the sender is told. */
static void given_up(void **state) {
    (void)state;
    add("a@x.org")->last_reply = edge_span_of("mx.example said: 450 4.1.1 later");
    add("b@z.org")->state = EDGE_RECIPIENT_DONE;
    relay_message_t *message = make(100);
    lease.envelope->given_up = true;
    relay_message_give_up(message);
    assert_int_equal(message->open, 0);
    assert_true(relay_message_settle(message, NOW, NOW + 5, LATER));
    assert_int_equal(message->settling.count, 1);
    assert_int_equal(message->settling.results[0].state, EDGE_RECIPIENT_FAILED);
    relay_notice_t *notice = relay_message_notice(message, NOW, NOW + 5);
    assert_int_equal(notice->report.count, 1);
    assert_int_equal(notice->report.recipients[0].action, EDGE_DSN_FAILED);
    drop_pools(message);
}

static void delays_are_told_once(void **state) {
    (void)state;
    by_domain = false;
    conf.delay_notice = 100;
    add("a@x.org");
    relay_message_t *message = make(100);
    message->attempts->delivery.results[0] = says(EDGE_RELAY_DEFERRED, 451, "down");
    message->tried = true;
    relay_message_take(message, message->attempts);
    static const struct {
        apr_time_t due, next;
        bool told;
    } cases[] = {{0, NOW + 50, false}, {NOW + 50, NOW + 91, true}, {NOW + 91, NOW + 500, false}, {0, NOW + 500, true}};
    for (unsigned i = 0; i < EDGE_COUNT(cases); i++) {
        lease.envelope->next_attempt = cases[i].due;
        assert_true(relay_message_settle(message, NOW, NOW + 1000, cases[i].next));
        relay_notice_t *notice = relay_message_notice(message, NOW, NOW + 1000);
        assert_int_equal(notice != NULL, cases[i].told);
        if (notice)
            assert_int_equal(notice->report.recipients[0].action, EDGE_DSN_DELAYED);
    }
    conf.delay_notice = 0;
    assert_null(relay_message_notice(message, NOW, NOW + 1000));
}

/* What was never asked about is tried when its time is over: until when, nobody knows. */
static void no_promise_that_is_over(void **state) {
    (void)state;
    by_domain = false;
    conf.delay_notice = 100;
    add("a@x.org");
    relay_message_t *message = make(100);
    message->attempts->delivery.results[0] = says(EDGE_RELAY_DEFERRED, 451, "down");
    relay_message_take(message, message->attempts);
    for (apr_time_t expires = NOW; expires < NOW + 2; expires++) {
        assert_true(relay_message_settle(message, NOW, expires, NOW + 500));
        relay_notice_t *notice = relay_message_notice(message, NOW, expires);
        assert_int_equal(notice->report.recipients[0].action, EDGE_DSN_DELAYED);
        assert_true(notice->report.retry_until == (expires > NOW ? expires : 0));
    }
}

static void success(void **state) {
    static edge_parameter_t parameter[] = {{EDGE_SPAN("NOTIFY"), EDGE_SPAN("SUCCESS")}};
    (void)state;
    by_domain = false;
    add("a@x.org")->parameters = (edge_parameters_t){parameter, 1};
    relay_message_t *message = make(100);
    message->attempts->delivery.results[0] = says(EDGE_RELAY_DONE, 250, "ok");
    message->tried = true;
    relay_message_take(message, message->attempts);
    assert_true(relay_message_settle(message, NOW, NOW + 5, LATER));
    assert_null(relay_message_notice(message, NOW, NOW + 5)); /* the next hop will say so */
    message->attempts->delivery.results[0].relayed_without = true;
    assert_int_equal(relay_message_notice(message, NOW, NOW + 5)->report.recipients[0].action, EDGE_DSN_RELAYED);
    provider.final = true;
    assert_int_equal(relay_message_notice(message, NOW, NOW + 5)->report.recipients[0].action, EDGE_DSN_DELIVERED);
    conf.bounce = false;
    assert_null(relay_message_notice(message, NOW, NOW + 5));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(divided_by_domain),    TEST(divided_by_number),       TEST(one_way), TEST(texts), TEST(put_together),
        TEST(its_time_is_over),     TEST(too_old_and_never_asked), TEST(put_off), TEST(held),  TEST(given_up),
        TEST(delays_are_told_once), TEST(no_promise_that_is_over), TEST(success)};
    apr_initialize();
    if (edge_counter_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests_name("relay_message", tests, NULL, NULL);
}
