/* Verbs, and how MAIL and RCPT become an address and parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/smtp_command.h"

static edge_parameter_t room[EDGE_SMTP_PARAMETERS_MOST];
static edge_smtp_envelope_command_t out;

static edge_reply_row_t mail(const char *text) {
    return edge_smtp_command_mail(edge_span_of(text), EDGE_X_ALL, room, &out);
}
static edge_reply_row_t rcpt(const char *text) {
    return edge_smtp_command_rcpt(edge_span_of(text), EDGE_X_ALL, room, &out);
}

static void is(edge_span_t span, const char *text) { assert_true(edge_span_equal(span, edge_span_of(text))); }

static void verbs(void **state) {
    assert_int_equal(edge_smtp_verb_index(edge_span_of("mail")), EDGE_SMTP_VERB_MAIL);
    assert_int_equal(edge_smtp_verb_index(edge_span_of("QUIT")), EDGE_SMTP_VERB_QUIT);
    assert_int_equal(edge_smtp_verb_index(edge_span_of(".")), EDGE_SMTP_VERB_DATA);
    assert_int_equal(edge_smtp_verb_index(edge_span_of("MAILS")), EDGE_SMTP_VERB_COUNT);
    assert_int_equal(edge_smtp_verb_index(edge_span_of("XXXX")), EDGE_SMTP_VERB_COUNT);
    assert_int_equal(edge_smtp_verb_index(EDGE_NO_SPAN), EDGE_SMTP_VERB_COUNT);
    for (unsigned i = 0; i < EDGE_SMTP_VERB_COUNT; i++) {
        assert_int_equal(edge_smtp_verb_index(edge_smtp_verb_name((edge_smtp_verb_t)i)), i);
        assert_int_equal(edge_smtp_verb_index(edge_span_of(edge_smtp_verb_names[i])), i);
        assert_true(strlen(edge_smtp_verb_prose((edge_smtp_verb_t)i)) > 5);
    }
    assert_null(edge_smtp_verb_names[EDGE_SMTP_VERB_COUNT]);
    assert_int_equal(edge_smtp_verb_argument(EDGE_SMTP_VERB_DATA), EDGE_SMTP_ARGUMENT_NONE);
    assert_int_equal(edge_smtp_verb_argument(EDGE_SMTP_VERB_EHLO), EDGE_SMTP_ARGUMENT_MUST);
    assert_int_equal(edge_smtp_verb_extension(EDGE_SMTP_VERB_BDAT), EDGE_X_BIT(CHUNKING));
}

static void splitting(void **state) {
    edge_smtp_command_t command = edge_smtp_command_split(edge_span_of("noop \t two  words \t"));
    is(command.verb, "noop");
    is(command.argument, "two  words");
    command = edge_smtp_command_split(edge_span_of(" NOOP"));
    is(command.verb, "");
    command = edge_smtp_command_split(edge_span_of(""));
    is(command.verb, "");
    is(command.argument, "");
}

static void paths(void **state) {
    assert_int_equal(mail("FROM:<a@b>"), EDGE_R_OK);
    is(out.address.mailbox, "a@b");
    assert_int_equal(mail("from: \t<>"), EDGE_R_OK);
    assert_int_equal(rcpt("To:<Postmaster> "), EDGE_R_OK);
    assert_int_equal(mail("FROM:<a@b>SIZE=1"), EDGE_R_BAD_SENDER);
    assert_int_equal(mail("FROM <a@b>"), EDGE_R_BAD_SENDER);
    assert_int_equal(mail("FROM :<a@b>"), EDGE_R_BAD_SENDER);
    assert_int_equal(mail("TO:<a@b>"), EDGE_R_BAD_SENDER);
    assert_int_equal(mail(""), EDGE_R_BAD_SENDER);
    assert_int_equal(rcpt("TO:<>"), EDGE_R_BAD_RECIPIENT);
    assert_int_equal(rcpt("TO:a@b"), EDGE_R_BAD_RECIPIENT);
}

static void parameters_in_their_order(void **state) {
    assert_int_equal(mail("FROM:<a@b>  body=8BITMIME \t SIZE=10"), EDGE_R_OK);
    assert_int_equal(out.parameters.count, 2);
    is(out.parameters.list[0].name, "BODY");
    is(out.parameters.list[0].value, "8BITMIME");
    is(out.parameters.list[1].name, "SIZE");
    assert_int_equal(out.declared_size, 10);
    assert_int_equal(out.needs, EDGE_CARRIES_8BITMIME);
    assert_int_equal(mail("FROM:<a@b> SMTPUTF8"), EDGE_R_OK);
    assert_null(out.parameters.list[0].value.at);
}

static void refusals(void **state) {
    assert_int_equal(mail("FROM:<a@b> SIZE=1 FOO=2 SIZE=1"), EDGE_R_UNKNOWN_PARAMETER);
    is(out.about, "FOO");
    assert_int_equal(mail("FROM:<a@b> SIZE=1 size=1"), EDGE_R_REPEATED_PARAMETER);
    is(out.about, "size");
    assert_int_equal(mail("FROM:<a@b> NOTIFY=NEVER"), EDGE_R_UNKNOWN_PARAMETER);
    assert_int_equal(rcpt("TO:<a@b> SIZE=1"), EDGE_R_UNKNOWN_PARAMETER);
    assert_int_equal(mail("FROM:<a@b> SIZE="), EDGE_R_BAD_ARGUMENTS);
    assert_int_equal(mail("FROM:<a@b> =1"), EDGE_R_BAD_ARGUMENTS);
    assert_int_equal(mail("FROM:<a@b> S_Z=1"), EDGE_R_BAD_ARGUMENTS);
    assert_int_equal(mail("FROM:<a@b> x"), EDGE_R_UNKNOWN_PARAMETER);
    assert_int_equal(
        edge_smtp_command_mail(edge_span_of("FROM:<a@b> SIZE=1"), EDGE_X_ALL & ~EDGE_X_BIT(SIZE), room, &out),
        EDGE_R_UNKNOWN_PARAMETER);
}

static void every_parameter_fits(void **state) {
    assert_int_equal(mail("FROM:<a@b> SIZE=1 BODY=7BIT SMTPUTF8 RET=FULL ENVID=x AUTH=<> REQUIRETLS"), EDGE_R_OK);
    assert_int_equal(out.parameters.count, 7);
}

static void hello_names(void **state) {
    char text[257];
    memset(text, 'x', sizeof(text));
    assert_true(edge_smtp_command_hello_name(edge_span(text, 255)));
    assert_false(edge_smtp_command_hello_name(edge_span(text, 256)));
    assert_false(edge_smtp_command_hello_name(edge_span_of("")));
    assert_false(edge_smtp_command_hello_name(edge_span_of("a\tb")));
    assert_true(edge_smtp_command_hello_name(edge_span_of("[IPv6:::1]")));
    assert_true(edge_smtp_command_hello_name(edge_span_of("a b_c!")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs),
        cmocka_unit_test(splitting),
        cmocka_unit_test(paths),
        cmocka_unit_test(refusals),
        cmocka_unit_test(every_parameter_fits),
        cmocka_unit_test(parameters_in_their_order),
        cmocka_unit_test(hello_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
