/* Dialogues about commands: what each says, in which order, and what their verdicts do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/smtp_server_priv.h"
#include "smtp_play.h"

/* Banner and hello */

static void banner_refusals(void **state) {
    (void)state;
    memset(&play_it, 0, sizeof(play_it));
    play_it.rules = play_set;
    play_it.cut = play_cut;
    play_it.late = play_late;
    edge_reply_t banner = edge_reply_of(EDGE_R_BANNER);
    banner.code = 554;
    edge_smtp_server_start(&play_it.machine, &play_it.rules, banner);
    play_run(&play_it);
    PLAY_TOLD("ASK BANNER\nS: 554  ESMTP Mail Gateway\n");
    play_say(&play_it, "EHLO x\r\nNOOP\r\nbad\nline\r\nQUIT\r\n");
    PLAY_TOLD("S: 503 5.5.1 Bad sequence of commands\nS: 503 5.5.1 Bad sequence of commands\n"
              "S: 503 5.5.1 Bad sequence of commands\nASK QUIT\nS: 221 2.0.0 Bye\nCLOSE quit\n");
}

static void banner_refused_by_a_validator(void **state) {
    (void)state;
    memset(&play_it, 0, sizeof(play_it));
    play_it.rules = play_set;
    play_answer(&play_it, EDGE_PHASE_BANNER, 421, "4.7.0", "Go away");
    edge_smtp_server_start(&play_it.machine, &play_it.rules, edge_reply_of(EDGE_R_BANNER));
    play_run(&play_it);
    PLAY_TOLD("ASK BANNER\nS: 421 4.7.0 Go away\nCLOSE banner_refused\n");
}

static void refused_at_connect(void **state) {
    (void)state;
    memset(&play_it, 0, sizeof(play_it));
    edge_smtp_server_refuse(&play_it.machine, &play_set, edge_reply_of(EDGE_R_TOO_MANY_CONNECTIONS),
                            EDGE_SMTP_CLOSE_TOO_MANY_CONNECTIONS);
    play_run(&play_it);
    PLAY_TOLD("S: 421 4.7.0 Too many connections\nCLOSE too_many_connections\n");
}

static void hello_arguments(void **state) {
    (void)state;
    play_begin();
    play_told(&play_it);
    play_say(&play_it, "EHLO\r\nHELO  \r\nEHLO a\001b\r\nHELO [1.2.3.4] more \r\nMAIL FROM:<a@b> SIZE=1\r\nBDAT 1\r\n");
    PLAY_TOLD(
        "S: 501 5.5.4 Syntax error in parameters or arguments\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
        "S: 501 5.5.4 Syntax error in parameters or arguments\n"
        "ASK HELO [[1.2.3.4] more]\nS: 250 Hello [1.2.3.4] more\n"
        "S: 555 5.5.4 Parameter not recognized: SIZE\nS: 500 5.5.2 Syntax error, command unrecognized\n");
    assert_false(edge_smtp_server_greeted_with_ehlo(&play_it.machine));
    char line[600];
    snprintf(line, sizeof(line), "EHLO %0255d\r\nEHLO %0256d\r\n", 1, 1);
    play_say(&play_it, line);
    const char *told = play_told(&play_it);
    assert_non_null(strstr(told, "S: 250-Hello 000"));
    assert_non_null(strstr(told, "S: 501 5.5.4"));
    assert_true(edge_smtp_server_greeted_with_ehlo(&play_it.machine));
}

static void refused_hello_leaves_all_as_it_was(void **state) {
    (void)state;
    play_begin();
    play_told(&play_it);
    play_answer(&play_it, EDGE_PHASE_EHLO, 550, "5.7.1", "Nobody's name");
    play_say(&play_it, "EHLO x\r\nMAIL FROM:<a@b>\r\n");
    PLAY_TOLD("ASK EHLO [x]\nS: 550 Nobody's name\nS: 503 5.5.1 Bad sequence of commands\n");
    play_answer(&play_it, EDGE_PHASE_EHLO, 0, NULL, NULL);
    play_say(&play_it, "EHLO x\r\nMAIL FROM:<a@b>\r\n");
    play_told(&play_it);
    play_answer(&play_it, EDGE_PHASE_EHLO, 450, NULL, "Later");
    play_say(&play_it, "EHLO y\r\nRCPT TO:<a@b>\r\n");
    PLAY_TOLD("ASK EHLO [y]\nS: 450 Later\nASK RCPT [a@b]\nS: 250 2.1.5 <a@b> Ok\n");
}

static void second_hello_resets(void **state) {
    (void)state;
    play_begin_envelope();
    play_say(&play_it, "HELO x\r\nRCPT TO:<a@b>\r\n");
    PLAY_TOLD("ASK HELO [x]\nRESET\nS: 250 Hello x\nS: 503 5.5.1 Bad sequence of commands\n");
    assert_false(edge_smtp_server_in_transaction(&play_it.machine));
}

/* MAIL and RCPT */

static void syntax_comes_before_order(void **state) {
    (void)state;
    play_begin();
    play_told(&play_it);
    play_say(&play_it,
             "MAIL FROM:a@b\r\nMAIL\r\nMAIL FROM:<a@b> SIZE=1\r\nRCPT TO:<>\r\nRCPT TO:<a@b>\r\nDATA x\r\nDATA\r\n"
             "RSET x\r\nQUIT now\r\n");
    PLAY_TOLD(
        "S: 501 5.5.4 Syntax error in parameters or arguments\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
        "S: 503 5.5.1 Bad sequence of commands\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
        "S: 503 5.5.1 Bad sequence of commands\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
        "S: 503 5.5.1 No valid sender given\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
        "S: 501 5.5.4 Syntax error in parameters or arguments\n");
    play_begin_greeted();
    play_say(&play_it, "MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\n");
    PLAY_TOLD("ASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nS: 503 5.5.1 Bad sequence of commands\nS: 503 5.5.1 No valid "
              "recipients given\n");
}

static void parameters(void **state) {
    (void)state;
    play_begin();
    edge_smtp_server_begins_with_tls(&play_it.machine); /* for REQUIRETLS */
    play_say(&play_it, "EHLO client.example.com\r\n");
    play_told(&play_it);
    play_say(&play_it, "mail from: <a@b.org>  size=999 BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=x+2By REQUIRETLS \r\n"
                       "rcpt to:<c@d.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d.org\r\n");
    PLAY_TOLD("ASK MAIL [a@b.org] SIZE=999 BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=x+2By REQUIRETLS needs 1b size 999\n"
              "S: 250 2.1.0 <a@b.org> Ok\n"
              "ASK RCPT [c@d.org] NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d.org needs 8\nS: 250 2.1.5 <c@d.org> Ok\n");
    play_say(&play_it, "RSET\r\nMAIL FROM:<a@b> FOO=1\r\nMAIL FROM:<a@b> SIZE=1 SIZE=1\r\nMAIL FROM:<a@b> SIZE=x\r\n"
                       "MAIL FROM:<a@b> NOTIFY=NEVER\r\nMAIL FROM:<a@b> SIZE=1001\r\nMAIL FROM:<a@b> =\r\n"
                       "MAIL FROM:<a@b> AUTH=<>\r\n");
    PLAY_TOLD("ASK RSET\nRESET\nS: 250 2.0.0 Ok\nS: 555 5.5.4 Parameter not recognized: FOO\n"
              "S: 501 5.5.4 Parameter given twice: SIZE\nS: 501 5.5.4 Bad value of parameter: SIZE\n"
              "S: 555 5.5.4 Parameter not recognized: NOTIFY\nS: 552 5.3.4 Message size exceeds 1000 limit\n"
              "S: 501 5.5.4 Syntax error in parameters or arguments\nS: 555 5.5.4 Parameter not recognized: AUTH\n");
}

static void keywords_that_were_not_announced(void **state) {
    (void)state;
    play_set.extensions = EDGE_X_BIT(PIPELINING);
    play_begin_greeted();
    play_say(&play_it, "MAIL FROM:<a@b> SIZE=1\r\nMAIL FROM:<a@b> BODY=7BIT\r\nBDAT 2\r\nMAIL FROM:<\xc3\xbc@b>\r\n");
    PLAY_TOLD(
        "S: 555 5.5.4 Parameter not recognized: SIZE\nS: 555 5.5.4 Parameter not recognized: BODY\n"
        "S: 500 5.5.2 Syntax error, command unrecognized\nS: 501 5.5.4 Syntax error in parameters or arguments\n");
}

static void announced_keywords_stay_understood(void **state) {
    (void)state;
    play_begin_greeted();
    play_set.extensions = 0;
    edge_smtp_server_use(&play_it.machine, &play_set);
    play_say(&play_it, "MAIL FROM:<a@b> BODY=8BITMIME\r\n");
    PLAY_TOLD("ASK MAIL [a@b] BODY=8BITMIME needs 1\nS: 250 2.1.0 <a@b> Ok\n");
}

static void utf8_addresses(void **state) {
    (void)state;
    play_begin_greeted();
    play_say(&play_it, "MAIL FROM:<\xc3\xbc@b.org>\r\nMAIL FROM:<a@b.org>\r\nRCPT TO:<\xc3\xbc@b.org>\r\nRSET\r\n"
                       "MAIL FROM:<\xc3@b.org> SMTPUTF8\r\n");
    PLAY_TOLD("S: 553 5.6.7 Non-ASCII address needs SMTPUTF8\nASK MAIL [a@b.org]\nS: 250 2.1.0 <a@b.org> Ok\n"
              "S: 553 5.6.7 Non-ASCII address needs SMTPUTF8\nASK RSET\nRESET\nS: 250 2.0.0 Ok\n"
              "S: 501 5.5.4 Syntax error in parameters or arguments\n");
    play_say(&play_it, "MAIL FROM:<\xc3\xbc@b.org> SMTPUTF8\r\nRCPT TO:<x@\xc3\xbc.org>\r\nEHLO \xc3\xbc\r\n");
    const char *told = play_told(&play_it);
    static const char expected[] = "ASK MAIL [\xc3\xbc@b.org] SMTPUTF8 needs 2\nS: 250 2.1.0 <\xc3\xbc@b.org> Ok\n"
                                   "ASK RCPT [x@\xc3\xbc.org]\nS: 250 2.1.5 <x@\xc3\xbc.org> Ok\n"
                                   "ASK EHLO [\xc3\xbc]\nRESET\nS: 250-Hello ??\n";
    assert_int_equal(strncmp(told, expected, strlen(expected)), 0);
}

static void refused_sender_and_recipient(void **state) {
    (void)state;
    play_begin_greeted();
    play_answer(&play_it, EDGE_PHASE_MAIL, 550, "5.7.1", "<%s> Not authorized");
    play_say(&play_it, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
    PLAY_TOLD("ASK MAIL [a@b]\nS: 550 5.7.1 <%s> Not authorized\nS: 503 5.5.1 Bad sequence of commands\n");
    play_answer(&play_it, EDGE_PHASE_MAIL, 0, NULL, NULL);
    play_answer(&play_it, EDGE_PHASE_RCPT, 450, NULL, "4.2.1 Not now\nreally");
    play_say(&play_it, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    PLAY_TOLD("ASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nASK RCPT [c@d]\nS: 450-4.2.1 Not now\nS: 450 4.2.1 really\n"
              "S: 503 5.5.1 No valid recipients given\n");
    play_answer(&play_it, EDGE_PHASE_RCPT, 251, NULL, "Will forward");
    play_say(&play_it, "RCPT TO:<c@d>\r\nDATA\r\n");
    PLAY_TOLD(
        "ASK RCPT [c@d]\nS: 251 2.0.0 Will forward\nASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\n");
}

static void recipients_are_limited(void **state) {
    (void)state;
    play_begin_envelope();
    play_say(&play_it,
             "RCPT TO:<2@d>\r\nRCPT TO:<3@d>\r\nRCPT TO:<4@d>\r\nRSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<4@d>\r\n");
    PLAY_TOLD(
        "ASK RCPT [2@d]\nS: 250 2.1.5 <2@d> Ok\nASK RCPT [3@d]\nS: 250 2.1.5 <3@d> Ok\nS: 452 4.5.3 Too many "
        "recipients\n"
        "ASK RSET\nRESET\nS: 250 2.0.0 Ok\nASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nASK RCPT [4@d]\nS: 250 2.1.5 <4@d> "
        "Ok\n");
}

/* The other verbs */

static void other_verbs(void **state) {
    (void)state;
    play_begin();
    play_told(&play_it);
    play_say(&play_it, "noop anything at all\r\nVRFY someone\r\nVRFY\r\nHELP\r\nHELP mail\r\nEXPN "
                       "list\r\nBANNER\r\n.\r\n\r\nETRN x\r\nRSET\r\n");
    PLAY_TOLD(
        "ASK NOOP [anything at all]\nS: 250 2.0.0 Ok\n"
        "ASK VRFY [someone]\nS: 252 2.1.5 Cannot verify the user, but will accept the message and attempt delivery\n"
        "S: 501 5.5.4 Syntax error in parameters or arguments\n"
        "ASK HELP []\nS: 214-2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP\nS: 214 2.0.0 See "
        "RFC 5321\n"
        "ASK HELP [mail]\nS: 214-2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP\nS: 214 2.0.0 "
        "See RFC 5321\n"
        "S: 502 5.5.1 Command not implemented\nS: 500 5.5.2 Syntax error, command unrecognized\n"
        "S: 500 5.5.2 Syntax error, command unrecognized\nS: 500 5.5.2 Syntax error, command unrecognized\n"
        "S: 500 5.5.2 Syntax error, command unrecognized\nASK RSET\nS: 250 2.0.0 Ok\n");
}

static void verbs_of_modules(void **state) {
    (void)state;
    play_begin_greeted();
    play_answer(&play_it, EDGE_PHASE_COUNT, 250, NULL, "2.0.0 pong");
    play_say(&play_it, "xping 1 2\r\nXPIN\r\nXFORWARD\r\nXPING XFORWARD\r\n");
    PLAY_TOLD("ASK COMMAND xping [1 2]\nS: 250 2.0.0 pong\nS: 500 5.5.2 Syntax error, command unrecognized\n"
              "ASK COMMAND XFORWARD []\nS: 250 2.0.0 pong\nASK COMMAND XPING [XFORWARD]\nS: 250 2.0.0 pong\n");
}

static void refused_reset_keeps_the_transaction(void **state) {
    (void)state;
    play_begin_envelope();
    play_answer(&play_it, EDGE_PHASE_RSET, 450, NULL, "No");
    play_say(&play_it, "RSET\r\nDATA\r\n");
    PLAY_TOLD("ASK RSET\nS: 450 4.0.0 No\nASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\n");
}

static void quit_closes_whatever_is_said(void **state) {
    (void)state;
    play_begin_greeted();
    play_answer(&play_it, EDGE_PHASE_QUIT, 550, NULL, "Stay");
    play_say(&play_it, "QUIT\r\nNOOP\r\n");
    PLAY_TOLD("ASK QUIT\nS: 550 5.0.0 Stay\nCLOSE quit\n");
}

static void replies_421_and_221_close(void **state) {
    (void)state;
    play_begin_greeted();
    play_answer(&play_it, EDGE_PHASE_NOOP, 421, "4.7.0", "Enough");
    play_say(&play_it, "NOOP\r\nNOOP\r\n");
    PLAY_TOLD("ASK NOOP []\nS: 421 4.7.0 Enough\nCLOSE policy\n");
    play_begin_greeted();
    play_answer(&play_it, EDGE_PHASE_MAIL, 221, NULL, "Bye");
    play_say(&play_it, "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n");
    PLAY_TOLD("ASK MAIL [a@b]\nS: 221 2.0.0 Bye\nCLOSE policy\n");
}

/* Lines */

static void bad_lines_are_one_line(void **state) {
    (void)state;
    play_begin_greeted();
    play_say(&play_it, "NOOP\nMAIL FROM:<a@b>\r\nNOOP\rQUIT\r\nNO\r\r\n\n\r\nNOOP\r\n");
    play_feed(&play_it, edge_span("NO\0OP\r\n", 7));
    PLAY_TOLD("S: 500 5.5.2 Syntax error, command unrecognized\nS: 500 5.5.2 Syntax error, command unrecognized\n"
              "S: 500 5.5.2 Syntax error, command unrecognized\nS: 500 5.5.2 Syntax error, command unrecognized\n"
              "ASK NOOP []\nS: 250 2.0.0 Ok\nS: 500 5.5.2 Syntax error, command unrecognized\n");
}

static void long_lines(void **state) {
    (void)state;
    static char line[20000];
    play_begin_greeted();
    memset(line, 'x', sizeof(line));
    memcpy(line, "NOOP ", 5);
    memcpy(line + 2046, "\r\nNOOP\r\n", 9);
    play_say(&play_it, line);
    const char *told = play_told(&play_it);
    assert_non_null(strstr(told, "S: 250 2.0.0 Ok\nASK NOOP []\nS: 250 2.0.0 Ok\n"));
    line[2046] = 'x';
    memcpy(line + 2047, "\r\nNOOP\r\n", 9);
    play_say(&play_it, line);
    PLAY_TOLD("S: 500 5.5.2 Line too long\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    memset(line + 2047, 'x', 9);
    memcpy(line + 9000, "\rQUIT\nRSET\r\nNOOP\r\n", 19);
    play_say(&play_it, line);
    PLAY_TOLD("S: 500 5.5.2 Line too long\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    memset(line, 'x', sizeof(line));
    memcpy(line, "AUTH x", 6);
    memcpy(line + 12286, "\r\nNOOP\r\n", 9);
    play_say(&play_it, line);
    PLAY_TOLD("S: 500 5.5.2 Syntax error, command unrecognized\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    line[12286] = 'x';
    memcpy(line + 12287, "\r\nNOOP\r\n", 9);
    play_say(&play_it, line);
    PLAY_TOLD("S: 500 5.5.6 Authentication line too long\nASK NOOP []\nS: 250 2.0.0 Ok\n");
}

static void a_long_line_is_no_progress(void **state) {
    (void)state;
    static char line[4096];
    memset(line, 'x', sizeof(line));
    play_begin_greeted();
    edge_smtp_action_t action;
    edge_smtp_server_input(&play_it.machine, edge_span(line, sizeof(line)));
    assert_false(edge_smtp_server_next(&play_it.machine, &action));
    assert_false(edge_smtp_server_progressed(&play_it.machine));
    assert_int_equal(edge_smtp_server_eaten(&play_it.machine), sizeof(line));
    edge_smtp_server_input(&play_it.machine, edge_span("\r\n", 2));
    assert_true(edge_smtp_server_next(&play_it.machine, &action));
    assert_true(edge_smtp_server_progressed(&play_it.machine));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAY_DIALOGUE(banner_refusals),
        PLAY_DIALOGUE(banner_refused_by_a_validator),
        PLAY_DIALOGUE(refused_at_connect),
        PLAY_DIALOGUE(hello_arguments),
        PLAY_DIALOGUE(refused_hello_leaves_all_as_it_was),
        PLAY_DIALOGUE(second_hello_resets),
        PLAY_DIALOGUE(syntax_comes_before_order),
        PLAY_DIALOGUE(parameters),
        PLAY_DIALOGUE(keywords_that_were_not_announced),
        PLAY_DIALOGUE(announced_keywords_stay_understood),
        PLAY_DIALOGUE(utf8_addresses),
        PLAY_DIALOGUE(refused_sender_and_recipient),
        PLAY_DIALOGUE(recipients_are_limited),
        PLAY_DIALOGUE(other_verbs),
        PLAY_DIALOGUE(verbs_of_modules),
        PLAY_DIALOGUE(refused_reset_keeps_the_transaction),
        PLAY_DIALOGUE(quit_closes_whatever_is_said),
        PLAY_DIALOGUE(replies_421_and_221_close),
        PLAY_DIALOGUE(bad_lines_are_one_line),
        PLAY_DIALOGUE(long_lines),
        PLAY_DIALOGUE(a_long_line_is_no_progress),
    };
    return play_dialogues(tests, EDGE_COUNT(tests));
}
