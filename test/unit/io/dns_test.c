/* Tests of server/io/dns.c, dns_cache.c and dns_channel.c together: questions, answers, joining, limits, cancelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "event/worker_priv.h"

#include "name_server.h"

#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>

static const name_server_row_t zone[] = {
    {"mail.example", EDGE_DNS_A, "192.0.2.7", 600, 0},
    {"mail.example", EDGE_DNS_A, "192.0.2.8", 300, 0},
    {"mail.example", EDGE_DNS_AAAA, "2001:db8::7", 600, 0},
    {"mail.example", EDGE_DNS_TXT, "v=spf1 -all", 600, 0},
    {"example", EDGE_DNS_MX, "10 mail.example", 600, 0},
    {"example", EDGE_DNS_MX, "20 Backup.Example", 600, 0},
    {"null.example", EDGE_DNS_MX, "0 .", 600, 0},
    {"7.2.0.192.in-addr.arpa", EDGE_DNS_PTR, "mail.example", 600, 0},
    {"alias.example", NAME_SERVER_CNAME, "mail.example", 100, 0},
    {"round.example", NAME_SERVER_CNAME, "about.example", 100, 0},
    {"about.example", NAME_SERVER_CNAME, "round.example", 100, 0},
    {"empty.example", 0, NULL, 0, 0},
    {"short.example", 0, NULL, 0, NAME_SERVER_WITHOUT_SOA},
    {"zero.example", EDGE_DNS_A, "192.0.2.9", 0, 0},
    {"silent.example", 0, NULL, 0, NAME_SERVER_SILENT},
    {"fails.example", 0, NULL, 0, NAME_SERVER_FAILS},
    {"refuses.example", 0, NULL, 0, NAME_SERVER_REFUSES},
    {"liar.example", EDGE_DNS_A, "192.0.2.9", 60, NAME_SERVER_WRONG_ID},
    {"other.example", EDGE_DNS_A, "192.0.2.9", 60, NAME_SERVER_WRONG_QUESTION},
    {"garbage.example", 0, NULL, 0, NAME_SERVER_GARBAGE},
    {"large.example", EDGE_DNS_TXT, "by tcp", 60, NAME_SERVER_SAYS_BY_TCP},
    {"xn--bcher-kva.example", EDGE_DNS_A, "192.0.2.10", 60, 0},
    {"2001-db8.example", EDGE_DNS_AAAA, "2001:db8::9", 60, 0},
    {NULL, 0, NULL, 0, 0},
};

static name_server_t server;
static edge_worker_t *worker;

/* What a question has heard, as one line: "found 300: 192.0.2.7 192.0.2.8". */
typedef struct asker {
    edge_dns_question_t question;
    unsigned heard;
    char text[600];
    void (*then)(struct asker *asker);
} asker_t;

static unsigned heard; /* by all */

static void write_record(const edge_dns_answer_t *answer, const edge_dns_record_t *record, asker_t *asker) {
    char address[EDGE_IPADDR_TEXT];
    size_t len = strlen(asker->text);
    edge_ipaddr_format(record->address, address);
    if (answer->type == EDGE_DNS_A || answer->type == EDGE_DNS_AAAA)
        snprintf(asker->text + len, sizeof(asker->text) - len, " %s", address);
    else if (answer->type == EDGE_DNS_MX)
        snprintf(asker->text + len, sizeof(asker->text) - len, " %u=%s", record->preference, record->text.at);
    else
        snprintf(asker->text + len, sizeof(asker->text) - len, " [%s]", record->text.at);
}

static void answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    static const char *const words[] = {"found", "no name", "no data", "failed", "limited"};
    asker_t *asker = EDGE_CONTAINER(question, asker_t, question);
    assert_false(edge_dns_is_open(question));
    snprintf(asker->text, sizeof(asker->text), "%s%s%s", words[answer->outcome], *answer->trouble ? ": " : "",
             answer->trouble);
    for (unsigned i = 0; i < answer->count; i++)
        write_record(answer, &answer->records[i], asker);
    asker->heard++;
    heard++;
    if (asker->then)
        asker->then(asker);
}

static void begin(asker_t *asker, edge_dns_type_t type, const char *name) {
    asker->question.answered = answered;
    asker->text[0] = '\0';
    unsigned before = asker->heard;
    edge_dns_ask(worker, &asker->question, type, edge_span_of(name));
    assert_int_equal(asker->heard, before);
}

static const char *ask(edge_dns_type_t type, const char *name) {
    static asker_t asker;
    memset(&asker, 0, sizeof(asker));
    begin(&asker, type, name);
    name_server_until(&server, worker, &asker.heard, 1);
    return asker.text;
}

static int setup_with(edge_dns_settings_t settings) {
    heard = 0;
    name_server_open(&server, zone);
    worker = name_server_worker(&server, settings);
    return 0;
}

static int setup(void **state) { return setup_with(name_server_settings); }

static int setup_hasty(void **state) {
    edge_dns_settings_t settings = name_server_settings;
    settings.timeout = 200000;
    return setup_with(settings);
}

static int teardown(void **state) {
    name_server_worker_end(worker);
    name_server_close(&server);
    return 0;
}

static void test_records(void **state) {
    assert_string_equal(ask(EDGE_DNS_A, "mail.example"), "found 192.0.2.7 192.0.2.8");
    assert_string_equal(ask(EDGE_DNS_AAAA, "mail.example"), "found 2001:db8::7");
    assert_string_equal(ask(EDGE_DNS_TXT, "mail.example"), "found [v=spf1 -all]");
    assert_string_equal(ask(EDGE_DNS_MX, "example"), "found 10=mail.example 20=backup.example");
    assert_string_equal(ask(EDGE_DNS_MX, "null.example"), "found 0=");
    assert_string_equal(ask(EDGE_DNS_A, "alias.example"), "found 192.0.2.7 192.0.2.8");
    assert_string_equal(ask(EDGE_DNS_A, "b\xc3\xbc"
                                        "cher.example"),
                        "found 192.0.2.10");
}

static void test_names_of_an_address(void **state) {
    asker_t asker = {.question.answered = answered};
    edge_ipaddr_t address;
    assert_true(edge_ipaddr_parse(edge_span_of("192.0.2.7"), &address));
    edge_dns_ask_names(worker, &asker.question, address);
    name_server_until(&server, worker, &asker.heard, 1);
    assert_string_equal(asker.text, "found [mail.example]");
    assert_true(edge_ipaddr_parse(edge_span_of("2001:db8::1"), &address));
    edge_dns_ask_names(worker, &asker.question, address);
    name_server_until(&server, worker, &asker.heard, 2);
    assert_string_equal(asker.text, "no name");
    assert_string_equal(server.last, "PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

static void test_no(void **state) {
    assert_string_equal(ask(EDGE_DNS_A, "gone.example"), "no name");
    assert_string_equal(ask(EDGE_DNS_A, "empty.example"), "no data");
    unsigned before = server.asked;
    assert_string_equal(ask(EDGE_DNS_A, "not a name"), "no name");
    assert_string_equal(ask(EDGE_DNS_A, ""), "no name");
    assert_string_equal(ask(EDGE_DNS_A, "two..dots"), "no name");
    assert_string_equal(ask(EDGE_DNS_A, "back\\slash"), "no name");
    assert_string_equal(ask(EDGE_DNS_A, "\xff\xfe.example"), "no name");
    assert_int_equal(server.asked, before);
}

static void test_failures(void **state) {
    assert_string_equal(ask(EDGE_DNS_A, "fails.example"),
                        "failed: every name server failed, refused, or cannot be reached");
    assert_string_equal(ask(EDGE_DNS_A, "refuses.example"),
                        "failed: every name server failed, refused, or cannot be reached");
    assert_string_equal(ask(EDGE_DNS_A, "round.example"), "failed: a loop of CNAMEs, or too many");
    assert_string_equal(ask(EDGE_DNS_A, "garbage.example"), "failed: the answer is malformed");
}

static void test_silence_and_lies(void **state) {
    assert_string_equal(ask(EDGE_DNS_A, "silent.example"), "failed: no answer in time");
    assert_string_equal(ask(EDGE_DNS_A, "liar.example"), "failed: no answer in time");
    assert_string_equal(ask(EDGE_DNS_A, "other.example"), "failed: no answer in time");
    /* Each was asked twice: DnsTries. */
    assert_int_equal(server.asked, 6);
}

static void test_large_answers_come_by_tcp(void **state) {
    assert_string_equal(ask(EDGE_DNS_TXT, "large.example"), "found [by tcp]");
    assert_int_equal(server.asked_by_tcp, 1);
}

static void test_kept(void **state) {
    ask(EDGE_DNS_A, "mail.example");
    assert_string_equal(ask(EDGE_DNS_A, "Mail.EXAMPLE."), "found 192.0.2.7 192.0.2.8");
    ask(EDGE_DNS_A, "gone.example");
    ask(EDGE_DNS_A, "gone.example");
    assert_int_equal(server.asked, 2);
    /* Not kept: without a SOA, with a TTL of 0, and what failed. */
    ask(EDGE_DNS_A, "short.example");
    ask(EDGE_DNS_A, "short.example");
    ask(EDGE_DNS_A, "zero.example");
    ask(EDGE_DNS_A, "zero.example");
    assert_int_equal(server.asked, 6);
    ask(EDGE_DNS_A, "garbage.example");
    ask(EDGE_DNS_A, "garbage.example");
    assert_int_equal(server.asked, 8);
}

static void test_kept_none(void **state) {
    ask(EDGE_DNS_A, "mail.example");
    ask(EDGE_DNS_A, "mail.example");
    assert_int_equal(server.asked, 2);
}

static int setup_without_cache(void **state) {
    edge_dns_settings_t settings = name_server_settings;
    settings.cached = 0;
    return setup_with(settings);
}

static void test_asked_once_for_many(void **state) {
    asker_t askers[20];
    memset(askers, 0, sizeof(askers));
    for (unsigned i = 0; i < 20; i++)
        begin(&askers[i], EDGE_DNS_A, "mail.example");
    edge_dns_cancel(&askers[7].question);
    edge_dns_cancel(&askers[7].question);
    name_server_until(&server, worker, &heard, 19);
    assert_int_equal(server.asked, 1);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(askers[i].heard, i == 7 ? 0 : 1);
}

static void test_cancelled_alone(void **state) {
    asker_t *asker = calloc(1, sizeof(*asker));
    begin(asker, EDGE_DNS_A, "mail.example");
    edge_dns_cancel(&asker->question);
    free(asker);
    /* The answer comes all the same, and is kept. */
    for (unsigned i = 0; i < 200 && server.asked == 0; i++) {
        name_server_serve(&server);
        edge_loop_turn(worker, 2000);
    }
    assert_int_equal(heard, 0);
    ask(EDGE_DNS_A, "mail.example");
    assert_int_equal(server.asked, 1);
}

static void test_cancelled_when_ready(void **state) {
    asker_t asker;
    memset(&asker, 0, sizeof(asker));
    ask(EDGE_DNS_A, "mail.example");
    begin(&asker, EDGE_DNS_A, "mail.example");
    edge_dns_cancel(&asker.question);
    edge_loop_turn(worker, 0);
    edge_loop_turn(worker, 0);
    assert_int_equal(asker.heard, 0);
}

static asker_t second;

static void cancel_second(asker_t *asker) { edge_dns_cancel(&second.question); }

static void test_one_cancels_the_next(void **state) {
    asker_t first;
    memset(&first, 0, sizeof(first));
    memset(&second, 0, sizeof(second));
    first.then = cancel_second;
    begin(&first, EDGE_DNS_A, "mail.example");
    begin(&second, EDGE_DNS_A, "mail.example");
    name_server_until(&server, worker, &first.heard, 1);
    edge_loop_turn(worker, 0);
    assert_int_equal(second.heard, 0);
}

static void ask_again(asker_t *asker) {
    if (asker->heard < 5)
        begin(asker, EDGE_DNS_A, "mail.example");
}

static void test_asks_again_from_inside(void **state) {
    asker_t asker;
    memset(&asker, 0, sizeof(asker));
    asker.then = ask_again;
    begin(&asker, EDGE_DNS_A, "mail.example");
    name_server_until(&server, worker, &asker.heard, 5);
    assert_int_equal(server.asked, 1);
}

static int setup_limited(void **state) {
    edge_dns_settings_t settings = name_server_settings;
    settings.in_flight = 3;
    settings.per_session = 2;
    settings.timeout = 200000;
    return setup_with(settings);
}

static void test_in_flight(void **state) {
    static const char *const names[] = {"a.example", "silent.example", "c.example", "d.example"};
    asker_t askers[4];
    memset(askers, 0, sizeof(askers));
    for (unsigned i = 0; i < 4; i++)
        begin(&askers[i], EDGE_DNS_A, names[i]);
    name_server_until(&server, worker, &heard, 4);
    assert_string_equal(askers[3].text, "limited: too many questions are on their way (DnsInFlight)");
    assert_string_equal(askers[0].text, "no name");
    assert_string_equal(ask(EDGE_DNS_A, "d.example"), "no name");
}

static void test_per_session(void **state) {
    static const char *const names[] = {"mail.example", "mail.example", "empty.example", "gone.example",
                                        "mail.example"};
    uint32_t spent = 0;
    asker_t asker;
    memset(&asker, 0, sizeof(asker));
    asker.question.spent = &spent;
    for (unsigned i = 0; i < 5; i++) {
        begin(&asker, EDGE_DNS_A, names[i]);
        name_server_until(&server, worker, &asker.heard, i + 1);
        assert_int_equal(spent, i < 2 ? 1 : 2);
        if (i == 3)
            assert_string_equal(asker.text, "limited: this session has asked its share (DnsPerSession)");
        else
            assert_null(strstr(asker.text, "limited"));
    }
}

static void test_nobody_is_called_when_the_worker_stops(void **state) {
    static asker_t waits, ready;
    memset(&waits, 0, sizeof(waits));
    memset(&ready, 0, sizeof(ready));
    ask(EDGE_DNS_A, "mail.example");
    begin(&waits, EDGE_DNS_A, "silent.example");
    begin(&ready, EDGE_DNS_A, "mail.example");
    edge_dns_worker_stop(worker);
    assert_false(edge_dns_is_open(&waits.question));
    assert_false(edge_dns_is_open(&ready.question));
    edge_loop_turn(worker, 0);
    assert_int_equal(waits.heard + ready.heard, 0);
}

int main(void) {
    apr_initialize();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_of_an_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silence_and_lies, setup_hasty, teardown),
        cmocka_unit_test_setup_teardown(test_large_answers_come_by_tcp, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept_none, setup_without_cache, teardown),
        cmocka_unit_test_setup_teardown(test_asked_once_for_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancelled_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancelled_when_ready, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_cancels_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(test_asks_again_from_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_flight, setup_limited, teardown),
        cmocka_unit_test_setup_teardown(test_per_session, setup_limited, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_is_called_when_the_worker_stops, setup, teardown),
    };
    return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
