/* Header blocks in one piece, octet by octet, folded, without an end, and where there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "proto/header.h"

static apr_pool_t *pool;

/* Feeds `text` in pieces of `cut` octets, then ends the message. */
static edge_header_scan_t scan_cut(const char *text, size_t cut) {
    edge_header_scan_t scan = {0};
    edge_span_t rest = edge_span_of(text);
    while (rest.len > 0) {
        size_t len = rest.len < cut ? rest.len : cut;
        edge_header_scan_feed(&scan, edge_span(rest.at, len));
        rest = edge_span_after(rest, len);
    }
    edge_header_scan_end(&scan);
    assert_true(scan.ended);
    return scan;
}

typedef struct expected {
    const char *text;
    const char *header; /* the block; NULL: the message has none */
    unsigned fields, received, has;
    const char *message_id;
} expected_t;

static const expected_t rows[] = {
    {"From: a@b\r\nDate: x\r\n\r\nbody\r\n", "From: a@b\r\nDate: x\r\n\r\n", 2, 0,
     EDGE_HEADER_HAS_FROM | EDGE_HEADER_HAS_DATE, NULL},
    {"received: 1\r\nRECEIVED : 2\r\nReceived:\r\n 3\r\nX: y\r\n\r\n",
     "received: 1\r\nRECEIVED : 2\r\nReceived:\r\n 3\r\nX: y\r\n\r\n", 4, 3, 0, NULL},
    {"Message-Id:\r\n\t<one@x> \r\nMessage-ID: <two@x>\r\n\r\n",
     "Message-Id:\r\n\t<one@x> \r\nMessage-ID: <two@x>\r\n\r\n", 2, 0, EDGE_HEADER_HAS_MESSAGE_ID, "<one@x>"},
    {"message-id: \r\n\r\n", "message-id: \r\n\r\n", 1, 0, EDGE_HEADER_HAS_MESSAGE_ID, ""},
    {"Subject: no end", "Subject: no end", 1, 0, EDGE_HEADER_HAS_SUBJECT, NULL},
    {"Subject: no body\r\n", "Subject: no body\r\n", 1, 0, EDGE_HEADER_HAS_SUBJECT, NULL},
    {"From: a@b\n\nbody\n", "From: a@b\n\n", 1, 0, EDGE_HEADER_HAS_FROM, NULL},
    {"", "", 0, 0, 0, NULL},
    {"\r\nFrom: body@x\r\n", "\r\n", 0, 0, 0, NULL},
    {"Just text.\r\nFrom: a@b\r\n\r\n", NULL, 0, 0, 0, NULL},
    {"word\r\n", NULL, 0, 0, 0, NULL},
    {"word", NULL, 0, 0, 0, NULL},
    {" folded: onto nothing\r\n\r\n", NULL, 0, 0, 0, NULL},
    {": no name\r\n\r\n", NULL, 0, 0, 0, NULL},
    {"\rFrom: a@b\r\n", NULL, 0, 0, 0, NULL},
    {"na\x01me: x\r\n", NULL, 0, 0, 0, NULL},
    {"n\xc3\xa9me: x\r\n", NULL, 0, 0, 0, NULL},
    {"From: a@b\r\nnot a field\r\nDate: x\r\n\r\n", "From: a@b\r\n", 1, 0, EDGE_HEADER_HAS_FROM, NULL},
    {"From: a@b\r\n\rDate: x\r\n\r\n", "From: a@b\r\n", 1, 0, EDGE_HEADER_HAS_FROM, NULL},
    {"From: a@b\r\nDat", "From: a@b\r\n", 1, 0, EDGE_HEADER_HAS_FROM, NULL},
    {"From: a@b\r\n\r", "From: a@b\r\n", 1, 0, EDGE_HEADER_HAS_FROM, NULL},
    {"Receivedx: 1\r\nxReceived: 2\r\nReceived-SPF: 3\r\nMessage-Id-Long-Name: <x>\r\n\r\n",
     "Receivedx: 1\r\nxReceived: 2\r\nReceived-SPF: 3\r\nMessage-Id-Long-Name: <x>\r\n\r\n", 4, 0, 0, NULL},
    {"X: a\r\r\n b\r\n\t\r\nDate: c\r\n\r\n", "X: a\r\r\n b\r\n\t\r\nDate: c\r\n\r\n", 2, 0, EDGE_HEADER_HAS_DATE,
     NULL},
};

static void rows_hold_in_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        for (size_t cut = 1; cut <= strlen(rows[i].text) + 1; cut++) {
            edge_header_scan_t scan = scan_cut(rows[i].text, cut);
            edge_span_t id = edge_header_scan_message_id(&scan);
            assert_int_equal(scan.none, rows[i].header == NULL);
            assert_int_equal(scan.size, rows[i].header != NULL ? strlen(rows[i].header) : 0);
            assert_int_equal(scan.fields, rows[i].fields);
            assert_int_equal(scan.received, rows[i].received);
            assert_int_equal(scan.has, rows[i].has);
            assert_int_equal(id.at != NULL, rows[i].message_id != NULL);
            assert_true(edge_span_equal(id, edge_span_of(rows[i].message_id)));
        }
    }
}

static void the_end_is_told_at_once(void **state) {
    (void)state;
    edge_header_scan_t scan = {0};
    assert_false(edge_header_scan_feed(&scan, edge_span_of("From: a@b\r\n\r")));
    assert_true(edge_header_scan_feed(&scan, edge_span_of("\nDate: of the body\r\n")));
    assert_true(edge_header_scan_feed(&scan, edge_span_of("Received: of the body\r\n")));
    assert_int_equal(scan.size, 13);
    assert_int_equal(scan.received, 0);
    assert_int_equal(scan.has, EDGE_HEADER_HAS_FROM);
}

static void a_long_message_id_is_cut(void **state) {
    (void)state;
    edge_header_scan_t scan = {0};
    edge_header_scan_feed(&scan, edge_span_of("Message-Id: "));
    for (unsigned i = 0; i < 1000; i++) {
        edge_header_scan_feed(&scan, edge_span_of("abc"));
    }
    edge_header_scan_feed(&scan, edge_span_of("\r\n\r\n"));
    assert_true(scan.ended);
    assert_int_equal(scan.size, 12 + 3000 + 4);
    assert_int_equal(edge_header_scan_message_id(&scan).len, EDGE_HEADER_MESSAGE_ID_MOST);
}

static void next_is(edge_span_t *block, const char *name, const char *value) {
    edge_header_field_t field;
    assert_true(edge_header_next(block, &field));
    assert_true(edge_span_equal(field.name, edge_span_of(name)));
    edge_span_t read = edge_header_value(&field, pool);
    assert_string_equal(read.at, value);
    assert_int_equal(read.len, strlen(value));
    assert_ptr_equal(field.whole.at + field.whole.len, block->at);
}

static void reads_field_by_field(void **state) {
    (void)state;
    edge_span_t block = edge_span_of("Subject: one\r\n two\r\n\tthree \r\nX-Empty:\r\nTo : a@b\n\nbody: x\r\n");
    edge_header_field_t field;
    next_is(&block, "Subject", "one two\tthree");
    next_is(&block, "X-Empty", "");
    next_is(&block, "To", "a@b");
    assert_false(edge_header_next(&block, &field));
    assert_true(edge_span_equal(block, edge_span_of("\nbody: x\r\n")));
}

static void reader_stops_at_what_is_no_field(void **state) {
    (void)state;
    edge_header_field_t field;
    edge_span_t text = edge_span_of("no field\r\n"), blank = edge_span_of(" x: y\r\n"), nothing = edge_span("", 0);
    assert_false(edge_header_next(&text, &field));
    assert_false(edge_header_next(&blank, &field));
    assert_false(edge_header_next(&nothing, &field));
    edge_span_t open = edge_span_of("A: b\r");
    assert_true(edge_header_next(&open, &field));
    assert_true(edge_span_equal(field.value, edge_span_of(" b\r")));
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold_in_every_cut),           cmocka_unit_test(the_end_is_told_at_once),
        cmocka_unit_test(a_long_message_id_is_cut),         cmocka_unit_test(reads_field_by_field),
        cmocka_unit_test(reader_stops_at_what_is_no_field),
    };
    return cmocka_run_group_tests_name("proto/header", tests, set_up, NULL);
}
