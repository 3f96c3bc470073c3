/* Tests of modules/dns/dns_sender.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "../../../modules/dns/dns_sender.h"
#include "../io/name_server.h"

#include "event/worker_priv.h"

#include <apr_general.h>

static const name_server_row_t zone[] = {
    {"mx.example", EDGE_DNS_MX, "10 mail.example", 60, 0},
    {"four.example", EDGE_DNS_A, "192.0.2.1", 60, 0},
    {"six.example", EDGE_DNS_AAAA, "2001:db8::1", 60, 0},
    {"null.example", EDGE_DNS_MX, "0 .", 60, 0},
    {"both.example", EDGE_DNS_MX, "0 .", 60, 0},
    {"both.example", EDGE_DNS_MX, "5 mail.example", 60, 0},
    {"empty.example", 0, NULL, 0, 0},
    {"fails.example", 0, NULL, 0, NAME_SERVER_FAILS},
    {NULL, 0, NULL, 0, 0},
};

static name_server_t server;
static edge_worker_t *worker;
static unsigned heard;
static dns_sender_verdict_t last;

static void told(dns_sender_t *sender, dns_sender_verdict_t verdict) {
    last = verdict;
    heard++;
}

static dns_sender_verdict_t ask_with(const char *domain, uint32_t *spent) {
    static dns_sender_t sender = {.told = told};
    heard = 0;
    dns_sender_ask(worker, &sender, edge_span_of(domain), spent);
    assert_int_equal(heard, 0);
    name_server_until(&server, worker, &heard, 1);
    return last;
}

static dns_sender_verdict_t ask(const char *domain) { return ask_with(domain, NULL); }

static int setup(void **state) {
    edge_dns_settings_t settings = name_server_settings;
    settings.per_session = 2;
    name_server_open(&server, zone);
    worker = name_server_worker(&server, settings);
    return 0;
}

static int teardown(void **state) {
    name_server_worker_end(worker);
    name_server_close(&server);
    return 0;
}

static void test_verdicts(void **state) {
    assert_int_equal(ask("mx.example"), DNS_SENDER_RESOLVES);
    assert_int_equal(ask("four.example"), DNS_SENDER_RESOLVES);
    assert_int_equal(ask("six.example"), DNS_SENDER_RESOLVES);
    assert_int_equal(ask("both.example"), DNS_SENDER_RESOLVES);
    assert_int_equal(ask("null.example"), DNS_SENDER_NULL_MX);
    assert_int_equal(ask("gone.example"), DNS_SENDER_NO_DOMAIN);
    assert_int_equal(ask("empty.example"), DNS_SENDER_NO_RECORDS);
    assert_int_equal(ask("fails.example"), DNS_SENDER_UNKNOWN);
}

/* MX and A may be asked, AAAA not: nobody knows. */
static void test_limited(void **state) {
    uint32_t spent = 0;
    assert_int_equal(ask_with("empty.example", &spent), DNS_SENDER_UNKNOWN);
    assert_int_equal(spent, 2);
}

static void test_cancelled(void **state) {
    static dns_sender_t sender = {.told = told};
    heard = 0;
    dns_sender_ask(worker, &sender, edge_span_of("four.example"), NULL);
    while (!edge_dns_is_open(&sender.address4)) {
        if (server.asked == 0)
            name_server_serve(&server);
        edge_loop_turn(worker, 2000);
    }
    dns_sender_cancel(&sender);
    for (unsigned i = 0; i < 20; i++) {
        name_server_serve(&server);
        edge_loop_turn(worker, 2000);
    }
    assert_int_equal(heard, 0);
}

int main(void) {
    apr_initialize();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancelled, setup, teardown),
    };
    return cmocka_run_group_tests_name("dns/dns_sender", tests, NULL, NULL);
}
