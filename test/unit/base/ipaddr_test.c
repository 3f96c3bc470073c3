/* Tests of server/base/ipaddr.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_ipaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static edge_ipaddr_t address(const char *text) {
    edge_ipaddr_t parsed;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &parsed));
    return parsed;
}

static void prints_as(const char *text, const char *expected) {
    char out[EDGE_IPADDR_TEXT];
    edge_ipaddr_format(address(text), out);
    assert_string_equal(out, expected);
}

static void text_and_back(void **state) {
    (void)state;
    prints_as("192.0.2.7", "192.0.2.7");
    prints_as("::ffff:192.0.2.7", "192.0.2.7");
    prints_as("2001:DB8:0:0::1", "2001:db8::1");
    prints_as("::1", "::1");
    prints_as("::", "::");
    prints_as("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void refuses_other_text(void **state) {
    static const char *const bad[] = {"",           "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ",     " 1.2.3.4",
                                      "::1%lo",     "[::1]", "1:2",       ":::",       "01.2.3.4.5.6", "localhost",
                                      "0x7f.1.1.1", "g::1"};
    edge_ipaddr_t parsed;
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(bad); i++) {
        assert_false(edge_ipaddr_parse(edge_span_of(bad[i]), &parsed));
    }
    assert_false(edge_ipaddr_parse(edge_span("1.2.3.4\0", 8), &parsed));
    assert_false(edge_ipaddr_parse(EDGE_NO_SPAN, &parsed));
}

static void kinds(void **state) {
    (void)state;
    assert_true(edge_ipaddr_is_v4(address("10.0.0.1")));
    assert_false(edge_ipaddr_is_v4(address("::10.0.0.1")));
    assert_true(edge_ipaddr_is_loopback(address("127.9.9.9")));
    assert_true(edge_ipaddr_is_loopback(address("::1")));
    assert_false(edge_ipaddr_is_loopback(address("128.0.0.1")));
    assert_false(edge_ipaddr_is_loopback(address("::")));
    static const char *const private[] = {"127.0.0.1",       "::1",         "10.9.9.9",    "172.16.0.1",
                                          "172.31.255.255",  "192.168.1.1", "169.254.1.1", "100.64.0.1",
                                          "100.127.255.255", "fd00::1",     "fe80::1"};
    static const char *const public[] = {"172.15.0.1",  "172.32.0.1", "192.167.1.1", "100.63.0.1",
                                         "100.128.0.1", "11.0.0.1",   "2001:db8::1", "fec0::1"};
    for (unsigned i = 0; i < EDGE_COUNT(private); i++)
        assert_true(edge_ipaddr_is_private(address(private[i])));
    for (unsigned i = 0; i < EDGE_COUNT(public); i++)
        assert_false(edge_ipaddr_is_private(address(public[i])));
    assert_true(edge_ipaddr_equal(address("1.2.3.4"), address("::ffff:1.2.3.4")));
}

static void networks(void **state) {
    (void)state;
    assert_true(edge_ipaddr_in_network(address("10.1.2.3"), address("10.0.0.0"), 96 + 8));
    assert_false(edge_ipaddr_in_network(address("11.1.2.3"), address("10.0.0.0"), 96 + 8));
    assert_true(edge_ipaddr_in_network(address("10.0.3.255"), address("10.0.0.0"), 96 + 22));
    assert_false(edge_ipaddr_in_network(address("10.0.4.0"), address("10.0.0.0"), 96 + 22));
    assert_true(edge_ipaddr_in_network(address("1.2.3.4"), address("1.2.3.4"), 128));
    assert_false(edge_ipaddr_in_network(address("1.2.3.5"), address("1.2.3.4"), 128));
    assert_true(edge_ipaddr_in_network(address("2001:db8::5"), address("::"), 0));
    assert_false(edge_ipaddr_in_network(address("::1"), address("::1"), 129));
}

static void text_of_networks(void **state) {
    static const char *const same[] = {"192.0.2.7",     "192.0.2.0/24", "10.0.0.0/8",
                                       "2001:db8::/32", "2001:db8::7",  "::/1"};
    static const char *const bad[] = {"",
                                      "all",
                                      "192.0.2",
                                      "192.0.2.0/",
                                      "192.0.2.0/33",
                                      "10.0.0.0/0",
                                      "2001:db8::/129",
                                      "192.0.2.0/-1",
                                      "192.0.2.0/8/8",
                                      "/8"};
    char out[EDGE_IPADDR_NETWORK_TEXT];
    edge_ipaddr_t network;
    unsigned bits;
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(same); i++) {
        assert_true(edge_ipaddr_parse_network(edge_span_of(same[i]), &network, &bits));
        edge_ipaddr_format_network(network, bits, out);
        assert_string_equal(out, same[i]);
    }
    for (unsigned i = 0; i < EDGE_COUNT(bad); i++)
        assert_false(edge_ipaddr_parse_network(edge_span_of(bad[i]), &network, &bits));
    /* A mapped network may count from the front of what is written. */
    assert_true(edge_ipaddr_parse_network(edge_span_of("::ffff:192.0.2.255/120"), &network, &bits));
    assert_int_equal(bits, 120);
    assert_true(edge_ipaddr_is_v4(network) && network.bytes[15] == 0);
    assert_true(edge_ipaddr_parse_network(edge_span_of("192.0.2.255/25"), &network, &bits));
    edge_ipaddr_format_network(network, bits, out);
    assert_string_equal(out, "192.0.2.128/25");
}

static void from_sockaddr(void **state) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(2525), .sin_addr.s_addr = htonl(0x7f000001)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(25), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    edge_ipaddr_t found;
    uint16_t port = 0;
    (void)state;
    assert_true(edge_ipaddr_from_sockaddr((struct sockaddr *)&v4, &found, &port));
    assert_true(edge_ipaddr_equal(found, address("127.0.0.1")) && port == 2525);
    assert_true(edge_ipaddr_from_sockaddr((struct sockaddr *)&v6, &found, &port));
    assert_true(edge_ipaddr_equal(found, address("::1")) && port == 25);
    assert_false(edge_ipaddr_from_sockaddr((struct sockaddr *)&local, &found, &port));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_back), cmocka_unit_test(refuses_other_text), cmocka_unit_test(kinds),
        cmocka_unit_test(networks),      cmocka_unit_test(text_of_networks),   cmocka_unit_test(from_sockaddr),
    };
    return cmocka_run_group_tests_name("base/ipaddr", tests, NULL, NULL);
}
