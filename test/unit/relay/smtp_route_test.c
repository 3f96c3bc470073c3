/* The order in which the hosts of MX records are tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../modules/relay/relay_smtp.h"

static relay_host_t host(const char *name, uint16_t preference) {
    return (relay_host_t){edge_span_of(name), preference, 25};
}

static void by_preference(void **state) {
    (void)state;
    unsigned first_of_equals = 0;
    for (uint32_t random = 0; random < 200; random++) {
        relay_host_t hosts[] = {host("c", 30), host("a", 10), host("b2", 20), host("b1", 20)};
        unsigned count = 4;
        relay_route_order(hosts, &count, edge_span_of("me"), random * 40503u);
        assert_int_equal(count, 4);
        for (unsigned i = 1; i < count; i++)
            assert_true(hosts[i - 1].preference <= hosts[i].preference);
        first_of_equals += edge_span_equal(hosts[1].name, edge_span_of("b1"));
    }
    assert_in_range(first_of_equals, 20, 180); /* either may come first */
}

static void never_to_ourselves(void **state) {
    (void)state;
    for (uint32_t random = 0; random < 50; random++) {
        relay_host_t hosts[] = {host("far", 30), host("better", 10), host("same", 20), host("ME.example", 20)};
        unsigned count = 4;
        relay_route_order(hosts, &count, edge_span_of("me.example"), random * 2654435761u);
        assert_int_equal(count, 1);
        assert_true(edge_span_equal(hosts[0].name, edge_span_of("better")));
        relay_host_t best[] = {host("me.example", 5), host("backup", 10)};
        count = 2;
        relay_route_order(best, &count, edge_span_of("me.example"), random);
        assert_int_equal(count, 0);
    }
}

static void none(void **state) {
    unsigned count = 0;
    (void)state;
    relay_route_order(NULL, &count, edge_span_of("me"), 1);
    assert_int_equal(count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_preference), cmocka_unit_test(never_to_ourselves),
                                       cmocka_unit_test(none)};
    return cmocka_run_group_tests_name("smtp_route", tests, NULL, NULL);
}
