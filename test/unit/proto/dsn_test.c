/* Whole reports: their exact form, what comes back of the message, how the parts are labelled, and for whom none is made. */
#include "dsn_fixture.h"

#include <apr_strings.h>

#define NO_USER "550 5.1.1 <nobody@server.example>: no such user"

static void has(const char *text, const char *wanted) {
    if (strstr(text, wanted) == NULL) {
        fail_msg("not found:\n%s\nin:\n%s", wanted, text);
    }
}

static void lacks(const char *text, const char *unwanted) {
    if (strstr(text, unwanted) != NULL) {
        fail_msg("found:\n%s\nin:\n%s", unwanted, text);
    }
}

static void a_failure(void **state) {
    dsn_fixture_t *fixture = *state;
    edge_dsn_recipient_t *one =
        dsn_fixture_recipient(fixture, "nobody@server.example", EDGE_DSN_FAILED, NO_USER, "mail.server.example");
    one->last_attempt = INT64_C(1795365960000000);
    assert_string_equal(dsn_fixture_write(fixture),
                        "Received: by mx.example.net (edged)\r\n"
                        "\tid 01932d5c-0000-7000-8000-00000000beef;\r\n"
                        "\tSun, 22 Nov 2026 16:46:09 +0000\r\n"
                        "Date: Sun, 22 Nov 2026 16:46:09 +0000\r\n"
                        "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\r\n"
                        "To: <sender@client.example>\r\n"
                        "Subject: Undelivered: your message could not be delivered\r\n"
                        "Message-Id: <01932d5c-0000-7000-8000-00000000beef@mx.example.net>\r\n"
                        "In-Reply-To: <1@client.example>\r\n"
                        "References: <1@client.example>\r\n"
                        "Auto-Submitted: auto-replied\r\n"
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                        "\tboundary=\"=_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n"
                        "\r\n"
                        "\r\n"
                        "--=_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
                        "Content-Type: text/plain; charset=us-ascii\r\n"
                        "Content-Description: For people\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n"
                        "\r\n"
                        "Hello,\r\n"
                        "\r\n"
                        "this is written by a program, the mail server mx.example.net,\r\n"
                        "about your message of Sun, 22 Nov 2026 16:41:09 +0000.\r\n"
                        "\r\n"
                        "It could not be delivered to:\r\n"
                        "\r\n"
                        "  <nobody@server.example>\r\n"
                        "      There is no such mailbox. Please check how the address is spelled, in\r\n"
                        "      front of the @ above all.\r\n"
                        "      mail.server.example said:\r\n"
                        "          550 5.1.1 <nobody@server.example>: no such user\r\n"
                        "\r\n"
                        "If you do not know what to do, please forward all of this to your\r\n"
                        "postmaster.\r\n"
                        "\r\n"
                        "Behind this text is the same for programs, and your message itself.\r\n"
                        "\r\n"
                        "--=_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
                        "Content-Type: message/delivery-status\r\n"
                        "Content-Description: For programs\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n"
                        "\r\n"
                        "Reporting-MTA: dns; mx.example.net\r\n"
                        "Arrival-Date: Sun, 22 Nov 2026 16:41:09 +0000\r\n"
                        "\r\n"
                        "Final-Recipient: rfc822; nobody@server.example\r\n"
                        "Action: failed\r\n"
                        "Status: 5.1.1\r\n"
                        "Remote-MTA: dns; mail.server.example\r\n"
                        "Diagnostic-Code: smtp; 550 5.1.1 <nobody@server.example>: no such user\r\n"
                        "Last-Attempt-Date: Sun, 22 Nov 2026 16:46:00 +0000\r\n"
                        "\r\n"
                        "--=_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
                        "Content-Type: message/rfc822\r\n"
                        "Content-Description: Your message\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n"
                        "\r\n"
                        "Message-Id: <1@client.example>\r\n"
                        "Subject: hello\r\n"
                        "\r\n"
                        "Body\r\n"
                        "\r\n"
                        "--=_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA--\r\n");
    assert_int_equal(fixture->dsn.needs, 0);
}

static void several_fates_in_one_report(void **state) {
    dsn_fixture_t *fixture = *state;
    dsn_fixture_recipient(fixture, "late@server.example", EDGE_DSN_DELAYED, "451 4.2.1 try later",
                          "mail.server.example");
    dsn_fixture_recipient(fixture, "silent@server.example", EDGE_DSN_NONE, NO_USER, "mail.server.example");
    dsn_fixture_recipient(fixture, "gone@server.example", EDGE_DSN_FAILED, "450 4.4.1 Connection refused", NULL)
        ->expired = true;
    dsn_fixture_recipient(fixture, "there@server.example", EDGE_DSN_RELAYED, "250 2.0.0 taken", "mail.server.example");
    fixture->report.retry_until = INT64_C(1795797669000000);
    const char *text = dsn_fixture_write(fixture);
    has(text, "Subject: Undelivered: your message did not reach all of its recipients\r\n");
    const char *expired = strstr(text, "longer for:\r\n\r\n  <gone@server.example>\r\n");
    const char *delayed =
        strstr(text, "It will do so until Fri, 27 Nov 2026 16:41:09 +0000.\r\n\r\n  <late@server.example>\r\n");
    const char *relayed = strstr(text, "whether it arrives.\r\n\r\n  <there@server.example>\r\n");
    assert_non_null(expired);
    assert_true(delayed > expired);
    assert_true(relayed > delayed);
    has(text, "\r\n\r\nFinal-Recipient: rfc822; late@server.example\r\nAction: delayed\r\nStatus: 4.2.1\r\n");
    has(text,
        "Will-Retry-Until: Fri, 27 Nov 2026 16:41:09 +0000\r\n\r\nFinal-Recipient: rfc822; gone@server.example\r\n");
    has(text, "Action: failed\r\nStatus: 4.4.1\r\nDiagnostic-Code: X-edged; 450 4.4.1 Connection refused\r\n");
    has(text, "Action: relayed\r\nStatus: 2.0.0\r\n");
    lacks(text, "silent@");
}

typedef struct returned {
    const char *ret;
    edge_dsn_action_t action;
    uint64_t most;
    const char *type; /* of the third part */
} returned_t;

static void what_comes_back(void **state) {
    static const returned_t rows[] = {
        {NULL, EDGE_DSN_FAILED, 1000, "message/rfc822"},
        {"FULL", EDGE_DSN_FAILED, 1000, "message/rfc822"},
        {"HDRS", EDGE_DSN_FAILED, 1000, "text/rfc822-headers"},
        {"FULL", EDGE_DSN_FAILED, 10, "text/rfc822-headers"},
        {"FULL", EDGE_DSN_DELAYED, 1000, "text/rfc822-headers"},
        {"FULL", EDGE_DSN_DELIVERED, 1000, "text/rfc822-headers"},
    };
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        dsn_fixture_t *fixture;
        (void)state;
        void *own;
        assert_int_equal(dsn_fixture_setup(&own), 0);
        fixture = own;
        if (rows[i].ret != NULL) {
            dsn_fixture_add(fixture, &fixture->envelope.sender_parameters, "RET", rows[i].ret);
        }
        fixture->report.return_most = rows[i].most;
        dsn_fixture_recipient(fixture, "a@server.example", rows[i].action, NULL, NULL);
        const char *text = dsn_fixture_write(fixture);
        has(text, apr_pstrcat(fixture->pool, "Content-Type: ", rows[i].type, "\r\n", NULL));
        has(text, "\r\n\r\nMessage-Id: <1@client.example>\r\nSubject: hello\r\n");
        assert_int_equal(strstr(text, "\r\nBody\r\n") != NULL, strcmp(rows[i].type, "message/rfc822") == 0);
        assert_int_equal(dsn_fixture_teardown(&own), 0);
    }
}

static void a_message_that_no_report_can_hold(void **state) {
    dsn_fixture_t *fixture = *state;
    fixture->original = edge_span_of("Subject: x\r\n\r\n--=_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nForged\r\n");
    dsn_fixture_recipient(fixture, "a@server.example", EDGE_DSN_FAILED, NULL, NULL);
    const char *text = dsn_fixture_write(fixture);
    has(text, "Content-Type: text/rfc822-headers\r\n");
    lacks(text, "Forged");
}

static void a_message_without_headers(void **state) {
    dsn_fixture_t *fixture = *state;
    fixture->original = edge_span_of("no field\r\n");
    fixture->report.return_most = 0;
    dsn_fixture_recipient(fixture, "a@server.example", EDGE_DSN_FAILED, NULL, NULL);
    const char *text = dsn_fixture_write(fixture);
    has(text, "is the same for programs.\r\n");
    lacks(text, "In-Reply-To");
    has(text, "Status: 5.0.0\r\n\r\n--=_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA--\r\n");
}

static void eight_bit_bodies(void **state) {
    dsn_fixture_t *fixture = *state;
    fixture->original = edge_span_of("Subject: x\r\n\r\nJ\xc3\xb6rg\r\n");
    dsn_fixture_recipient(fixture, "a@server.example", EDGE_DSN_FAILED, NULL, NULL);
    const char *text = dsn_fixture_write(fixture);
    has(text,
        "Content-Type: message/rfc822\r\nContent-Description: Your message\r\nContent-Transfer-Encoding: 8bit\r\n");
    has(text, "Content-Type: message/delivery-status\r\nContent-Description: For programs\r\n"
              "Content-Transfer-Encoding: 7bit\r\n");
    assert_int_equal(fixture->dsn.needs, EDGE_CARRIES_8BITMIME);
    dsn_fixture_add(fixture, &fixture->envelope.sender_parameters, "RET", "HDRS");
    dsn_fixture_write(fixture);
    assert_int_equal(fixture->dsn.needs, 0);
}

static void beyond_ascii(void **state) {
    dsn_fixture_t *fixture = *state;
    fixture->envelope.needs = EDGE_CARRIES_SMTPUTF8;
    fixture->original = edge_span_of("Subject: J\xc3\xb6rg\r\n\r\nx\r\n");
    edge_dsn_recipient_t *one =
        dsn_fixture_recipient(fixture, "j\xc3\xb6rg@server.example", EDGE_DSN_FAILED, "550 J\xc3\xb6rg?", "mx.example");
    edge_recipient_t recipient = *one->recipient;
    dsn_fixture_add(fixture, &recipient.parameters, "ORCPT", "utf-8;\xc3\xb6@a.example");
    one->recipient = &recipient;
    const char *text = dsn_fixture_write(fixture);
    has(text, "Content-Type: text/plain; charset=utf-8\r\n");
    has(text, "  <j\xc3\xb6rg@server.example>\r\n");
    has(text, "Content-Type: message/global-delivery-status\r\nContent-Description: For programs\r\n"
              "Content-Transfer-Encoding: 8bit\r\n");
    has(text, "Original-Recipient: utf-8;\xc3\xb6@a.example\r\nFinal-Recipient: utf-8; j\xc3\xb6rg@server.example\r\n");
    has(text, "Content-Type: message/global\r\n");
    has(text, "smtp; 550 J?rg?\r\n");
    assert_int_equal(fixture->dsn.needs, EDGE_CARRIES_8BITMIME);
    fixture->envelope.sender = edge_span_of("p\xc3\xa9@client.example");
    has(dsn_fixture_write(fixture), "To: <p\xc3\xa9@client.example>\r\n");
    assert_int_equal(fixture->dsn.needs, EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8);
    fixture->report.return_most = 0;
    has(dsn_fixture_write(fixture), "Content-Type: message/global-headers\r\n");
}

static void a_sender_that_is_no_address(void **state) {
    dsn_fixture_t *fixture = *state;
    fixture->envelope.sender = edge_span_of("a b>, <evil@example");
    dsn_fixture_recipient(fixture, "a@server.example", EDGE_DSN_FAILED, NULL, NULL);
    const char *text = dsn_fixture_write(fixture);
    has(text, "To: undisclosed-recipients:;\r\n");
    lacks(text, "evil");
}

static void hostile_replies(void **state) {
    dsn_fixture_t *fixture = *state;
    dsn_fixture_recipient(fixture, "a@server.example", EDGE_DSN_FAILED,
                          "550 no\r\n\r\n--=_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nBcc: all\x01\x7f", "mx\r\nX: y");
    const char *text = dsn_fixture_write(fixture);
    lacks(text, "\nBcc:");
    lacks(text, "\nX: y");
    has(text, "Remote-MTA: dns; mx  X: y\r\n");
    has(text, "Bcc: all??\r\n");
    unsigned boundaries = 0;
    for (const char *at = text; (at = strstr(at, "\r\n--=_")) != NULL; at++) {
        boundaries++;
    }
    assert_int_equal(boundaries, 4);
}

static void an_original_id_that_is_none(void **state) {
    static const char *const ids[] = {"<a b@c>", "a@b", "<>", "<a@b", "<a@<b>", "<\xc3\xb6@b>"};
    dsn_fixture_t *fixture = *state;
    dsn_fixture_recipient(fixture, "a@server.example", EDGE_DSN_FAILED, NULL, NULL);
    for (size_t i = 0; i < EDGE_COUNT(ids); i++) {
        fixture->original = edge_span_of(apr_pstrcat(fixture->pool, "Message-Id: ", ids[i], "\r\n\r\n", NULL));
        lacks(dsn_fixture_write(fixture), "References:");
    }
}

/* Recipients with all that can be said of each: no piece is larger than promised. */
static void the_longest(void **state) {
    dsn_fixture_t *fixture = *state;
    char *local = apr_palloc(fixture->pool, 3001), *reply = apr_palloc(fixture->pool, 9001);
    memset(local, 'a', 3000);
    local[3000] = '\0';
    for (unsigned i = 0; i < 9000; i++) {
        reply[i] = i % 40 == 0 ? ' ' : 'w';
    }
    memcpy(reply, "550 ", 4);
    reply[9000] = '\0';
    for (unsigned i = 0; i < 8; i++) {
        dsn_fixture_recipient(fixture, local, EDGE_DSN_FAILED, reply, local);
    }
    const char *text = dsn_fixture_write(fixture);
    for (const char *line = text; *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_true(end - line <= 998);
        line = end + 2;
    }
    has(text, "www...\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define A(test) cmocka_unit_test_setup_teardown(test, dsn_fixture_setup, dsn_fixture_teardown)
        A(a_failure),
        A(several_fates_in_one_report),
        A(what_comes_back),
        A(a_message_that_no_report_can_hold),
        A(a_message_without_headers),
        A(eight_bit_bodies),
        A(beyond_ascii),
        A(a_sender_that_is_no_address),
        A(hostile_replies),
        A(an_original_id_that_is_none),
        A(the_longest),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
