/* Tests of server/proto/dns_name.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "proto/dns_name.h"

#include <stdio.h>

static const char *plain(const char *text) {
    static edge_dns_name_t name;
    return edge_dns_name_read(edge_span_of(text), &name) ? name.text : NULL;
}

static void test_plain_form(void **state) {
    assert_string_equal(plain("Mail.EXAMPLE."), "mail.example");
    assert_string_equal(plain("_dmarc.x-1.example"), "_dmarc.x-1.example");
    assert_null(plain(""));
    assert_null(plain("."));
    assert_null(plain(".example"));
    assert_null(plain("a..b"));
    assert_null(plain("a b"));
    assert_null(plain("a\\b"));
    assert_null(plain("b\xc3\xbc"));
    assert_null(plain("a\x7f"));
}

static void test_lengths(void **state) {
    char text[300];
    memset(text, 'a', sizeof(text));
    text[63] = '\0';
    assert_non_null(plain(text));
    text[63] = 'a';
    text[64] = '\0';
    assert_null(plain(text));
    memset(text, 'a', sizeof(text));
    for (unsigned i = 50; i < sizeof(text); i += 50)
        text[i] = '.';
    text[253] = '\0';
    assert_non_null(plain(text));
    text[253] = '.';
    text[254] = '\0';
    assert_non_null(plain(text));
    text[253] = 'a';
    assert_null(plain(text));
}

static edge_ipaddr_t address_of(const char *text) {
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &address));
    return address;
}

static void test_addresses(void **state) {
    edge_dns_name_t name;
    edge_dns_name_reverse(address_of("192.0.2.107"), &name);
    assert_string_equal(name.text, "107.2.0.192.in-addr.arpa");
    assert_int_equal(name.len, strlen(name.text));
    edge_dns_name_reverse(address_of("2001:db8::567:89ab"), &name);
    assert_string_equal(name.text, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    assert_true(edge_dns_name_of_address(address_of("255.1.0.99"), edge_span_of("zen.example"), &name));
    assert_string_equal(name.text, "99.0.1.255.zen.example");
    assert_true(edge_dns_name_of_address(address_of("255.1.0.99"), edge_span_of(""), &name));
    assert_string_equal(name.text, "99.0.1.255");
}

static void test_zone_too_long(void **state) {
    char zone[260];
    edge_dns_name_t name;
    memset(zone, 'z', sizeof(zone));
    /* 64 of the nibbles and their dots, and 189 of the zone. */
    assert_true(edge_dns_name_of_address(address_of("2001:db8::1"), edge_span(zone, 189), &name));
    assert_int_equal(name.len, 253);
    assert_false(edge_dns_name_of_address(address_of("2001:db8::1"), edge_span(zone, 190), &name));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_form),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_zone_too_long),
    };
    return cmocka_run_group_tests_name("dns_name", tests, NULL, NULL);
}
