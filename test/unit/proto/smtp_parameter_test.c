/* The values of each parameter, by its RFC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/smtp_parameter.h"

static edge_smtp_envelope_command_t out;

static edge_reply_row_t check_with(edge_smtp_verb_t verb, const char *name, const char *value, uint32_t announced) {
    const edge_smtp_parameter_row_t *row = edge_smtp_parameter_find(verb, edge_span_of(name));
    assert_non_null(row);
    memset(&out, 0, sizeof(out));
    return row->check(edge_span_of(value), announced, &out);
}

static bool good(const char *name, const char *value) {
    edge_smtp_verb_t verb = name[0] == 'N' || name[0] == 'O' ? EDGE_SMTP_VERB_RCPT : EDGE_SMTP_VERB_MAIL;
    return check_with(verb, name, value, EDGE_X_ALL) == EDGE_R_OK;
}

static void finding(void **state) {
    assert_non_null(edge_smtp_parameter_find(EDGE_SMTP_VERB_MAIL, edge_span_of("sIzE")));
    assert_null(edge_smtp_parameter_find(EDGE_SMTP_VERB_RCPT, edge_span_of("SIZE")));
    assert_null(edge_smtp_parameter_find(EDGE_SMTP_VERB_MAIL, edge_span_of("SIZ")));
}

static void sizes(void **state) {
    assert_true(good("SIZE", "0") && out.declared_size == 0);
    assert_true(good("SIZE", "00000000000000000012") && out.declared_size == 12);
    assert_true(good("SIZE", "99999999999999999999") && out.declared_size == UINT64_MAX);
    assert_false(good("SIZE", "000000000000000000012"));
    assert_false(good("SIZE", "-1") || good("SIZE", "1k") || good("SIZE", NULL));
}

static void bodies(void **state) {
    assert_true(good("BODY", "7bit") && out.needs == 0);
    assert_true(good("BODY", "8BITMIME") && out.needs == EDGE_CARRIES_8BITMIME);
    assert_true(good("BODY", "BinaryMime") && out.needs == EDGE_CARRIES_BINARYMIME);
    assert_int_equal(check_with(EDGE_SMTP_VERB_MAIL, "BODY", "9BIT", EDGE_X_ALL), EDGE_R_BAD_PARAMETER);
    assert_int_equal(check_with(EDGE_SMTP_VERB_MAIL, "BODY", NULL, EDGE_X_ALL), EDGE_R_BAD_PARAMETER);
    assert_int_equal(check_with(EDGE_SMTP_VERB_MAIL, "BODY", "BINARYMIME", EDGE_X_BIT(8BITMIME)),
                     EDGE_R_UNKNOWN_PARAMETER);
    assert_int_equal(check_with(EDGE_SMTP_VERB_MAIL, "BODY", "8BITMIME", EDGE_X_BIT(BINARYMIME)),
                     EDGE_R_UNKNOWN_PARAMETER);
}

static void flags(void **state) {
    assert_true(good("SMTPUTF8", NULL) && out.needs == EDGE_CARRIES_SMTPUTF8);
    assert_true(good("REQUIRETLS", NULL) && out.needs == EDGE_CARRIES_REQUIRETLS);
    assert_false(good("SMTPUTF8", "1") || good("REQUIRETLS", "x"));
}

static void notifications(void **state) {
    assert_true(good("RET", "full") && out.needs == EDGE_CARRIES_DSN);
    assert_true(good("RET", "HDRS"));
    assert_false(good("RET", "HEAD") || good("RET", NULL));
    assert_true(good("NOTIFY", "never"));
    assert_true(good("NOTIFY", "SUCCESS,FAILURE,DELAY"));
    assert_false(good("NOTIFY", "NEVER,DELAY") || good("NOTIFY", "DELAY,") || good("NOTIFY", ",DELAY") ||
                 good("NOTIFY", NULL));
    assert_true(good("ORCPT", "rfc822;a+2Bb@c"));
    assert_true(good("ORCPT", "utf-8;\xc3\xbc@c"));
    assert_false(good("ORCPT", "rfc822;\xc3\xbc@c") || good("ORCPT", "rfc822") || good("ORCPT", ";a") ||
                 good("ORCPT", "r;"));
    assert_false(good("ORCPT", "a b;c"));
}

static void xtext(void **state) {
    char text[102];
    memset(text, 'x', sizeof(text));
    text[100] = '\0';
    assert_true(good("ENVID", text));
    text[100] = 'x';
    text[101] = '\0';
    assert_false(good("ENVID", text));
    assert_true(good("ENVID", "a+2B+3Db"));
    assert_false(good("ENVID", "a=b") || good("ENVID", "a+2") || good("ENVID", "a+") || good("ENVID", "+2b") ||
                 good("ENVID", NULL));
    assert_true(good("AUTH", "<>") && good("AUTH", "e+3Dmc2@example.com"));
    assert_false(good("AUTH", "e=mc2@example.com"));
}

static bool word(const char *name, const char *value) {
    return edge_smtp_parameter_is_word(edge_span_of(name), edge_span_of(value));
}

static void words(void **state) {
    assert_true(word("A-1", NULL) && word("1", "x") && word("X", "\xc3\xbc"));
    assert_false(word("", NULL) || word("-A", NULL) || word("A_", NULL) || word("A", "") || word("A", "\x7f") ||
                 word("A", "\xc3"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finding),       cmocka_unit_test(sizes), cmocka_unit_test(bodies), cmocka_unit_test(flags),
        cmocka_unit_test(notifications), cmocka_unit_test(xtext), cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
