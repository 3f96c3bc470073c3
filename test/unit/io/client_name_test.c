/* Tests of server/io/client_name.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_client_name.h"

#include "event/worker_priv.h"

#include "name_server.h"

#include <apr_general.h>
#include <stdio.h>

#define V6 ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"

static const name_server_row_t zone[] = {
    {"1.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "one.example", 60, 0},
    {"one.example", EDGE_DNS_A, "192.0.2.9", 60, 0},
    {"one.example", EDGE_DNS_A, "192.0.2.1", 60, 0},
    {"2.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "claimed.example", 60, 0},
    {"2.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "two.example", 60, 0},
    {"claimed.example", EDGE_DNS_A, "198.51.100.1", 60, 0},
    {"two.example", EDGE_DNS_A, "192.0.2.2", 60, 0},
    {"3.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "claimed.example", 60, 0},
    {"3.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "gone.example", 60, 0},
    {"4.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "fails.example", 60, 0},
    {"4.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "gone.example", 60, 0},
    {"5.2.0.192.in-addr.arpa", 0, NULL, 0, NAME_SERVER_FAILS},
    {"6.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "a.example", 60, 0},
    {"6.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "b.example", 60, 0},
    {"6.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "c.example", 60, 0},
    {"6.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "d.example", 60, 0},
    {"6.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "e.example", 60, 0},
    {"6.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "six.example", 60, 0},
    {"six.example", EDGE_DNS_A, "192.0.2.6", 60, 0},
    {"7.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "fails.example", 60, 0},
    {"7.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "seven.example", 60, 0},
    {"seven.example", EDGE_DNS_A, "192.0.2.7", 60, 0},
    {"8.2.0.192.in-addr.arpa", EDGE_DNS_PTR, ".", 60, 0},
    {"fails.example", 0, NULL, 0, NAME_SERVER_FAILS},
    {"1" V6, EDGE_DNS_PTR, "six-six.example", 60, 0},
    {"six-six.example", EDGE_DNS_AAAA, "2001:db8::1", 60, 0},
    {NULL, 0, NULL, 0, 0},
};

static name_server_t server;
static edge_worker_t *worker;
static unsigned heard;
static char text[400];

static void found(edge_client_name_t *asked, edge_client_name_outcome_t outcome, edge_span_t name) {
    static const char *const words[] = {"verified", "none", "unconfirmed", "failed", "limited"};
    snprintf(text, sizeof(text), "%s %.*s", words[outcome], (int)name.len, name.at ? name.at : "");
    heard++;
}

static edge_ipaddr_t address_of(const char *written) {
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of(written), &address));
    return address;
}

static const char *ask(const char *address) {
    static edge_client_name_t asked;
    heard = 0;
    asked.found = found;
    edge_client_name_ask(worker, &asked, address_of(address), NULL);
    assert_int_equal(heard, 0);
    name_server_until(&server, worker, &heard, 1);
    return text;
}

static int setup_with(edge_dns_settings_t settings) {
    heard = 0;
    name_server_open(&server, zone);
    worker = name_server_worker(&server, settings);
    return 0;
}

static int setup(void **state) { return setup_with(name_server_settings); }

static int setup_limited(void **state) {
    edge_dns_settings_t settings = name_server_settings;
    settings.per_session = 2;
    return setup_with(settings);
}

static int teardown(void **state) {
    name_server_worker_end(worker);
    name_server_close(&server);
    return 0;
}

static void test_verified(void **state) {
    assert_string_equal(ask("192.0.2.1"), "verified one.example");
    assert_string_equal(ask("192.0.2.1"), "verified one.example");
    assert_int_equal(server.asked, 2);
    assert_string_equal(ask("192.0.2.2"), "verified two.example");
    assert_string_equal(ask("2001:db8::1"), "verified six-six.example");
    /* A name that fails does not hide the one that is confirmed. */
    assert_string_equal(ask("192.0.2.7"), "verified seven.example");
}

static void test_not_verified(void **state) {
    assert_string_equal(ask("192.0.2.99"), "none ");
    assert_string_equal(ask("192.0.2.8"), "none ");
    assert_string_equal(ask("192.0.2.3"), "unconfirmed claimed.example");
    assert_string_equal(ask("192.0.2.4"), "failed ");
    assert_string_equal(ask("192.0.2.5"), "failed ");
}

static void test_five_names_at_most(void **state) {
    assert_string_equal(ask("192.0.2.6"), "unconfirmed a.example");
    assert_int_equal(server.asked, 6);
}

static void test_limited(void **state) {
    static edge_client_name_t asked = {.found = found};
    uint32_t spent = 0;
    edge_client_name_ask(worker, &asked, address_of("192.0.2.3"), &spent);
    name_server_until(&server, worker, &heard, 1);
    assert_string_equal(text, "limited ");
    assert_int_equal(spent, 2);
}

static void test_cancelled(void **state) {
    static edge_client_name_t asked = {.found = found};
    edge_client_name_ask(worker, &asked, address_of("192.0.2.1"), NULL);
    edge_client_name_cancel(&asked);
    edge_client_name_ask(worker, &asked, address_of("192.0.2.2"), NULL);
    while (!edge_dns_is_open(&asked.forward[1].question)) {
        if (server.asked < 2)
            name_server_serve(&server);
        edge_loop_turn(worker, 2000);
    }
    edge_client_name_cancel(&asked);
    assert_false(edge_dns_is_open(&asked.forward[1].question));
    for (unsigned i = 0; i < 20; i++) {
        name_server_serve(&server);
        edge_loop_turn(worker, 2000);
    }
    assert_int_equal(heard, 0);
}

int main(void) {
    apr_initialize();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_verified, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_verified, setup, teardown),
        cmocka_unit_test_setup_teardown(test_five_names_at_most, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limited, setup_limited, teardown),
        cmocka_unit_test_setup_teardown(test_cancelled, setup, teardown),
    };
    return cmocka_run_group_tests_name("client_name", tests, NULL, NULL);
}
