/* Dialogues: each is played whole, in pieces of 1 and 3 octets, and with answers that come late, and must read the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "smtp_play.h"

static edge_smtp_rules_t rules;
static play_t play;
static size_t cut;
static bool late;

#define TOLD(text) assert_string_equal(play_told(&play), text)

static int setup(void **state) {
    (void)state;
    play_rules(&rules);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    play_end(&play);
    return 0;
}

static void start(void) { play_start(&play, &rules, cut, late); }
static void greeted(void) { play_greeted(&play, &rules, cut, late); }

static void envelope(void) {
    greeted();
    play_say(&play, "MAIL FROM:<a@b.org>\r\nRCPT TO:<c@d.org>\r\n");
    play_told(&play);
}

static void in_data(void) {
    envelope();
    play_say(&play, "DATA\r\n");
    play_told(&play);
}

#define STORED "ASK HAVE_DATA\nCOMMIT\nS: 250 2.6.0 Message queued as 7\n"

/* The whole way */

static void documented_session(void **state) {
    (void)state;
    rules.extensions = EDGE_X_BIT(8BITMIME) | EDGE_X_BIT(PIPELINING) | EDGE_X_BIT(ENHANCEDSTATUSCODES);
    rules.max_message_size = 0;
    start();
    play_say(&play, "EHLO client.example.com\r\nMAIL FROM:<sender@client.example.com>\r\n"
                    "RCPT TO:<recipient@server.example.com>\r\nDATA\r\n"
                    "Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
    TOLD("ASK BANNER\n"
         "S: 220 slimta.org ESMTP Mail Gateway\n"
         "ASK EHLO [client.example.com]\n"
         "S: 250-Hello client.example.com\n"
         "S: 250-8BITMIME\n"
         "S: 250-PIPELINING\n"
         "S: 250 ENHANCEDSTATUSCODES\n"
         "ASK MAIL [sender@client.example.com]\n"
         "S: 250 2.1.0 <sender@client.example.com> Ok\n"
         "ASK RCPT [recipient@server.example.com]\n"
         "S: 250 2.1.5 <recipient@server.example.com> Ok\n"
         "ASK DATA\n"
         "S: 354 Start mail input; end with <CRLF>.<CRLF>\n"
         "OPEN\n"
         "BODY Subject: x\\r\\n\\r\\n.dot\\r\\n\n" STORED "ASK QUIT\n"
         "S: 221 2.0.0 Bye\n"
         "CLOSE quit\n");
}

static void all_keywords(void **state) {
    (void)state;
    start();
    play_told(&play);
    play_say(&play, "EHLO x\r\n");
    TOLD("ASK EHLO [x]\nS: 250-Hello x\nS: 250-8BITMIME\nS: 250-PIPELINING\nS: 250-ENHANCEDSTATUSCODES\nS: 250-SIZE "
         "1000\n"
         "S: 250-SMTPUTF8\nS: 250-CHUNKING\nS: 250-BINARYMIME\nS: 250-DSN\nS: 250-REQUIRETLS\nS: 250 LIMITS "
         "RCPTMAX=3\n");
    rules.max_message_size = 0;
    rules.max_recipients = 0;
    rules.extensions = EDGE_X_BIT(SIZE) | EDGE_X_BIT(LIMITS) | EDGE_X_BIT(STARTTLS) | EDGE_X_BIT(AUTH);
    edge_smtp_server_use(&play.machine, &rules);
    play_say(&play, "EHLO x\r\nSTARTTLS\r\nAUTH PLAIN\r\n");
    TOLD("ASK EHLO [x]\nS: 250 Hello x\n"
         "S: 500 5.5.2 Syntax error, command unrecognized\nS: 500 5.5.2 Syntax error, command unrecognized\n");
}

static void two_messages_in_one_session(void **state) {
    (void)state;
    envelope();
    play_say(
        &play,
        "DATA\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nRCPT TO:<@r.org,@s.org:x@y.org>\r\nDATA\r\nhi\r\n.\r\n");
    TOLD("ASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\n" STORED
         "ASK MAIL []\nS: 250 2.1.0 <> Ok\nASK RCPT [Postmaster]\nS: 250 2.1.5 <Postmaster> Ok\n"
         "ASK RCPT [x@y.org]\nS: 250 2.1.5 <x@y.org> Ok\n"
         "ASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\nBODY hi\\r\\n\n" STORED);
}

/* Banner and hello */

static void banner_refusals(void **state) {
    (void)state;
    memset(&play, 0, sizeof(play));
    play.rules = rules;
    play.cut = cut;
    play.late = late;
    edge_reply_t banner = edge_reply_of(EDGE_R_BANNER);
    banner.code = 554;
    edge_smtp_server_start(&play.machine, &play.rules, banner);
    play_run(&play);
    TOLD("ASK BANNER\nS: 554  ESMTP Mail Gateway\n");
    play_say(&play, "EHLO x\r\nNOOP\r\nbad\nline\r\nQUIT\r\n");
    TOLD("S: 503 5.5.1 Bad sequence of commands\nS: 503 5.5.1 Bad sequence of commands\n"
         "S: 503 5.5.1 Bad sequence of commands\nASK QUIT\nS: 221 2.0.0 Bye\nCLOSE quit\n");
}

static void banner_refused_by_a_validator(void **state) {
    (void)state;
    memset(&play, 0, sizeof(play));
    play.rules = rules;
    play_answer(&play, EDGE_PHASE_BANNER, 421, "4.7.0", "Go away");
    edge_smtp_server_start(&play.machine, &play.rules, edge_reply_of(EDGE_R_BANNER));
    play_run(&play);
    TOLD("ASK BANNER\nS: 421 4.7.0 Go away\nCLOSE banner_refused\n");
}

static void refused_at_connect(void **state) {
    (void)state;
    memset(&play, 0, sizeof(play));
    edge_smtp_server_refuse(&play.machine, &rules, edge_reply_of(EDGE_R_TOO_MANY_CONNECTIONS), 11);
    play_run(&play);
    TOLD("S: 421 4.7.0 Too many connections\nCLOSE too_many_connections\n");
}

static void hello_arguments(void **state) {
    (void)state;
    start();
    play_told(&play);
    play_say(&play, "EHLO\r\nHELO  \r\nEHLO a\001b\r\nHELO [1.2.3.4] more \r\nMAIL FROM:<a@b> SIZE=1\r\nBDAT 1\r\n");
    TOLD("S: 501 5.5.4 Syntax error in parameters or arguments\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
         "S: 501 5.5.4 Syntax error in parameters or arguments\n"
         "ASK HELO [[1.2.3.4] more]\nS: 250 Hello [1.2.3.4] more\n"
         "S: 555 5.5.4 Parameter not recognized: SIZE\nS: 500 5.5.2 Syntax error, command unrecognized\n");
    assert_false(edge_smtp_server_greeted_with_ehlo(&play.machine));
    char line[600];
    snprintf(line, sizeof(line), "EHLO %0255d\r\nEHLO %0256d\r\n", 1, 1);
    play_say(&play, line);
    const char *told = play_told(&play);
    assert_non_null(strstr(told, "S: 250-Hello 000"));
    assert_non_null(strstr(told, "S: 501 5.5.4"));
    assert_true(edge_smtp_server_greeted_with_ehlo(&play.machine));
}

static void refused_hello_leaves_all_as_it_was(void **state) {
    (void)state;
    start();
    play_told(&play);
    play_answer(&play, EDGE_PHASE_EHLO, 550, "5.7.1", "Nobody's name");
    play_say(&play, "EHLO x\r\nMAIL FROM:<a@b>\r\n");
    TOLD("ASK EHLO [x]\nS: 550 Nobody's name\nS: 503 5.5.1 Bad sequence of commands\n");
    play_answer(&play, EDGE_PHASE_EHLO, 0, NULL, NULL);
    play_say(&play, "EHLO x\r\nMAIL FROM:<a@b>\r\n");
    play_told(&play);
    play_answer(&play, EDGE_PHASE_EHLO, 450, NULL, "Later");
    play_say(&play, "EHLO y\r\nRCPT TO:<a@b>\r\n");
    TOLD("ASK EHLO [y]\nS: 450 Later\nASK RCPT [a@b]\nS: 250 2.1.5 <a@b> Ok\n");
}

static void second_hello_resets(void **state) {
    (void)state;
    envelope();
    play_say(&play, "HELO x\r\nRCPT TO:<a@b>\r\n");
    TOLD("ASK HELO [x]\nRESET\nS: 250 Hello x\nS: 503 5.5.1 Bad sequence of commands\n");
    assert_false(edge_smtp_server_in_transaction(&play.machine));
}

/* MAIL and RCPT */

static void syntax_comes_before_order(void **state) {
    (void)state;
    start();
    play_told(&play);
    play_say(&play,
             "MAIL FROM:a@b\r\nMAIL\r\nMAIL FROM:<a@b> SIZE=1\r\nRCPT TO:<>\r\nRCPT TO:<a@b>\r\nDATA x\r\nDATA\r\n"
             "RSET x\r\nQUIT now\r\n");
    TOLD("S: 501 5.5.4 Syntax error in parameters or arguments\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
         "S: 503 5.5.1 Bad sequence of commands\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
         "S: 503 5.5.1 Bad sequence of commands\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
         "S: 503 5.5.1 No valid sender given\nS: 501 5.5.4 Syntax error in parameters or arguments\n"
         "S: 501 5.5.4 Syntax error in parameters or arguments\n");
    greeted();
    play_say(&play, "MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nDATA\r\n");
    TOLD("ASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nS: 503 5.5.1 Bad sequence of commands\nS: 503 5.5.1 No valid "
         "recipients given\n");
}

static void parameters(void **state) {
    (void)state;
    greeted();
    play_say(&play, "mail from: <a@b.org>  size=999 BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=x+2By REQUIRETLS \r\n"
                    "rcpt to:<c@d.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d.org\r\n");
    TOLD("ASK MAIL [a@b.org] SIZE=999 BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=x+2By REQUIRETLS needs 1b size 999\n"
         "S: 250 2.1.0 <a@b.org> Ok\n"
         "ASK RCPT [c@d.org] NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d.org needs 8\nS: 250 2.1.5 <c@d.org> Ok\n");
    play_say(&play, "RSET\r\nMAIL FROM:<a@b> FOO=1\r\nMAIL FROM:<a@b> SIZE=1 SIZE=1\r\nMAIL FROM:<a@b> SIZE=x\r\n"
                    "MAIL FROM:<a@b> NOTIFY=NEVER\r\nMAIL FROM:<a@b> SIZE=1001\r\nMAIL FROM:<a@b> =\r\n"
                    "MAIL FROM:<a@b> AUTH=<>\r\n");
    TOLD("ASK RSET\nRESET\nS: 250 2.0.0 Ok\nS: 555 5.5.4 Parameter not recognized: FOO\n"
         "S: 501 5.5.4 Parameter given twice: SIZE\nS: 501 5.5.4 Bad value of parameter: SIZE\n"
         "S: 555 5.5.4 Parameter not recognized: NOTIFY\nS: 552 5.3.4 Message size exceeds 1000 limit\n"
         "S: 501 5.5.4 Syntax error in parameters or arguments\nS: 555 5.5.4 Parameter not recognized: AUTH\n");
}

static void keywords_that_were_not_announced(void **state) {
    (void)state;
    rules.extensions = EDGE_X_BIT(PIPELINING);
    greeted();
    play_say(&play, "MAIL FROM:<a@b> SIZE=1\r\nMAIL FROM:<a@b> BODY=7BIT\r\nBDAT 2\r\nMAIL FROM:<\xc3\xbc@b>\r\n");
    TOLD("S: 555 5.5.4 Parameter not recognized: SIZE\nS: 555 5.5.4 Parameter not recognized: BODY\n"
         "S: 500 5.5.2 Syntax error, command unrecognized\nS: 501 5.5.4 Syntax error in parameters or arguments\n");
}

static void announced_keywords_stay_understood(void **state) {
    (void)state;
    greeted();
    rules.extensions = 0;
    edge_smtp_server_use(&play.machine, &rules);
    play_say(&play, "MAIL FROM:<a@b> BODY=8BITMIME\r\n");
    TOLD("ASK MAIL [a@b] BODY=8BITMIME needs 1\nS: 250 2.1.0 <a@b> Ok\n");
}

static void utf8_addresses(void **state) {
    (void)state;
    greeted();
    play_say(&play, "MAIL FROM:<\xc3\xbc@b.org>\r\nMAIL FROM:<a@b.org>\r\nRCPT TO:<\xc3\xbc@b.org>\r\nRSET\r\n"
                    "MAIL FROM:<\xc3@b.org> SMTPUTF8\r\n");
    TOLD("S: 553 5.6.7 Non-ASCII address needs SMTPUTF8\nASK MAIL [a@b.org]\nS: 250 2.1.0 <a@b.org> Ok\n"
         "S: 553 5.6.7 Non-ASCII address needs SMTPUTF8\nASK RSET\nRESET\nS: 250 2.0.0 Ok\n"
         "S: 501 5.5.4 Syntax error in parameters or arguments\n");
    play_say(&play, "MAIL FROM:<\xc3\xbc@b.org> SMTPUTF8\r\nRCPT TO:<x@\xc3\xbc.org>\r\nEHLO \xc3\xbc\r\n");
    const char *told = play_told(&play);
    static const char expected[] = "ASK MAIL [\xc3\xbc@b.org] SMTPUTF8 needs 2\nS: 250 2.1.0 <\xc3\xbc@b.org> Ok\n"
                                   "ASK RCPT [x@\xc3\xbc.org]\nS: 250 2.1.5 <x@\xc3\xbc.org> Ok\n"
                                   "ASK EHLO [\xc3\xbc]\nRESET\nS: 250-Hello ??\n";
    assert_int_equal(strncmp(told, expected, strlen(expected)), 0);
}

static void refused_sender_and_recipient(void **state) {
    (void)state;
    greeted();
    play_answer(&play, EDGE_PHASE_MAIL, 550, "5.7.1", "<%s> Not authorized");
    play_say(&play, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
    TOLD("ASK MAIL [a@b]\nS: 550 5.7.1 <%s> Not authorized\nS: 503 5.5.1 Bad sequence of commands\n");
    play_answer(&play, EDGE_PHASE_MAIL, 0, NULL, NULL);
    play_answer(&play, EDGE_PHASE_RCPT, 450, NULL, "4.2.1 Not now\nreally");
    play_say(&play, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    TOLD("ASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nASK RCPT [c@d]\nS: 450-4.2.1 Not now\nS: 450 4.2.1 really\n"
         "S: 503 5.5.1 No valid recipients given\n");
    play_answer(&play, EDGE_PHASE_RCPT, 251, NULL, "Will forward");
    play_say(&play, "RCPT TO:<c@d>\r\nDATA\r\n");
    TOLD(
        "ASK RCPT [c@d]\nS: 251 2.0.0 Will forward\nASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\n");
}

static void recipients_are_limited(void **state) {
    (void)state;
    envelope();
    play_say(&play, "RCPT TO:<2@d>\r\nRCPT TO:<3@d>\r\nRCPT TO:<4@d>\r\nRSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<4@d>\r\n");
    TOLD("ASK RCPT [2@d]\nS: 250 2.1.5 <2@d> Ok\nASK RCPT [3@d]\nS: 250 2.1.5 <3@d> Ok\nS: 452 4.5.3 Too many "
         "recipients\n"
         "ASK RSET\nRESET\nS: 250 2.0.0 Ok\nASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nASK RCPT [4@d]\nS: 250 2.1.5 <4@d> "
         "Ok\n");
}

/* The other verbs */

static void other_verbs(void **state) {
    (void)state;
    start();
    play_told(&play);
    play_say(&play, "noop anything at all\r\nVRFY someone\r\nVRFY\r\nHELP\r\nHELP mail\r\nEXPN "
                    "list\r\nBANNER\r\n.\r\n\r\nETRN x\r\nRSET\r\n");
    TOLD("ASK NOOP [anything at all]\nS: 250 2.0.0 Ok\n"
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
    greeted();
    play_answer(&play, EDGE_PHASE_COUNT, 250, NULL, "2.0.0 pong");
    play_say(&play, "xping 1 2\r\nXPIN\r\nXFORWARD\r\nXPING XFORWARD\r\n");
    TOLD("ASK COMMAND xping [1 2]\nS: 250 2.0.0 pong\nS: 500 5.5.2 Syntax error, command unrecognized\n"
         "ASK COMMAND XFORWARD []\nS: 250 2.0.0 pong\nASK COMMAND XPING [XFORWARD]\nS: 250 2.0.0 pong\n");
}

static void refused_reset_keeps_the_transaction(void **state) {
    (void)state;
    envelope();
    play_answer(&play, EDGE_PHASE_RSET, 450, NULL, "No");
    play_say(&play, "RSET\r\nDATA\r\n");
    TOLD("ASK RSET\nS: 450 4.0.0 No\nASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\n");
}

static void quit_closes_whatever_is_said(void **state) {
    (void)state;
    greeted();
    play_answer(&play, EDGE_PHASE_QUIT, 550, NULL, "Stay");
    play_say(&play, "QUIT\r\nNOOP\r\n");
    TOLD("ASK QUIT\nS: 550 5.0.0 Stay\nCLOSE quit\n");
}

static void replies_421_and_221_close(void **state) {
    (void)state;
    greeted();
    play_answer(&play, EDGE_PHASE_NOOP, 421, "4.7.0", "Enough");
    play_say(&play, "NOOP\r\nNOOP\r\n");
    TOLD("ASK NOOP []\nS: 421 4.7.0 Enough\nCLOSE policy\n");
    greeted();
    play_answer(&play, EDGE_PHASE_MAIL, 221, NULL, "Bye");
    play_say(&play, "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n");
    TOLD("ASK MAIL [a@b]\nS: 221 2.0.0 Bye\nCLOSE policy\n");
}

/* Lines */

static void bad_lines_are_one_line(void **state) {
    (void)state;
    greeted();
    play_say(&play, "NOOP\nMAIL FROM:<a@b>\r\nNOOP\rQUIT\r\nNO\r\r\n\n\r\nNOOP\r\n");
    play_feed(&play, edge_span("NO\0OP\r\n", 7));
    TOLD("S: 500 5.5.2 Syntax error, command unrecognized\nS: 500 5.5.2 Syntax error, command unrecognized\n"
         "S: 500 5.5.2 Syntax error, command unrecognized\nS: 500 5.5.2 Syntax error, command unrecognized\n"
         "ASK NOOP []\nS: 250 2.0.0 Ok\nS: 500 5.5.2 Syntax error, command unrecognized\n");
}

static void long_lines(void **state) {
    (void)state;
    static char line[20000];
    greeted();
    memset(line, 'x', sizeof(line));
    memcpy(line, "NOOP ", 5);
    memcpy(line + 2046, "\r\nNOOP\r\n", 9);
    play_say(&play, line);
    const char *told = play_told(&play);
    assert_non_null(strstr(told, "S: 250 2.0.0 Ok\nASK NOOP []\nS: 250 2.0.0 Ok\n"));
    line[2046] = 'x';
    memcpy(line + 2047, "\r\nNOOP\r\n", 9);
    play_say(&play, line);
    TOLD("S: 500 5.5.2 Line too long\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    memset(line + 2047, 'x', 9);
    memcpy(line + 9000, "\rQUIT\nRSET\r\nNOOP\r\n", 19);
    play_say(&play, line);
    TOLD("S: 500 5.5.2 Line too long\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    memset(line, 'x', sizeof(line));
    memcpy(line, "AUTH x", 6);
    memcpy(line + 12286, "\r\nNOOP\r\n", 9);
    play_say(&play, line);
    TOLD("S: 500 5.5.2 Syntax error, command unrecognized\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    line[12286] = 'x';
    memcpy(line + 12287, "\r\nNOOP\r\n", 9);
    play_say(&play, line);
    TOLD("S: 500 5.5.6 Authentication line too long\nASK NOOP []\nS: 250 2.0.0 Ok\n");
}

static void a_long_line_is_no_progress(void **state) {
    (void)state;
    static char line[4096];
    memset(line, 'x', sizeof(line));
    greeted();
    edge_smtp_action_t action;
    edge_smtp_server_input(&play.machine, edge_span(line, sizeof(line)));
    assert_false(edge_smtp_server_next(&play.machine, &action));
    assert_false(edge_smtp_server_progressed(&play.machine));
    assert_int_equal(edge_smtp_server_eaten(&play.machine), sizeof(line));
    edge_smtp_server_input(&play.machine, edge_span("\r\n", 2));
    assert_true(edge_smtp_server_next(&play.machine, &action));
    assert_true(edge_smtp_server_progressed(&play.machine));
}

/* Messages */

static void refused_data_keeps_the_transaction(void **state) {
    (void)state;
    envelope();
    play_answer(&play, EDGE_PHASE_DATA, 450, "4.7.1", "Wait");
    play_say(&play, "DATA\r\nNOOP\r\n");
    TOLD("ASK DATA\nS: 450 4.7.1 Wait\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    play_answer(&play, EDGE_PHASE_DATA, 250, NULL, "Fine");
    play_say(&play, "DATA\r\nNOOP\r\n");
    TOLD("ASK DATA\nS: 250 2.0.0 Fine\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    play_answer(&play, EDGE_PHASE_DATA, 0, NULL, NULL);
    play_say(&play, "DATA\r\n.\r\n");
    TOLD("ASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\n" STORED);
}

static void refused_message(void **state) {
    (void)state;
    in_data();
    play_answer(&play, EDGE_PHASE_HAVE_DATA, 554, "5.7.1", "Spam");
    play_say(&play, "x\r\n.\r\nRCPT TO:<a@b>\r\n");
    TOLD("BODY x\\r\\n\nASK HAVE_DATA\nDROP\nRESET\nS: 554 5.7.1 Spam\nS: 503 5.5.1 Bad sequence of commands\n");
}

static void queue_refuses(void **state) {
    (void)state;
    in_data();
    play_answer(&play, -1, 452, "4.3.1", "Full");
    play_say(&play, ".\r\nDATA\r\n");
    TOLD("ASK HAVE_DATA\nCOMMIT\nS: 452 4.3.1 Full\nS: 503 5.5.1 No valid sender given\n");
    in_data();
    play_answer(&play, -1, 421, NULL, "Gone");
    play_say(&play, ".\r\nDATA\r\n");
    TOLD("ASK HAVE_DATA\nCOMMIT\nS: 421 4.0.0 Gone\nCLOSE policy\n");
}

static void success_of_have_data_is_stored_even_with_221(void **state) {
    (void)state;
    in_data();
    play_answer(&play, EDGE_PHASE_HAVE_DATA, 221, NULL, "Thanks");
    play_say(&play, ".\r\nNOOP\r\n");
    TOLD("ASK HAVE_DATA\nCOMMIT\nS: 250 2.6.0 Message queued as 7\nCLOSE policy\n");
}

static void oversize(void **state) {
    (void)state;
    static char text[1200];
    memset(text, 'x', sizeof(text));
    memcpy(text + 998, "\r\n.\r\nNOOP\r\n", 12);
    in_data();
    play_say(&play, text);
    const char *told = play_told(&play);
    assert_int_equal(strncmp(told, "BODY xxx", 8), 0);
    assert_non_null(strstr(told, "xx\\r\\n\n" STORED "ASK NOOP []\n"));
    in_data();
    memmove(text + 999, text + 998, 12);
    text[998] = 'x';
    play_say(&play, text);
    told = play_told(&play);
    assert_null(strstr(told, "COMMIT"));
    assert_non_null(
        strstr(told, "DROP\nRESET\nS: 552 5.3.4 Message exceeded size limit.\nASK NOOP []\nS: 250 2.0.0 Ok\n"));
}

static void bare_newlines_are_refused(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "a\nb\r\n",  "a\rb\r\n",         "a\n.\n",           "a\n.\r\nMAIL FROM:<e@f>\r\n",
        "a\r.\r\nx", "a\r\n.\nQUIT\r\n", "a\r\n.\rQUIT\r\n", "a\r\r\n",
        "a\n\r\n",   "\n.\nRSET\r\n",    "a\r\n.\r\r\n",     "\r.\r\n",
    };
    for (unsigned i = 0; i < EDGE_COUNT(bodies); i++) {
        in_data();
        play_say(&play, bodies[i]);
        play_say(&play, "end\r\n.\r\nNOOP\r\n");
        const char *told = play_told(&play), *drop = strstr(told, "DROP\n");
        assert_non_null(drop);
        assert_string_equal(drop,
                            "DROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\nASK NOOP []\nS: 250 2.0.0 Ok\n");
        play_end(&play);
    }
}

static void bare_newline_and_close(void **state) {
    (void)state;
    rules.newlines = EDGE_NEWLINE_REJECT_CLOSE;
    in_data();
    play_say(&play, "a\n.\r\nMAIL FROM:<e@f>\r\n.\r\nNOOP\r\n");
    const char *told = play_told(&play);
    assert_non_null(strstr(told, "DROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\n"
                                 "S: 421 4.6.0 Message contains bare CR or LF\nCLOSE bare_newline\n"));
    assert_null(strstr(told, "NOOP"));
}

static void bare_lf_is_normalized(void **state) {
    (void)state;
    rules.newlines = EDGE_NEWLINE_NORMALIZE;
    in_data();
    play_say(&play, "a\n.\nMAIL FROM:<e@f>\n\n.\r\nb\r\n..c\n..d\r\n.\r\nNOOP\r\n");
    TOLD("BODY a\\r\\n.\\r\\nMAIL FROM:<e@f>\\r\\n\\r\\n.\\r\\nb\\r\\n.c\\r\\n..d\\r\\n\n" STORED
         "ASK NOOP []\nS: 250 2.0.0 Ok\n");
    in_data();
    play_say(&play, "a\rb\n\r\n.\r\n");
    assert_non_null(strstr(play_told(&play), "DROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\n"));
}

/* BDAT */

static void chunks(void **state) {
    (void)state;
    envelope();
    play_say(&play, "BDAT 4\r\n.\r\n.NOOP\r\nBDAT 0\r\nBDAT 3\r\n\r\nxbdat 0 last\r\nQUIT\r\n");
    TOLD("ASK DATA\nOPEN\nBODY .\\r\\n.\nS: 250 2.0.0 4 octets received\nASK NOOP []\nS: 250 2.0.0 Ok\n"
         "S: 250 2.0.0 0 octets received\nBODY \\r\\nx\nS: 250 2.0.0 3 octets received\n" STORED
         "ASK QUIT\nS: 221 2.0.0 Bye\nCLOSE quit\n");
}

static void one_chunk(void **state) {
    (void)state;
    envelope();
    play_say(&play, "BDAT 5 LAST\r\nQUIT\rMAIL FROM:<>\r\n");
    TOLD("ASK DATA\nOPEN\nBODY QUIT\\r\nDROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\n"
         "ASK MAIL []\nS: 250 2.1.0 <> Ok\n");
}

static void crlf_over_two_chunks(void **state) {
    (void)state;
    envelope();
    play_say(&play, "BDAT 2\r\na\rBDAT 2 LAST\r\n\nb");
    TOLD("ASK DATA\nOPEN\nBODY a\\r\nS: 250 2.0.0 2 octets received\nBODY \\nb\n" STORED);
}

static void chunks_out_of_order(void **state) {
    (void)state;
    greeted();
    play_say(&play, "BDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<a@b>\r\nBDAT 6 LAST\r\nQUIT\r\nRCPT TO:<c@d>\r\n");
    TOLD("S: 503 5.5.1 No valid sender given\nASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nS: 503 5.5.1 No valid recipients "
         "given\n"
         "ASK RCPT [c@d]\nS: 250 2.1.5 <c@d> Ok\n");
    play_say(&play, "BDAT 1\r\nxDATA\r\nMAIL FROM:<>\r\nRCPT TO:<e@f>\r\nRSET\r\nBDAT 0\r\n");
    TOLD("ASK DATA\nOPEN\nBODY x\nS: 250 2.0.0 1 octets received\nS: 503 5.5.1 Bad sequence of commands\n"
         "S: 503 5.5.1 Bad sequence of commands\nS: 503 5.5.1 Bad sequence of commands\n"
         "ASK RSET\nDROP\nRESET\nS: 250 2.0.0 Ok\nS: 503 5.5.1 No valid sender given\n");
}

static void failed_chunk_spoils_the_rest(void **state) {
    (void)state;
    envelope();
    play_say(&play, "BDAT 3\r\na\nbBDAT 1 \r\nxMAIL FROM:<>\r\nDATA\r\nRSET\r\nMAIL FROM:<>\r\n");
    const char *told = play_told(&play);
    assert_non_null(strstr(told, "DROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\n"
                                 "S: 503 5.5.1 Bad sequence of commands\nS: 503 5.5.1 Bad sequence of commands\n"
                                 "S: 503 5.5.1 Bad sequence of commands\nASK RSET\nS: 250 2.0.0 Ok\nASK MAIL []\n"));
    envelope();
    play_say(&play, "BDAT 3\r\na\nbBDAT 1 LAST\r\nxMAIL FROM:<>\r\n");
    assert_non_null(
        strstr(play_told(&play), "S: 503 5.5.1 Bad sequence of commands\nASK MAIL []\nS: 250 2.1.0 <> Ok\n"));
}

static void chunks_too_large(void **state) {
    (void)state;
    static char text[1100];
    memset(text, 'x', sizeof(text) - 1);
    envelope();
    play_say(&play, "BDAT 1001 LAST\r\n");
    play_feed(&play, edge_span(text, 1001));
    play_say(&play, "NOOP\r\n");
    TOLD("ASK DATA\nRESET\nS: 552 5.3.4 Message exceeded size limit.\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    envelope();
    play_say(&play, "BDAT 1\r\nyBDAT 1000 LAST\r\n");
    TOLD("ASK DATA\nOPEN\nBODY y\nS: 250 2.0.0 1 octets received\nDROP\n");
    play_feed(&play, edge_span(text, 1000));
    play_say(&play, "NOOP\r\n");
    TOLD("RESET\nS: 552 5.3.4 Message exceeded size limit.\nASK NOOP []\nS: 250 2.0.0 Ok\n");
}

static void refused_chunk_is_swallowed_first(void **state) {
    (void)state;
    envelope();
    play_answer(&play, EDGE_PHASE_DATA, 451, "4.7.1", "Greylisted");
    play_say(&play, "BDAT 6\r\nQU");
    TOLD("ASK DATA\n");
    play_say(&play, "IT\r\nBDAT 2 LAST\r\n\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<x@y>\r\nBDAT 2 LAST\r\nab");
    TOLD("S: 451 4.7.1 Greylisted\nS: 503 5.5.1 Bad sequence of commands\nASK RSET\nRESET\nS: 250 2.0.0 Ok\n"
         "ASK MAIL []\nS: 250 2.1.0 <> Ok\nASK RCPT [x@y]\nS: 250 2.1.5 <x@y> Ok\nASK DATA\nS: 451 4.7.1 Greylisted\n");
    play_answer(&play, EDGE_PHASE_DATA, 0, NULL, NULL);
    play_say(&play, "BDAT 2 LAST\r\nab");
    TOLD("ASK DATA\nOPEN\nBODY ab\n" STORED);
}

static void unreadable_chunks(void **state) {
    (void)state;
    envelope();
    play_say(&play,
             "BDAT\r\nBDAT 0\r\nRSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nxBDAT x\r\nBDAT 0 LAST\r\n");
    TOLD("S: 501 5.5.4 Syntax error in parameters or arguments\nS: 503 5.5.1 Bad sequence of commands\n"
         "ASK RSET\nRESET\nS: 250 2.0.0 Ok\nASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nASK RCPT [c@d]\nS: 250 2.1.5 <c@d> "
         "Ok\n"
         "ASK DATA\nOPEN\nBODY x\nS: 250 2.0.0 1 octets received\n"
         "DROP\nRESET\nS: 501 5.5.4 Syntax error in parameters or arguments\nS: 503 5.5.1 Bad sequence of commands\n");
}

static void binary(void **state) {
    (void)state;
    greeted();
    play_say(&play, "MAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nDATA\r\nBDAT 4\r\na\n\rbBDAT 1 LAST\r\n\r");
    TOLD("ASK MAIL [a@b] BODY=BINARYMIME needs 4\nS: 250 2.1.0 <a@b> Ok\nASK RCPT [c@d]\nS: 250 2.1.5 <c@d> Ok\n"
         "S: 503 5.5.1 Bad sequence of commands\n"
         "ASK DATA\nOPEN\nBODY a\\n\\rb\nS: 250 2.0.0 4 octets received\nBODY \\r\n" STORED);
}

/* Limits and events */

static void too_many_errors(void **state) {
    (void)state;
    rules.max_errors = 3;
    greeted();
    play_say(&play, "X\r\nNOOP\r\nY\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nxZ\r\nNOOP\r\n");
    TOLD(
        "S: 500 5.5.2 Syntax error, command unrecognized\nASK NOOP []\nS: 250 2.0.0 Ok\n"
        "S: 500 5.5.2 Syntax error, command unrecognized\nASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\n"
        "ASK RCPT [c@d]\nS: 250 2.1.5 <c@d> Ok\nASK DATA\nOPEN\nBODY x\nS: 250 2.0.0 1 octets received\n"
        "DROP\nS: 500 5.5.2 Syntax error, command unrecognized\nS: 421 4.7.0 Too many errors\nCLOSE too_many_errors\n");
}

static void timeouts(void **state) {
    (void)state;
    greeted();
    edge_smtp_server_timeout(&play.machine, 4);
    play_run(&play);
    TOLD("S: 421 4.4.2 Connection timed out.\nCLOSE timeout_command\n");
    in_data();
    assert_true(edge_smtp_server_in_data(&play.machine));
    play_say(&play, "x");
    edge_smtp_server_timeout(&play.machine, 5);
    play_run(&play);
    TOLD("BODY x\nDROP\nS: 421 4.4.2 Connection timed out.\nCLOSE timeout_data\n");
}

static void peer_goes(void **state) {
    (void)state;
    greeted();
    edge_smtp_server_peer_closed(&play.machine);
    play_run(&play);
    TOLD("CLOSE peer_closed\n");
    in_data();
    play_say(&play, "x\r\n.");
    edge_smtp_server_peer_closed(&play.machine);
    play_run(&play);
    TOLD("BODY x\\r\\n\nDROP\nCLOSE peer_closed_in_data\n");
}

static void peer_goes_while_an_answer_is_awaited(void **state) {
    (void)state;
    in_data();
    play.manual = true;
    play_say(&play, "x\r\n.\r\n");
    edge_smtp_server_peer_closed(&play.machine);
    play_run(&play);
    TOLD("BODY x\\r\\n\nASK HAVE_DATA\n");
    play_verdict(&play, play.open);
    TOLD("COMMIT\n");
    play_stored(&play, edge_reply_about(EDGE_R_QUEUED, edge_span_of("8")));
    TOLD("S: 250 2.6.0 Message queued as 8\nCLOSE peer_closed\n");
}

static void nothing_is_eaten_while_waiting(void **state) {
    (void)state;
    greeted();
    play.manual = true;
    edge_smtp_action_t action;
    edge_smtp_server_input(&play.machine, edge_span_of("NOOP\r\nQUIT\r\n"));
    assert_true(edge_smtp_server_next(&play.machine, &action));
    assert_int_equal(edge_smtp_server_waits(&play.machine), EDGE_SMTP_WAITS_VERDICT);
    assert_false(edge_smtp_server_next(&play.machine, &action));
    assert_int_equal(edge_smtp_server_eaten(&play.machine), 6);
    edge_smtp_server_input(&play.machine, edge_span_of("QUIT\r\n"));
    assert_false(edge_smtp_server_next(&play.machine, &action));
    assert_int_equal(edge_smtp_server_eaten(&play.machine), 0);
}

static void shutdown_waits_for_the_transaction(void **state) {
    (void)state;
    in_data();
    edge_smtp_server_shutdown(&play.machine, false);
    play_say(&play, ".\r\nMAIL FROM:<>\r\nNOOP\r\n");
    TOLD(STORED "S: 421 4.3.2 Service shutting down\nCLOSE drain\n");
    greeted();
    edge_smtp_server_shutdown(&play.machine, false);
    play_run(&play);
    TOLD("");
    play_say(&play, "QUIT\r\n");
    TOLD("ASK QUIT\nS: 221 2.0.0 Bye\nCLOSE quit\n");
}

static void shutdown_now(void **state) {
    (void)state;
    in_data();
    play_say(&play, "x");
    edge_smtp_server_shutdown(&play.machine, true);
    play_run(&play);
    TOLD("BODY x\nDROP\nS: 421 4.3.2 Service shutting down\nCLOSE drain\n");
    greeted();
    play.manual = true;
    play_say(&play, "NOOP\r\n");
    edge_smtp_server_shutdown(&play.machine, true);
    play_run(&play);
    TOLD("ASK NOOP []\nS: 421 4.3.2 Service shutting down\nCLOSE drain\n");
    edge_smtp_server_verdict(&play.machine, edge_reply_of(EDGE_R_OK));
    play_run(&play);
    TOLD("");
}

static void events_wait_for_the_queue(void **state) {
    (void)state;
    in_data();
    play.manual = true;
    play_say(&play, ".\r\n");
    play_verdict(&play, play.open);
    edge_smtp_server_shutdown(&play.machine, true);
    edge_smtp_server_timeout(&play.machine, 6);
    play_run(&play);
    TOLD("ASK HAVE_DATA\nCOMMIT\n");
    play_stored(&play, edge_reply_about(EDGE_R_QUEUED, edge_span_of("8")));
    TOLD("S: 250 2.6.0 Message queued as 8\nS: 421 4.3.2 Service shutting down\nCLOSE drain\n");
    in_data();
    play.manual = true;
    play_say(&play, ".\r\n");
    play_verdict(&play, play.open);
    edge_smtp_server_fail(&play.machine);
    play_run(&play);
    TOLD("ASK HAVE_DATA\nCOMMIT\nS: 421 4.3.0 Unhandled system error.\nCLOSE internal\n");
}

static void a_verdict_that_was_overtaken_drops_the_body(void **state) {
    (void)state;
    in_data();
    play.manual = true;
    play_say(&play, "x\r\n.\r\n");
    edge_smtp_server_verdict(&play.machine, edge_reply_of(EDGE_R_MESSAGE_OK));
    edge_smtp_server_timeout(&play.machine, 6);
    play_run(&play);
    TOLD("BODY x\\r\\n\nASK HAVE_DATA\nDROP\nS: 421 4.4.2 Connection timed out.\nCLOSE timeout_session\n");
}

static void limits_hold_from_the_start_of_a_body(void **state) {
    (void)state;
    in_data();
    rules.max_message_size = 1;
    rules.newlines = EDGE_NEWLINE_REJECT_CLOSE;
    edge_smtp_server_use(&play.machine, &rules);
    play_say(&play, "hello\r\n.\r\n");
    TOLD("BODY hello\\r\\n\n" STORED);
}

static void verbs_of_actions(void **state) {
    (void)state;
    greeted();
    edge_smtp_action_t action;
    edge_smtp_server_input(&play.machine, edge_span_of("nOoP\r\nfoo\r\n"));
    assert_true(edge_smtp_server_next(&play.machine, &action));
    assert_true(edge_span_equal(action.verb, edge_span_of("nOoP")));
    edge_smtp_server_verdict(&play.machine, action.reply);
    assert_true(edge_smtp_server_next(&play.machine, &action));
    assert_true(edge_span_equal(action.verb, edge_span_of("NOOP")));
    assert_true(edge_smtp_server_next(&play.machine, &action));
    assert_true(edge_span_equal(action.verb, edge_span_of("foo")));
    edge_smtp_server_eaten(&play.machine);
    edge_smtp_server_timeout(&play.machine, 4);
    assert_true(edge_smtp_server_next(&play.machine, &action));
    assert_null(action.verb.at);
}

static void it_is_small(void **state) {
    (void)state;
    assert_true(sizeof(edge_smtp_server_t) <= 200);
}

#define DIALOGUE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        DIALOGUE(documented_session),
        DIALOGUE(all_keywords),
        DIALOGUE(two_messages_in_one_session),
        DIALOGUE(banner_refusals),
        DIALOGUE(banner_refused_by_a_validator),
        DIALOGUE(refused_at_connect),
        DIALOGUE(hello_arguments),
        DIALOGUE(refused_hello_leaves_all_as_it_was),
        DIALOGUE(second_hello_resets),
        DIALOGUE(syntax_comes_before_order),
        DIALOGUE(parameters),
        DIALOGUE(keywords_that_were_not_announced),
        DIALOGUE(announced_keywords_stay_understood),
        DIALOGUE(utf8_addresses),
        DIALOGUE(refused_sender_and_recipient),
        DIALOGUE(recipients_are_limited),
        DIALOGUE(other_verbs),
        DIALOGUE(verbs_of_modules),
        DIALOGUE(refused_reset_keeps_the_transaction),
        DIALOGUE(quit_closes_whatever_is_said),
        DIALOGUE(replies_421_and_221_close),
        DIALOGUE(bad_lines_are_one_line),
        DIALOGUE(long_lines),
        DIALOGUE(a_long_line_is_no_progress),
        DIALOGUE(refused_data_keeps_the_transaction),
        DIALOGUE(refused_message),
        DIALOGUE(queue_refuses),
        DIALOGUE(success_of_have_data_is_stored_even_with_221),
        DIALOGUE(oversize),
        DIALOGUE(bare_newlines_are_refused),
        DIALOGUE(bare_newline_and_close),
        DIALOGUE(bare_lf_is_normalized),
        DIALOGUE(chunks),
        DIALOGUE(one_chunk),
        DIALOGUE(crlf_over_two_chunks),
        DIALOGUE(chunks_out_of_order),
        DIALOGUE(failed_chunk_spoils_the_rest),
        DIALOGUE(chunks_too_large),
        DIALOGUE(refused_chunk_is_swallowed_first),
        DIALOGUE(unreadable_chunks),
        DIALOGUE(binary),
        DIALOGUE(too_many_errors),
        DIALOGUE(timeouts),
        DIALOGUE(peer_goes),
        DIALOGUE(peer_goes_while_an_answer_is_awaited),
        DIALOGUE(nothing_is_eaten_while_waiting),
        DIALOGUE(shutdown_waits_for_the_transaction),
        DIALOGUE(shutdown_now),
        DIALOGUE(events_wait_for_the_queue),
        DIALOGUE(a_verdict_that_was_overtaken_drops_the_body),
        DIALOGUE(limits_hold_from_the_start_of_a_body),
        DIALOGUE(verbs_of_actions),
        DIALOGUE(it_is_small),
    };
    static const size_t cuts[] = {0, 1, 3};
    int failed = 0;
    for (unsigned i = 0; i < 2 * EDGE_COUNT(cuts); i++) {
        cut = cuts[i / 2];
        late = i % 2;
        printf("in pieces of %zu, answers %s\n", cut, late ? "late" : "at once");
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed != 0;
}
