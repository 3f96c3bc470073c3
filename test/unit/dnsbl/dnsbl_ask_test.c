/* Tests of modules/dnsbl/dnsbl_ask.c: the sum, the reason, lists that fail and rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "../../../modules/dnsbl/dnsbl.h"
#include "../io/name_server.h"

#include "event/worker_priv.h"

#include <apr_general.h>

static const name_server_row_t zone[] = {
    {"1.2.0.192.heavy.example", EDGE_DNS_A, "127.0.0.2", 60, 0},
    {"1.2.0.192.heavy.example", EDGE_DNS_TXT, "a\nb\xc3", 60, 0},
    {"1.2.0.192.friends.example", EDGE_DNS_A, "127.0.0.2", 60, 0},
    {"2.2.0.192.heavy.example", EDGE_DNS_A, "127.255.255.252", 60, 0},
    {"3.2.0.192.heavy.example", EDGE_DNS_A, "127.0.0.1", 60, 0},
    {"4.2.0.192.heavy.example", EDGE_DNS_A, "127.0.0.2", 60, 0},
    {"9.2.0.192.heavy.example", 0, NULL, 0, NAME_SERVER_FAILS},
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.heavy.example", EDGE_DNS_A, "127.0.0.3", 60, 0},
    {NULL, 0, NULL, 0, 0},
};

static name_server_t server;
static edge_worker_t *worker;
static dnsbl_health_t health[2];
static dnsbl_conf_t conf;
static dnsbl_ask_t one;
static unsigned heard;

static void told(dnsbl_ask_t *ask) { heard++; }

static edge_ipaddr_t address_of(const char *text) {
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of(text), &address));
    return address;
}

static void add(const char *name, int weight) {
    dnsbl_list_t *list = &conf.lists[conf.count];
    list->zone = edge_span_of(name);
    list->weight = weight;
    list->ranges[0] = (dnsbl_range_t){address_of("127.0.0.2"), address_of("127.0.255.255")};
    list->range_count = 1;
    list->health = &health[conf.count++];
}

static bool refuses(const char *address) {
    one = (dnsbl_ask_t){.told = told, .conf = &conf, .worker = worker, .address = address_of(address)};
    heard = 0;
    dnsbl_ask_begin(&one);
    assert_int_equal(heard, 0);
    name_server_until(&server, worker, &heard, 1);
    return dnsbl_ask_refuses(&one);
}

static int setup(void **state) {
    memset(&conf, 0, sizeof(conf));
    memset(health, 0, sizeof(health));
    conf.threshold = 2;
    conf.wait = EDGE_SECONDS(3);
    conf.reason = true;
    name_server_open(&server, zone);
    worker = name_server_worker(&server, name_server_settings);
    return 0;
}

static int teardown(void **state) {
    dnsbl_ask_cancel(&one);
    name_server_worker_end(worker);
    name_server_close(&server);
    return 0;
}

static void test_score(void **state) {
    add("heavy.example", 2);
    assert_true(refuses("192.0.2.1"));
    assert_string_equal(one.reason, "a?b?");
    assert_int_equal(one.worst, 0);
    assert_true(refuses("2001:db8::1"));
    assert_string_equal(one.reason, "");
    assert_false(refuses("192.0.2.2"));
    assert_int_equal(one.silent, 1);
    assert_false(refuses("192.0.2.3"));
    assert_int_equal(one.silent, 0);
    add("friends.example", -1);
    assert_false(refuses("192.0.2.1"));
    assert_int_equal(one.score, 1);
    assert_true(refuses("192.0.2.4"));
}

static void test_a_list_that_fails_rests(void **state) {
    add("heavy.example", 2);
    for (unsigned i = 0; i < 5; i++) {
        assert_false(refuses("192.0.2.9"));
        assert_int_equal(one.silent, 1);
    }
    unsigned before = server.asked;
    assert_true(atomic_load(&health[0].rest_until) > 0);
    assert_false(refuses("192.0.2.1"));
    assert_int_equal(server.asked, before);
    atomic_store(&health[0].rest_until, 0);
    assert_true(refuses("192.0.2.1"));
}

static void test_cancelled(void **state) {
    add("heavy.example", 2);
    one = (dnsbl_ask_t){.told = told, .conf = &conf, .worker = worker, .address = address_of("192.0.2.1")};
    heard = 0;
    dnsbl_ask_begin(&one);
    dnsbl_ask_cancel(&one);
    for (unsigned i = 0; i < 20; i++) {
        name_server_serve(&server);
        edge_loop_turn(worker, 2000);
    }
    assert_int_equal(heard, 0);
}

int main(void) {
    apr_initialize();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_score, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_list_that_fails_rests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancelled, setup, teardown),
    };
    return cmocka_run_group_tests_name("dnsbl/dnsbl_ask", tests, NULL, NULL);
}
