/* Failures: delays that grow, bans, names that are shut to strangers only, no laundering by a valid account. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "core/bans.h"
#include "core/failures.h"

#define MINUTE EDGE_SECONDS(60)
#define DAY EDGE_SECONDS(86400)

/* Each test lives in an hour of its own, far from the others, so that no count of an earlier one reaches it. */
static edge_mono_t now;

static edge_failures_rule_t rule(void) {
    return (edge_failures_rule_t){.count = 5,
                                  .period = 10 * MINUTE,
                                  .ban = 15 * MINUTE,
                                  .identity_count = 8,
                                  .identity_period = 60 * MINUTE,
                                  .delay = EDGE_SECONDS(8)};
}

static edge_ipaddr_t ip(const char *text) {
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &address));
    return address;
}

static int later(void **state) {
    (void)state;
    now += 400 * DAY;
    return 0;
}

static edge_failure_t note(const edge_failures_rule_t *by, const char *from, const char *identity) {
    return edge_failures_note(by, ip(from), edge_span_of(identity), now);
}

static bool is_blocked(const edge_failures_rule_t *by, const char *from, const char *identity) {
    return edge_failures_block(by, ip(from), edge_span_of(identity), now);
}

static void each_answer_comes_later(void **state) {
    edge_failures_rule_t by = rule();
    (void)state;
    by.count = 100;
    static const int seconds[] = {0, 1, 2, 4, 8, 8, 8};
    char name[16];
    for (unsigned i = 0; i < EDGE_COUNT(seconds); i++) {
        snprintf(name, sizeof(name), "user%u", i);
        assert_int_equal(note(&by, "192.0.2.1", name).delay, EDGE_SECONDS(seconds[i]));
    }
    assert_int_equal(note(&by, "192.0.2.2", "other").delay, 0);
    now += 10 * MINUTE;
    assert_int_equal(note(&by, "192.0.2.1", "other").delay, EDGE_SECONDS(1)); /* its second, the address's first */
    by.delay = 0;
    assert_int_equal(note(&by, "192.0.2.1", "other").delay, 0);
}

static void too_many_are_a_ban_that_ends(void **state) {
    edge_failures_rule_t by = rule();
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_false(note(&by, "192.0.2.10", "alice").banned);
    assert_false(edge_bans_hold(ip("192.0.2.10"), now));
    assert_true(note(&by, "192.0.2.10", "alice").banned);
    assert_true(edge_bans_hold(ip("192.0.2.10"), now));
    assert_false(edge_bans_hold(ip("192.0.2.11"), now));
    now += 15 * MINUTE;
    assert_false(edge_bans_hold(ip("192.0.2.10"), now));
    assert_false(note(&by, "192.0.2.10", "alice").banned); /* and it begins anew */
}

static void slow_guessing_is_none(void **state) {
    edge_failures_rule_t by = rule();
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        assert_false(note(&by, "192.0.2.20", NULL).banned);
        now += 3 * MINUTE;
    }
}

static void an_ipv6_client_is_its_64(void **state) {
    edge_failures_rule_t by = rule();
    char from[64];
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        snprintf(from, sizeof(from), "2001:db8:0:1::%x", i + 1);
        assert_int_equal(note(&by, from, "alice").banned, i == 4);
    }
    assert_true(edge_bans_hold(ip("2001:db8:0:1:ffff::"), now));
    assert_false(edge_bans_hold(ip("2001:db8:0:2::1"), now));
}

static void excepted_networks_are_not_banned(void **state) {
    edge_failures_rule_t by = rule();
    (void)state;
    assert_true(edge_ipaddr_parse_network(edge_span_of("192.0.2.32/28"), &by.except[0].address, &by.except[0].bits));
    by.except_count = 1;
    by.identity_count = 0;
    for (unsigned i = 0; i < 20; i++) {
        edge_failure_t failure = note(&by, "192.0.2.33", "alice");
        assert_false(failure.banned);
        assert_int_equal(failure.delay, 0);
    }
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(note(&by, "192.0.2.48", "alice").banned, i == 4);
}

static void off_counts_nothing(void **state) {
    edge_failures_rule_t by = rule(), off = rule();
    (void)state;
    off.count = 0;
    for (unsigned i = 0; i < 20; i++) {
        edge_failure_t failure = note(&off, "192.0.2.60", "bob");
        assert_false(failure.banned);
        assert_int_equal(failure.delay, 0);
    }
    assert_false(is_blocked(&off, "192.0.2.61", "bob"));
    assert_false(is_blocked(&by, "192.0.2.61", "bob"));
}

/* Guessed at from everywhere. */
static void besiege(const edge_failures_rule_t *by, const char *identity, unsigned times) {
    char from[32];
    for (unsigned i = 0; i < times; i++) {
        snprintf(from, sizeof(from), "198.51.100.%u", i);
        note(by, from, identity);
    }
}

static void a_name_is_shut_to_strangers_only(void **state) {
    edge_failures_rule_t by = rule();
    (void)state;
    edge_failures_success(&by, ip("203.0.113.5"), edge_span_of("Carol@Example.org"), now);
    now += 29 * DAY;
    besiege(&by, "carol@example.org", 7);
    assert_false(is_blocked(&by, "192.0.2.70", "carol@example.org"));
    besiege(&by, "CAROL@example.org", 1);
    assert_true(is_blocked(&by, "192.0.2.70", "carol@example.org"));
    assert_true(is_blocked(&by, "192.0.2.70", "Carol@EXAMPLE.org"));
    assert_false(is_blocked(&by, "203.0.113.5", "carol@example.org"));
}

static void names_that_do_not_exist_are_shut_alike(void **state) {
    edge_failures_rule_t by = rule();
    (void)state;
    besiege(&by, "no.such.user", 8);
    assert_true(is_blocked(&by, "192.0.2.71", "no.such.user"));
    assert_false(is_blocked(&by, "192.0.2.71", "another"));
    now += 60 * MINUTE;
    assert_false(is_blocked(&by, "192.0.2.71", "no.such.user"));
}

static void a_success_is_known_for_30_days(void **state) {
    edge_failures_rule_t by = rule();
    (void)state;
    edge_failures_success(&by, ip("203.0.113.6"), edge_span_of("dave"), now);
    now += 31 * DAY;
    besiege(&by, "dave", 8);
    assert_true(is_blocked(&by, "203.0.113.6", "dave"));
}

/* Who has one account and guesses at others is banned as if he had none. */
static void a_valid_account_launders_nothing(void **state) {
    edge_failures_rule_t by = rule();
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        edge_failures_success(&by, ip("192.0.2.80"), edge_span_of("mallory"), now);
        assert_int_equal(note(&by, "192.0.2.80", "alice").banned, i == 4);
    }
}

static void a_name_may_be_anything(void **state) {
    edge_failures_rule_t by = rule();
    char name[5000];
    (void)state;
    memset(name, 'x', sizeof(name));
    assert_false(edge_failures_note(&by, ip("192.0.2.90"), edge_span(name, sizeof(name)), now).banned);
    assert_false(edge_failures_note(&by, ip("192.0.2.90"), edge_span("a\0b\"\r\n", 6), now).banned);
    assert_false(edge_failures_note(&by, ip("192.0.2.90"), EDGE_NO_SPAN, now).banned);
    assert_false(edge_failures_block(&by, ip("192.0.2.90"), EDGE_NO_SPAN, now));
}

enum { THREADS = 8, ROUNDS = 500 };
static _Atomic unsigned bans;

static void *guess(void *unused) {
    edge_failures_rule_t by = rule();
    (void)unused;
    by.count = 50;
    for (unsigned i = 0; i < ROUNDS; i++) {
        bans += edge_failures_note(&by, ip("192.0.2.100"), edge_span_of("eve"), now).banned;
        edge_failures_block(&by, ip("192.0.2.100"), edge_span_of("eve"), now);
        edge_failures_success(&by, ip("192.0.2.100"), edge_span_of("eve"), now);
        edge_bans_hold(ip("192.0.2.100"), now);
    }
    return NULL;
}

/* A count may run past its bound before the ban is written: then two threads ban. Never fewer, and the ban holds. */
static void threads_guess_together(void **state) {
    pthread_t threads[THREADS];
    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, guess, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(bans >= 1);
    assert_true(edge_bans_hold(ip("192.0.2.100"), now));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_answer_comes_later, later),
        cmocka_unit_test_setup(too_many_are_a_ban_that_ends, later),
        cmocka_unit_test_setup(slow_guessing_is_none, later),
        cmocka_unit_test_setup(an_ipv6_client_is_its_64, later),
        cmocka_unit_test_setup(excepted_networks_are_not_banned, later),
        cmocka_unit_test_setup(off_counts_nothing, later),
        cmocka_unit_test_setup(a_name_is_shut_to_strangers_only, later),
        cmocka_unit_test_setup(names_that_do_not_exist_are_shut_alike, later),
        cmocka_unit_test_setup(a_success_is_known_for_30_days, later),
        cmocka_unit_test_setup(a_valid_account_launders_nothing, later),
        cmocka_unit_test_setup(a_name_may_be_anything, later),
        cmocka_unit_test_setup(threads_guess_together, later),
    };
    apr_initialize();
    if (edge_failures_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
