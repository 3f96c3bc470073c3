/* Bans: addresses, networks, ends, an operator's word against a client's, lists, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "core/bans.h"

#define NOW EDGE_SECONDS(1000)
#define HOUR EDGE_SECONDS(3600)

static edge_ipaddr_t ip(const char *text) {
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &address));
    return address;
}

static edge_ban_t ban_of(const char *network, bool manual, edge_mono_t until) {
    edge_ban_t ban = {.manual = manual, .until = until, .since = 1};
    assert_true(edge_ipaddr_parse_network(edge_span_of(network), &ban.address, &ban.bits));
    return ban;
}

static bool add(const char *network, bool manual, edge_mono_t until) {
    edge_ban_t ban = ban_of(network, manual, until);
    return edge_bans_add(&ban, NOW);
}

static unsigned lift(const char *network) {
    edge_ban_t ban = ban_of(network, false, 0);
    return edge_bans_lift(ban.address, ban.bits, NOW);
}

static bool held(const char *address, edge_mono_t when) { return edge_bans_hold(ip(address), when); }

static int clear(void **state) {
    (void)state;
    edge_bans_lift(ip("::"), 0, NOW);
    return 0;
}

static void one_address_for_a_while(void **state) {
    (void)state;
    assert_false(held("192.0.2.7", NOW));
    assert_true(add("192.0.2.7", false, NOW + HOUR));
    assert_true(held("192.0.2.7", NOW));
    assert_false(held("192.0.2.8", NOW));
    assert_false(held("2001:db8::1", NOW));
    assert_true(held("192.0.2.7", NOW + HOUR - 1));
    assert_false(held("192.0.2.7", NOW + HOUR));
    assert_int_equal(edge_bans_list(NULL, 0, NOW + HOUR), 0);
}

static void networks_hold_all_their_addresses(void **state) {
    (void)state;
    assert_true(add("198.51.100.0/24", true, NOW + HOUR));
    assert_true(add("2001:db8:1::/48", true, EDGE_BANS_FOREVER));
    assert_true(add("2001:db8:2:3::/64", false, NOW + HOUR));
    assert_true(held("198.51.100.0", NOW));
    assert_true(held("198.51.100.255", NOW));
    assert_false(held("198.51.101.0", NOW));
    assert_true(held("2001:db8:1:ffff::1", NOW + 1000 * HOUR));
    assert_false(held("2001:db8:4::1", NOW));
    assert_true(held("2001:db8:2:3:4:5:6:7", NOW));
    assert_false(held("2001:db8:2:4::1", NOW));
}

static void an_operators_ban_stays_as_it_is(void **state) {
    edge_ban_t seen;
    (void)state;
    assert_true(add("192.0.2.7", true, NOW + 10 * HOUR));
    assert_true(add("192.0.2.7", false, NOW + HOUR));
    assert_int_equal(edge_bans_list(&seen, 1, NOW), 1);
    assert_true(seen.manual);
    assert_int_equal(seen.until, NOW + 10 * HOUR);
    assert_true(add("192.0.2.7", true, NOW + 2 * HOUR));
    assert_int_equal(edge_bans_list(&seen, 1, NOW), 1);
    assert_int_equal(seen.until, NOW + 2 * HOUR);
}

static void hits_are_counted(void **state) {
    edge_ban_t seen;
    (void)state;
    assert_true(add("192.0.2.7", false, NOW + HOUR));
    for (int i = 0; i < 5; i++)
        assert_true(held("192.0.2.7", NOW));
    assert_int_equal(edge_bans_list(&seen, 1, NOW), 1);
    assert_int_equal(seen.hits, 5);
}

static void lifting_is_exact_or_all(void **state) {
    (void)state;
    assert_true(add("192.0.2.7", false, NOW + HOUR));
    assert_true(add("192.0.2.0/24", true, EDGE_BANS_FOREVER));
    assert_int_equal(lift("192.0.2.8"), 0);
    assert_int_equal(lift("192.0.2.0/25"), 0);
    assert_int_equal(lift("192.0.2.7"), 1);
    assert_true(held("192.0.2.7", NOW)); /* by the network */
    assert_int_equal(lift("192.0.2.0/24"), 1);
    assert_false(held("192.0.2.7", NOW));
    assert_true(add("192.0.2.7", false, NOW + HOUR));
    assert_true(add("2001:db8::/32", true, EDGE_BANS_FOREVER));
    assert_int_equal(edge_bans_lift(ip("::"), 0, NOW), 2);
    assert_int_equal(edge_bans_list(NULL, 0, NOW), 0);
}

/* More addresses than there is room for: no client can push out what an operator has said. */
static void a_full_list_keeps_what_operators_said(void **state) {
    edge_ipaddr_t address = ip("10.0.0.0");
    (void)state;
    assert_true(add("192.0.2.7", true, NOW + 1));
    assert_true(add("203.0.113.0/24", true, NOW + 1));
    for (uint32_t i = 0; i < 4 * EDGE_BANS_MOST; i++) {
        edge_ban_t ban = {.address = address, .bits = 128, .until = NOW + HOUR + i};
        memcpy(ban.address.bytes + 13, &i, 3);
        assert_true(edge_bans_add(&ban, NOW));
    }
    assert_true(held("192.0.2.7", NOW));
    assert_true(held("203.0.113.9", NOW));
    assert_true(edge_bans_list(NULL, 0, NOW) <= EDGE_BANS_MOST + 1);
}

/* Operators' networks have their own room; when it is used up, the next one is refused, not one of the others lifted. */
static void no_operators_ban_pushes_out_another(void **state) {
    unsigned kept = 0;
    char text[64];
    (void)state;
    for (unsigned i = 0; i < 250; i++) {
        snprintf(text, sizeof(text), "10.%u.0.0/16", i);
        if (!add(text, true, EDGE_BANS_FOREVER))
            break;
        kept++;
    }
    assert_true(kept >= 64 && kept < 250);
    for (unsigned i = 0; i < kept; i++) {
        snprintf(text, sizeof(text), "10.%u.1.2", i);
        assert_true(held(text, NOW));
    }
}

static void a_client_is_an_address_or_a_64(void **state) {
    edge_ipaddr_t four = ip("192.0.2.7"), six = ip("2001:db8:1:2:3:4:5:6");
    (void)state;
    assert_int_equal(edge_bans_clients_network(&four), 128);
    assert_true(edge_ipaddr_equal(four, ip("192.0.2.7")));
    assert_int_equal(edge_bans_clients_network(&six), 64);
    assert_true(edge_ipaddr_equal(six, ip("2001:db8:1:2::")));
}

enum { THREADS = 6, ROUNDS = 3000 };

static void *add_look_and_lift(void *number) {
    edge_ban_t ban = {.bits = 128, .until = NOW + HOUR}, list[4];
    char text[32];
    snprintf(text, sizeof(text), "10.9.8.%u", *(unsigned *)number);
    ban.address = ip(text);
    for (unsigned i = 0; i < ROUNDS; i++) {
        edge_bans_add(&ban, NOW);
        if (!edge_bans_hold(ban.address, NOW) || edge_bans_lift(ban.address, 128, NOW) != 1)
            return text[0] ? number : NULL;
        if (i % 100 == 0)
            edge_bans_list(list, EDGE_COUNT(list), NOW);
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state) {
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    void *failed;
    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, add_look_and_lift, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(edge_bans_list(NULL, 0, NOW), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_address_for_a_while, clear),
        cmocka_unit_test_setup(networks_hold_all_their_addresses, clear),
        cmocka_unit_test_setup(an_operators_ban_stays_as_it_is, clear),
        cmocka_unit_test_setup(hits_are_counted, clear),
        cmocka_unit_test_setup(lifting_is_exact_or_all, clear),
        cmocka_unit_test_setup(a_full_list_keeps_what_operators_said, clear),
        cmocka_unit_test_setup(no_operators_ban_pushes_out_another, clear),
        cmocka_unit_test(a_client_is_an_address_or_a_64),
        cmocka_unit_test_setup(threads_do_not_disturb_each_other, clear),
    };
    if (edge_bans_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
