/* The part for programs: the status that stands for a reply, and each field. */
#include "dsn_fixture.h"
#include "proto/dsn_priv.h"

static void statuses(void **state) {
    (void)state;
    static const struct {
        edge_dsn_action_t action;
        bool expired;
        const char *reply, *status;
    } rows[] = {
        {EDGE_DSN_FAILED, false, "550 5.1.1 no such user", "5.1.1"},
        {EDGE_DSN_FAILED, false, "550-5.7.26 many\n550 5.7.26 checks", "5.7.26"},
        {EDGE_DSN_FAILED, false, "550 5.111.222", "5.111.222"},
        {EDGE_DSN_FAILED, false, "550 no such user", "5.0.0"},
        {EDGE_DSN_FAILED, false, "550 5.1 malformed", "5.0.0"},
        {EDGE_DSN_FAILED, false, "550 5.1.1111", "5.0.0"},
        {EDGE_DSN_FAILED, false, "550 5.1.1.1 x", "5.0.0"},
        {EDGE_DSN_FAILED, false, "550 5..1 x", "5.0.0"},
        {EDGE_DSN_FAILED, false, "550 3.1.1 x", "5.0.0"},
        {EDGE_DSN_FAILED, false, "550 5.1.x", "5.0.0"},
        {EDGE_DSN_FAILED, false, "550", "5.0.0"},
        {EDGE_DSN_FAILED, false, "55", "5.0.0"},
        {EDGE_DSN_FAILED, false, NULL, "5.0.0"},
        {EDGE_DSN_FAILED, false, "250 2.0.0 what?", "5.0.0"},
        {EDGE_DSN_FAILED, true, "451 4.4.1 no answer", "4.4.1"},
        {EDGE_DSN_FAILED, true, "451 no answer", "4.0.0"},
        {EDGE_DSN_FAILED, true, NULL, "4.4.7"},
        {EDGE_DSN_FAILED, true, "Connection refused", "4.4.7"},
        {EDGE_DSN_DELAYED, false, "451 4.2.1 later", "4.2.1"},
        {EDGE_DSN_DELAYED, false, "550 5.1.1 x", "4.0.0"},
        {EDGE_DSN_DELAYED, false, NULL, "4.0.0"},
        {EDGE_DSN_DELIVERED, false, "250 2.1.5 fine", "2.1.5"},
        {EDGE_DSN_RELAYED, false, "250 OK", "2.0.0"},
        {EDGE_DSN_EXPANDED, false, NULL, "2.0.0"},
    };
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        char status[EDGE_DSN_STATUS_MOST];
        edge_dsn_recipient_t recipient = {.action = rows[i].action, .expired = rows[i].expired};
        recipient.reply = edge_span_of(rows[i].reply);
        edge_dsn_status_of(&recipient, status);
        assert_string_equal(status, rows[i].status);
    }
}

static char out[4096];

static void fields_of_the_message(void **state) {
    dsn_fixture_t *fixture = *state;
    edge_dsn_writer_t writer = {out, 0, sizeof out - 1, 0};
    dsn_fixture_add(fixture, &fixture->envelope.sender_parameters, "ENVID", "QQ+2B1");
    fixture->envelope.client.ehlo = edge_span_of("client\r\nX: y");
    fixture->dsn.report = &fixture->report;
    edge_dsn_write_message_fields(&writer, &fixture->dsn);
    out[writer.len] = '\0';
    assert_string_equal(out, "Original-Envelope-Id: QQ+1\r\n"
                             "Reporting-MTA: dns; mx.example.net\r\n"
                             "Received-From-MTA: dns; client  X: y\r\n"
                             "Arrival-Date: Sun, 22 Nov 2026 16:41:09 +0000\r\n");
}

static void fields_of_a_recipient(void **state) {
    dsn_fixture_t *fixture = *state;
    edge_dsn_writer_t writer = {out, 0, sizeof out - 1, 0};
    edge_dsn_recipient_t *one = dsn_fixture_recipient(
        fixture, "b@server.example", EDGE_DSN_DELAYED,
        "451 4.3.2 a long explanation why this server here takes no mail\n451 4.3.2 at present", "mx");
    edge_recipient_t recipient = *one->recipient;
    dsn_fixture_add(fixture, &recipient.parameters, "ORCPT", "rfc822;B+2Bx@server.example");
    one->recipient = &recipient;
    one->last_attempt = INT64_C(1795365669120934);
    fixture->report.retry_until = INT64_C(1795797669120934);
    fixture->dsn.report = &fixture->report;
    edge_dsn_write_recipient_fields(&writer, &fixture->dsn, one);
    out[writer.len] = '\0';
    assert_string_equal(out, "\r\n"
                             "Original-Recipient: rfc822;B+x@server.example\r\n"
                             "Final-Recipient: rfc822; b@server.example\r\n"
                             "Action: delayed\r\n"
                             "Status: 4.3.2\r\n"
                             "Remote-MTA: dns; mx\r\n"
                             "Diagnostic-Code: smtp; 451 4.3.2 a long explanation why this server here\r\n"
                             "    takes no mail 451 4.3.2 at present\r\n"
                             "Last-Attempt-Date: Sun, 22 Nov 2026 16:41:09 +0000\r\n"
                             "Will-Retry-Until: Fri, 27 Nov 2026 16:41:09 +0000\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define A(test) cmocka_unit_test_setup_teardown(test, dsn_fixture_setup, dsn_fixture_teardown)
        A(statuses),
        A(fields_of_the_message),
        A(fields_of_a_recipient),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
