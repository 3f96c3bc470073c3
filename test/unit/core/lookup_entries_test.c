/* Tests of server/core/lookup_entries.c: texts and networks with their values; the longest network; IPv4 apart from IPv6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/lookup_entries.h"

static edge_lookup_entries_t entries;
static edge_span_t value;

static int setup(void **state) {
    (void)state;
    entries = (edge_lookup_entries_t){.key = {{1, 2}}};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    edge_lookup_entries_free(&entries);
    return 0;
}

static bool add(const char *text, const char *said) {
    return edge_lookup_entries_add_text(&entries, edge_span_of(text), edge_span_of(said));
}

static bool has(const char *text) { return edge_lookup_entries_find_text(&entries, edge_span_of(text), &value); }

static bool add_network(const char *text, const char *said) {
    edge_ipaddr_t first;
    unsigned bits;
    assert_true(edge_ipaddr_parse_network(edge_span_of(text), &first, &bits));
    return edge_lookup_entries_add_network(&entries, first, bits, edge_span_of(said));
}

static bool has_address(const char *text) {
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &address));
    return edge_lookup_entries_find_address(&entries, address, &value);
}

static bool said(const char *text) { return edge_span_equal(value, edge_span_of(text)); }

static void texts(void **state) {
    (void)state;
    assert_false(has("a"));
    assert_true(add("a", "one") && add("b", NULL) && add("c", "") && add("a", "two"));
    assert_true(has("a") && said("one")); /* the first */
    assert_true(has("b"));
    assert_null(value.at);
    assert_true(has("c") && value.at && value.len == 0);
    assert_false(has("d") || has("") || has("aa"));
    assert_int_equal(entries.text_count, 3);
}

static void many_texts(void **state) {
    char text[32];
    (void)state;
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(text, sizeof(text), "d%u.example", i);
        assert_true(add(text, i % 3 ? NULL : text));
    }
    edge_lookup_entries_settle(&entries);
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(text, sizeof(text), "d%u.example", i);
        assert_true(has(text) && (i % 3 || said(text)));
    }
    assert_false(has("d50000.example"));
    assert_int_equal(entries.text_room, 50000);
}

static void the_longest_network(void **state) {
    (void)state;
    assert_false(has_address("192.0.2.1"));
    assert_true(add_network("192.0.0.0/16", "wide") && add_network("192.0.2.0/24", "near") &&
                add_network("192.0.2.7", "one") && add_network("192.0.2.0/24", "again"));
    assert_true(has_address("192.0.2.7") && said("one"));
    assert_true(has_address("192.0.2.8") && said("near"));
    assert_true(has_address("192.0.3.8") && said("wide"));
    assert_false(has_address("192.1.0.0"));
    assert_true(has_address("::ffff:192.0.2.7") && said("one"));
    assert_int_equal(entries.network_count, 3);
}

static void families_are_apart(void **state) {
    (void)state;
    assert_true(add_network("8000::/1", "upper") && add_network("2001:db8::/32", "six") && add_network("::/8", "low"));
    assert_true(has_address("2001:db8::1") && said("six"));
    assert_true(has_address("fe80::1") && said("upper"));
    assert_true(has_address("::1") && said("low"));
    assert_false(has_address("192.0.2.1") || has_address("2001:db9::1"));
    assert_true(add_network("::ffff:192.0.2.0/120", "mapped"));
    assert_true(has_address("192.0.2.255") && said("mapped"));
    assert_false(has_address("192.0.3.0"));
}

static void all_lengths(void **state) {
    char text[64];
    (void)state;
    for (unsigned bits = 1; bits <= 128; bits++) {
        snprintf(text, sizeof(text), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/%u", bits);
        assert_true(add_network(text, text));
    }
    for (unsigned bits = 1; bits <= 32; bits++) {
        snprintf(text, sizeof(text), "255.255.255.255/%u", bits);
        assert_true(add_network(text, text));
    }
    assert_int_equal(entries.lengths4.count, 32);
    assert_int_equal(entries.lengths6.count, 128);
    assert_true(has_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") &&
                said("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"));
    assert_true(has_address("8000::") && said("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/1"));
    assert_true(has_address("255.255.0.0") && said("255.255.255.255/16"));
    assert_false(has_address("7fff::") || has_address("127.0.0.1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts, setup, teardown),
        cmocka_unit_test_setup_teardown(many_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(the_longest_network, setup, teardown),
        cmocka_unit_test_setup_teardown(families_are_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(all_lengths, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
