/* The client's commands, and what a server's keywords come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/smtp_client_priv.h"

static edge_smtp_client_t machine;
static edge_smtp_client_action_t action;

static int set_up(void **state) {
    (void)state;
    memset(&machine, 0, sizeof(machine));
    return 0;
}

static void is(edge_span_t got, const char *expected) {
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.at, expected, got.len);
}

static void words(void **state) {
    static char lengthy[EDGE_SMTP_CLIENT_LINE_MOST];
    (void)state;
    is(edge_smtp_client_word(&action, "EHLO", edge_span_of("me")), "EHLO me\r\n");
    is(edge_smtp_client_word(&action, "RSET", EDGE_NO_SPAN), "RSET\r\n");
    assert_null(edge_smtp_client_word(&action, "EHLO", edge_span_of("a\rb")).at);
    assert_null(edge_smtp_client_word(&action, "EHLO", edge_span_of("a\x7f")).at);
    memset(lengthy, 'x', sizeof(lengthy));
    assert_non_null(edge_smtp_client_word(&action, "EHLO", edge_span(lengthy, sizeof(lengthy) - 7)).at);
    assert_null(edge_smtp_client_word(&action, "EHLO", edge_span(lengthy, sizeof(lengthy) - 6)).at);
}

static void secrets(void **state) {
    static char lengthy[EDGE_SMTP_CLIENT_LINE_MOST];
    edge_smtp_client_rules_t rules = {.user = EDGE_SPAN("u"), .password = EDGE_SPAN("p")};
    (void)state;
    machine.rules = &rules;
    is(edge_smtp_client_plain(&machine, &action), "AUTH PLAIN AHUAcA==\r\n");
    is(edge_smtp_client_base64(&action, edge_span_of("u")), "dQ==\r\n");
    memset(lengthy, 'x', sizeof(lengthy));
    rules.password = edge_span(lengthy, sizeof(lengthy));
    assert_null(edge_smtp_client_plain(&machine, &action).at);
    assert_null(edge_smtp_client_base64(&action, rules.password).at);
}

static void offers(const char *line) { edge_smtp_client_offer(&machine, edge_span_of(line)); }

static void keywords(void **state) {
    (void)state;
    offers("pipelining");
    assert_int_equal(machine.offered, EDGE_X_BIT(PIPELINING));
    offers("SIZE");
    assert_int_equal(machine.size_most, 0);
    offers("SIZE 12x");
    assert_int_equal(machine.size_most, 0);
    offers("SIZE  1234 ");
    assert_int_equal(machine.size_most, 1234);
    offers("X-UNKNOWN AUTH PLAIN");
    offers("");
    offers("DSNX");
    assert_int_equal(machine.offered, EDGE_X_BIT(PIPELINING) | EDGE_X_BIT(SIZE));
    offers("AUTH CRAM-MD5 login");
    assert_int_equal(machine.mechanisms, EDGE_SMTP_CLIENT_LOGIN);
    offers("AUTH=PLAIN");
    assert_int_equal(machine.mechanisms, EDGE_SMTP_CLIENT_LOGIN | EDGE_SMTP_CLIENT_PLAIN);
    assert_int_equal(machine.offered, EDGE_X_BIT(PIPELINING) | EDGE_X_BIT(SIZE) | EDGE_X_BIT(AUTH));
}

/* Parameters are passed on only to a next hop that knows of them. */
static void envelope(void **state) {
    edge_parameter_t of_sender[] = {{EDGE_SPAN("SIZE"), EDGE_SPAN("7")}, {EDGE_SPAN("ENVID"), EDGE_SPAN("q")}};
    edge_parameter_t of_recipient[] = {{EDGE_SPAN("NOTIFY"), EDGE_SPAN("NEVER")}};
    edge_recipient_t recipient = {.address = EDGE_SPAN("b@x"), .parameters = {of_recipient, 1}};
    edge_envelope_t mail = {.sender_parameters = {of_sender, 2}, .recipients = &recipient, .recipient_count = 1};
    unsigned first = 0;
    edge_smtp_client_message_t message = {.envelope = &mail, .recipients = &first, .count = 1, .size = 9};
    (void)state;
    machine.message = &message;
    is(edge_smtp_client_mail(&machine, &action), "MAIL FROM:<>\r\n");
    is(edge_smtp_client_rcpt(&machine, &action, 0), "RCPT TO:<b@x>\r\n");
    is(edge_smtp_client_bdat(&machine, &action), "BDAT 9 LAST\r\n");
    machine.offered = EDGE_X_BIT(DSN) | EDGE_X_BIT(SIZE);
    is(edge_smtp_client_mail(&machine, &action), "MAIL FROM:<> SIZE=9 ENVID=q\r\n");
    is(edge_smtp_client_rcpt(&machine, &action, 0), "RCPT TO:<b@x> NOTIFY=NEVER\r\n");
    message.size = UINT64_MAX;
    is(edge_smtp_client_mail(&machine, &action), "MAIL FROM:<> ENVID=q\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(words, set_up), cmocka_unit_test_setup(secrets, set_up),
                                       cmocka_unit_test_setup(keywords, set_up),
                                       cmocka_unit_test_setup(envelope, set_up)};
    return cmocka_run_group_tests_name("smtp_client_command", tests, NULL, NULL);
}
