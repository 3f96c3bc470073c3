/* Tests of server/proto/dns_message.c: messages octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "proto/dns_message.h"

#include <stdio.h>

/* "mx.example" stands at 12 of each message: \x02mx\x07example\0. */
#define NAME     \
    "\x02mx\x07" \
    "example\0"
#define QUESTION(type) NAME "\0" type "\0\1"
#define HEADER(rcode, answers, authorities) "\x12\x34\x81" rcode "\0\1\0" answers "\0" authorities "\0\0"
#define OWNER "\xc0\x0c" /* mx.example */
#define FRONT(type, ttl, size) OWNER "\0" type "\0\1\0\0\0" ttl "\0" size

static edge_dns_reading_t reading;

#define READ(type, octets) read_octets(type, octets, sizeof(octets) - 1)

static edge_dns_outcome_t read_octets(edge_dns_type_t type, const char *octets, size_t len) {
    edge_dns_name_t name;
    assert_true(edge_dns_name_read(edge_span_of("mx.example"), &name));
    edge_dns_message_read(edge_span(octets, len), type, &name, &reading);
    return reading.outcome;
}

static void test_addresses(void **state) {
    char text[EDGE_IPADDR_TEXT];
    assert_int_equal(READ(EDGE_DNS_A, HEADER("\x80", "\2", "\0") QUESTION("\1") FRONT(
                                          "\1", "\x78", "\4") "\xc0\0\2\1" FRONT("\1", "\x3c", "\4") "\xc0\0\2\2"),
                     EDGE_DNS_FOUND);
    assert_int_equal(reading.count, 2);
    assert_int_equal(reading.ttl, 60);
    edge_ipaddr_format(reading.records[1].address, text);
    assert_string_equal(text, "192.0.2.2");
    assert_int_equal(READ(EDGE_DNS_AAAA, HEADER("\x80", "\1", "\0") QUESTION("\x1c")
                                             FRONT("\x1c", "\x78", "\x10") "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"),
                     EDGE_DNS_FOUND);
    edge_ipaddr_format(reading.records[0].address, text);
    assert_string_equal(text, "2001:db8::1");
}

static void test_names(void **state) {
    assert_int_equal(READ(EDGE_DNS_MX,
                          HEADER("\x80", "\2", "\0") QUESTION("\x0f")
                              FRONT("\x0f", "\x78", "\6") "\0\5\1A\xc0\x0f" FRONT("\x0f", "\x78", "\3") "\1\0\0"),
                     EDGE_DNS_FOUND);
    assert_int_equal(reading.count, 2);
    assert_int_equal(reading.records[0].preference, 5);
    assert_string_equal(reading.records[0].text.at, "a.example");
    assert_int_equal(reading.records[1].preference, 256);
    assert_non_null(reading.records[1].text.at);
    assert_int_equal(reading.records[1].text.len, 0);
}

static void test_a_name_no_host_has_is_left_out(void **state) {
    assert_int_equal(READ(EDGE_DNS_PTR, HEADER("\x80", "\2", "\0") QUESTION("\x0c") FRONT(
                                            "\x0c", "\x78", "\5") "\3a\nb\0" FRONT("\x0c", "\x78", "\4") "\2ok\0"),
                     EDGE_DNS_FOUND);
    assert_int_equal(reading.count, 1);
    assert_string_equal(reading.records[0].text.at, "ok");
    /* A dot inside a label would make another name of it. */
    assert_int_equal(
        READ(EDGE_DNS_PTR, HEADER("\x80", "\1", "\0") QUESTION("\x0c") FRONT("\x0c", "\x78", "\5") "\3a.b\0"),
        EDGE_DNS_NO_DATA);
}

static void test_texts(void **state) {
    assert_int_equal(READ(EDGE_DNS_TXT, HEADER("\x80", "\2", "\0") QUESTION("\x10")
                                            FRONT("\x10", "\x78", "\6") "\2ab\2\0d" FRONT("\x10", "\x78", "\1") "\0"),
                     EDGE_DNS_FOUND);
    assert_int_equal(reading.count, 2);
    assert_int_equal(reading.records[0].text.len, 4);
    assert_memory_equal(reading.records[0].text.at, "ab\0d", 5);
    assert_int_equal(reading.records[1].text.len, 0);
    /* A string that reaches further than its record is not believed. */
    assert_int_equal(
        READ(EDGE_DNS_TXT, HEADER("\x80", "\1", "\0") QUESTION("\x10") FRONT("\x10", "\x78", "\2") "\x09z"),
        EDGE_DNS_NO_DATA);
}

#define ALIAS(target) FRONT("\5", "\x0a", "\x02") target
#define SOA "\0\0\6\0\1\0\0\0\x78\0\x16\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\x3c"

static void test_aliases(void **state) {
    /* mx.example is "example" (at 15), which has an address; the shortest time counts. */
    assert_int_equal(READ(EDGE_DNS_A, HEADER("\x80", "\2", "\0")
                                          QUESTION("\1") "\xc0\x0f\0\1\0\1\0\0\0\x78\0\4\xc0\0\2\1" ALIAS("\xc0\x0f")),
                     EDGE_DNS_FOUND);
    assert_int_equal(reading.ttl, 10);
    /* To itself. */
    assert_int_equal(READ(EDGE_DNS_A, HEADER("\x80", "\1", "\0") QUESTION("\1") ALIAS(OWNER)), EDGE_DNS_FAILED);
    assert_string_equal(reading.trouble, "a loop of CNAMEs, or too many");
    /* To nowhere: a no, and not longer than the alias itself may be kept. */
    assert_int_equal(READ(EDGE_DNS_A, HEADER("\x83", "\1", "\1") QUESTION("\1") ALIAS("\xc0\x0f") SOA),
                     EDGE_DNS_NO_NAME);
    assert_int_equal(reading.ttl, 10);
}

static void test_no(void **state) {
    assert_int_equal(READ(EDGE_DNS_A, HEADER("\x83", "\0", "\1") QUESTION("\1") SOA), EDGE_DNS_NO_NAME);
    assert_int_equal(reading.ttl, 60);
    assert_int_equal(READ(EDGE_DNS_A, HEADER("\x80", "\0", "\1") QUESTION("\1") SOA), EDGE_DNS_NO_DATA);
    assert_int_equal(reading.ttl, 60);
    assert_int_equal(READ(EDGE_DNS_A, HEADER("\x80", "\0", "\0") QUESTION("\1")), EDGE_DNS_NO_DATA);
    assert_int_equal(reading.ttl, 0);
}

static void expect_failure(const char *octets, size_t len, const char *trouble) {
    assert_int_equal(read_octets(EDGE_DNS_A, octets, len), EDGE_DNS_FAILED);
    assert_string_equal(reading.trouble, trouble);
    assert_int_equal(reading.count, 0);
    assert_int_equal(reading.ttl, 0);
}
#define FAILS(octets, trouble) expect_failure(octets, sizeof(octets) - 1, trouble)

static void test_failures(void **state) {
    static const char other[] = "what came answers another question, or none", bad[] = "the answer is malformed";
    FAILS(HEADER("\x82", "\0", "\0") QUESTION("\1"), "the name server failed");
    FAILS(HEADER("\x85", "\0", "\0") QUESTION("\1"), "the name server refused");
    FAILS("", other);
    FAILS("\x12\x34\x81\x80\0\1\0\0\0\0\0", other);
    FAILS("\x12\x34\x01\x80\0\1\0\0\0\0\0\0" QUESTION("\1"), other); /* a question, no answer */
    FAILS(HEADER("\x80", "\0", "\0") QUESTION("\2"), other);
    FAILS(HEADER("\x80", "\0", "\0") "\2my\7example\0\0\1\0\1", other);
    FAILS(HEADER("\x80", "\1", "\0") QUESTION("\1"), bad);
    FAILS(HEADER("\x80", "\1", "\0") QUESTION("\1") FRONT("\1", "\x78", "\5") "\xc0\0\2\1", bad);
    /* A name that leads to itself, forwards, or is of a kind that does not exist. */
    FAILS(HEADER("\x80", "\1", "\0") QUESTION("\1") "\xc0\x1c\0\1\0\1\0\0\0\0\0\0", bad);
    FAILS(HEADER("\x80", "\1", "\0") QUESTION("\1") "\xc0\x24\0\1\0\1\0\0\0\0\0\0", bad);
    FAILS(HEADER("\x80", "\1", "\0") QUESTION("\1") "\x80\x0c\0\1\0\1\0\0\0\0\0\0", bad);
}

static void test_an_address_of_a_wrong_size_is_left_out(void **state) {
    assert_int_equal(READ(EDGE_DNS_A, HEADER("\x80", "\1", "\0") QUESTION("\1") FRONT("\1", "\x78", "\3") "\xc0\0\2"),
                     EDGE_DNS_NO_DATA);
}

static void test_many_records(void **state) {
    char octets[8000];
    static const char front[] = HEADER("\x80", "\xc8", "\0") QUESTION("\1");
    static const char record[] = FRONT("\1", "\x78", "\4") "\xc0\0\2\1";
    size_t len = sizeof(front) - 1;
    memcpy(octets, front, len);
    for (unsigned i = 0; i < 200; i++, len += sizeof(record) - 1)
        memcpy(octets + len, record, sizeof(record) - 1);
    assert_int_equal(read_octets(EDGE_DNS_A, octets, len), EDGE_DNS_FOUND);
    assert_int_equal(reading.count, EDGE_DNS_RECORDS_MOST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_a_name_no_host_has_is_left_out),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_no),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_an_address_of_a_wrong_size_is_left_out),
        cmocka_unit_test(test_many_records),
    };
    return cmocka_run_group_tests_name("dns_message", tests, NULL, NULL);
}
