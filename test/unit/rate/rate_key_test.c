/* By what a rule counts: addresses, networks, names in either case, who is exempt; and the text of it all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "../core/lookup_fixture.h"

#include "../../../modules/rate/rate.h"
#include "edge_session.h"

static edge_listener_t listener = {.name = EDGE_SPAN("MX")};
static edge_session_t session;
static edge_check_call_t call;
static rate_rule_t rule;
static rate_key_t key;

static edge_ipaddr_t ip(const char *text) {
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &address));
    return address;
}

static int begin(void **state) {
    (void)state;
    session = (edge_session_t){.listener = &listener};
    session.from_ip = ip("192.0.2.77");
    call = (edge_check_call_t){.phase = EDGE_PHASE_RCPT, .session = &session};
    rule = (rate_rule_t){.by = RATE_ADDRESS, .bits4 = 96 + 24, .bits6 = 48};
    return 0;
}

/* What a list shows of the key. */
static const char *shown(void) {
    static apr_pool_t *pool;
    edge_bucket_seen_t seen = {.key_len = key.len < EDGE_BUCKET_KEY_KEPT ? key.len : EDGE_BUCKET_KEY_KEPT};
    memcpy(seen.key, key.octets, seen.key_len);
    if (!pool)
        apr_pool_create(&pool, NULL);
    return rate_key_text(&rule, &seen, pool);
}

static const char *key_from(const char *address) {
    session.from_ip = ip(address);
    assert_true(rate_key_of(&rule, &call, &key));
    return shown();
}

static void addresses_and_networks(void **state) {
    (void)state;
    assert_string_equal(key_from("192.0.2.77"), "192.0.2.77");
    /* A client has a whole /64 to come from. */
    assert_string_equal(key_from("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    rule.by = RATE_NETWORK;
    assert_string_equal(key_from("192.0.2.77"), "192.0.2.0/24");
    assert_string_equal(key_from("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
}

static void names(void **state) {
    char lengthy[500];
    (void)state;
    rule.by = RATE_LISTENER;
    assert_string_equal(key_from("192.0.2.77"), "mx");
    rule.by = RATE_IDENTITY;
    assert_false(rate_key_of(&rule, &call, &key));
    session.authed = (char[]){"Alice@Example.net"};
    assert_string_equal(key_from("192.0.2.77"), "alice@example.net");

    rule.by = RATE_SENDER;
    assert_false(rate_key_of(&rule, &call, &key)); /* none */
    call.sender = edge_span_of("");
    assert_false(rate_key_of(&rule, &call, &key)); /* the null sender */
    call.sender = edge_span_of("A@Client.Example");
    call.argument = edge_span_of("recipient@server.example");
    assert_string_equal(key_from("192.0.2.77"), "a@client.example");
    call.phase = EDGE_PHASE_MAIL;
    call.argument = edge_span_of("b@client.example");
    assert_string_equal(key_from("192.0.2.77"), "b@client.example");

    memset(lengthy, 'x', sizeof(lengthy));
    call.argument = edge_span(lengthy, sizeof(lengthy));
    assert_int_equal(strlen(key_from("192.0.2.77")), EDGE_BUCKET_KEY_KEPT + 3);
    assert_int_equal(key.len, RATE_KEY_MOST);
}

static void exempt_networks(void **state) {
    apr_pool_t *pool;
    (void)state;
    apr_pool_create(&pool, NULL);
    rule.exempt = lookup_of(pool, "192.0.2.0/28\n2001:db8::/32\n");
    assert_string_equal(key_from("192.0.2.16"), "192.0.2.16");
    session.from_ip = ip("192.0.2.15");
    assert_false(rate_key_of(&rule, &call, &key));
    session.from_ip = ip("2001:db8:ffff::1");
    assert_false(rate_key_of(&rule, &call, &key));
    rule.by = RATE_LISTENER; /* whatever it counts by */
    assert_false(rate_key_of(&rule, &call, &key));
    apr_pool_destroy(pool);
}

int main(void) {
    apr_initialize();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(addresses_and_networks, begin),
        cmocka_unit_test_setup(names, begin),
        cmocka_unit_test_setup(exempt_networks, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
