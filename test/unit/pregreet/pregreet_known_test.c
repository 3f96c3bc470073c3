/* Tests of modules/pregreet/pregreet_known.c: who has waited once, for how long, and in how much memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <apr_general.h>
#include <cmocka.h>

#include "../../../modules/pregreet/pregreet.h"

static edge_ipaddr_t address(const char *text) {
    edge_ipaddr_t parsed;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &parsed));
    return parsed;
}

static int start(void **state) {
    (void)state;
    return pregreet_start() == APR_SUCCESS ? 0 : -1;
}

static int stop(void **state) {
    (void)state;
    pregreet_stop();
    return 0;
}

static void known_until_its_time(void **state) {
    (void)state;
    assert_false(pregreet_knows(address("192.0.2.1"), 1));
    pregreet_remember(address("192.0.2.1"), 100);
    assert_true(pregreet_knows(address("192.0.2.1"), 99));
    assert_false(pregreet_knows(address("192.0.2.1"), 100));
    assert_false(pregreet_knows(address("192.0.2.2"), 1));
    pregreet_remember(address("192.0.2.1"), 200);
    assert_true(pregreet_knows(address("192.0.2.1"), 150));
}

static void who_speaks_early_is_forgotten(void **state) {
    (void)state;
    pregreet_remember(address("192.0.2.1"), 100);
    pregreet_forget(address("192.0.2.1"));
    pregreet_forget(address("192.0.2.9"));
    assert_false(pregreet_knows(address("192.0.2.1"), 1));
}

static void of_ipv6_the_network_counts(void **state) {
    (void)state;
    pregreet_remember(address("2001:db8:0:1::5"), 100);
    assert_true(pregreet_knows(address("2001:db8:0:1:ffff::"), 1));
    assert_false(pregreet_knows(address("2001:db8:0:2::5"), 1));
}

/* Far more than there is room for: the last ones are known, the table does not grow, nothing is known that was not there. */
static void the_oldest_make_room(void **state) {
    unsigned known = 0;
    char text[32];
    (void)state;
    for (unsigned i = 0; i < 4 * PREGREET_SETS * PREGREET_WAYS; i++) {
        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        pregreet_remember(address(text), 1000 + i);
        assert_true(pregreet_knows(address(text), 1));
    }
    for (unsigned i = 0; i < 4 * PREGREET_SETS * PREGREET_WAYS; i++) {
        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
        known += pregreet_knows(address(text), 1);
    }
    assert_in_range(known, PREGREET_SETS, PREGREET_SETS * PREGREET_WAYS);
    assert_false(pregreet_knows(address("11.0.0.1"), 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_until_its_time, start, stop),
        cmocka_unit_test_setup_teardown(who_speaks_early_is_forgotten, start, stop),
        cmocka_unit_test_setup_teardown(of_ipv6_the_network_counts, start, stop),
        cmocka_unit_test_setup_teardown(the_oldest_make_room, start, stop),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
