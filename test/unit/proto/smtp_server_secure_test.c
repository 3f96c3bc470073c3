/* Dialogues about STARTTLS and AUTH. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/smtp_server_priv.h"
#include "smtp_play.h"

#define SEQUENCE "S: 503 5.5.1 Bad sequence of commands\n"
#define UNKNOWN "S: 500 5.5.2 Syntax error, command unrecognized\n"
#define OK235 "S: 235 2.7.0 Authentication successful\n"
#define MUST_TLS "S: 530 5.7.0 Must issue a STARTTLS command first\n"

/* A session that offers TLS and two mechanisms, and little else. */
static void begin(void) {
    play_set.extensions = EDGE_X_BIT(STARTTLS) | EDGE_X_BIT(AUTH) | EDGE_X_BIT(REQUIRETLS);
    play_begin();
    edge_smtp_server_offer(&play_it.machine, (edge_span_t)EDGE_SPAN("PLAIN LOGIN"));
    play_told(&play_it);
}

static void hello(void) {
    play_say(&play_it, "EHLO x\r\n");
    play_told(&play_it);
}

static void begin_greeted(void) {
    begin();
    hello();
}

static void start_tls(void) {
    play_say(&play_it, "STARTTLS\r\n");
    PLAY_TOLD("ASK STARTTLS\nS: 220 2.7.0 Go ahead\nSTART_TLS\n");
}

/* What is announced */

static void keywords(void **state) {
    (void)state;
    begin();
    play_say(&play_it, "EHLO x\r\n");
    PLAY_TOLD("ASK EHLO [x]\nS: 250-Hello x\nS: 250-STARTTLS\nS: 250 AUTH PLAIN LOGIN\n");
    start_tls();
    edge_smtp_server_offer(&play_it.machine, (edge_span_t)EDGE_SPAN("EXTERNAL"));
    play_say(&play_it, "EHLO x\r\n");
    PLAY_TOLD("ASK EHLO [x]\nS: 250-Hello x\nS: 250-AUTH EXTERNAL\nS: 250 REQUIRETLS\n");
    edge_smtp_server_offer(&play_it.machine, (edge_span_t)EDGE_SPAN(""));
    play_say(&play_it, "EHLO x\r\nAUTH PLAIN\r\nSTARTTLS\r\n");
    PLAY_TOLD("ASK EHLO [x]\nS: 250-Hello x\nS: 250 REQUIRETLS\n" UNKNOWN UNKNOWN);
}

static void begun_with_tls(void **state) {
    (void)state;
    begin();
    edge_smtp_server_begins_with_tls(&play_it.machine);
    play_say(&play_it, "STARTTLS\r\nEHLO x\r\nSTARTTLS\r\n");
    PLAY_TOLD(UNKNOWN "ASK EHLO [x]\nS: 250-Hello x\nS: 250-AUTH PLAIN LOGIN\nS: 250 REQUIRETLS\n" UNKNOWN);
}

/* STARTTLS */

static void starttls_out_of_order(void **state) {
    (void)state;
    begin();
    play_say(&play_it, "STARTTLS\r\nHELO x\r\nSTARTTLS\r\nEHLO x\r\nSTARTTLS now\r\n");
    PLAY_TOLD(SEQUENCE "ASK HELO [x]\nS: 250 Hello x\n" SEQUENCE
                       "ASK EHLO [x]\nS: 250-Hello x\nS: 250-STARTTLS\nS: 250 AUTH PLAIN LOGIN\n"
                       "S: 501 5.5.4 Syntax error in parameters or arguments\n");
}

static void starttls_refused(void **state) {
    (void)state;
    begin_greeted();
    play_answer(&play_it, EDGE_PHASE_STARTTLS, 454, "4.7.0", "Not now");
    play_say(&play_it, "STARTTLS\r\n");
    PLAY_TOLD("ASK STARTTLS\nS: 454 4.7.0 Not now\n");
    play_say(&play_it, "MAIL FROM:<a@b>\r\n");
    PLAY_TOLD("ASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\n");
    play_answer(&play_it, EDGE_PHASE_STARTTLS, 421, "4.7.0", "Go");
    play_say(&play_it, "STARTTLS\r\n");
    PLAY_TOLD("ASK STARTTLS\nS: 421 4.7.0 Go\nCLOSE policy\n");
}

/* RFC 3207 4.2: hello, identity and transaction are forgotten. */
static void starttls_forgets(void **state) {
    (void)state;
    begin_greeted();
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b>\r\n");
    play_told(&play_it);
    play_say(&play_it, "STARTTLS\r\n");
    PLAY_TOLD("ASK STARTTLS\nRESET\nS: 220 2.7.0 Go ahead\nSTART_TLS\n");
    play_say(&play_it, "MAIL FROM:<a@b>\r\nEHLO x\r\nAUTH PLAIN AGEAYg==\r\n");
    PLAY_TOLD(SEQUENCE "ASK EHLO [x]\nS: 250-Hello x\nS: 250-AUTH PLAIN LOGIN\nS: 250 REQUIRETLS\n"
                       "AUTH [PLAIN] AGEAYg==\nASK AUTH [bob]\n" OK235);
}

/* Not a dialogue: what counts is what came together. */
static void plaintext_behind_starttls(void **state) {
    (void)state;
    play_cut = 0;
    begin_greeted();
    play_say(&play_it, "MAIL FROM:<a@b>\r\n");
    play_told(&play_it);
    play_say(&play_it, "STARTTLS\r\nRSET\r\n");
    PLAY_TOLD("RESET\nCLOSE tls_plaintext\n");
}

static void nothing_is_said_in_a_handshake(void **state) {
    (void)state;
    begin_greeted();
    play_it.manual = true;
    play_say(&play_it, "STARTTLS\r\n");
    play_verdict(&play_it, edge_reply_of(EDGE_R_STARTTLS_READY));
    PLAY_TOLD("ASK STARTTLS\nS: 220 2.7.0 Go ahead\nSTART_TLS\n");
    assert_int_equal(edge_smtp_server_waits(&play_it.machine), EDGE_SMTP_WAITS_TLS);
    edge_smtp_server_timeout(&play_it.machine, EDGE_SMTP_CLOSE_TIMEOUT_TLS);
    play_run(&play_it);
    PLAY_TOLD("CLOSE timeout_tls\n");
    edge_smtp_server_secured(&play_it.machine);
    play_run(&play_it);
    PLAY_TOLD("");
}

/* What needs TLS */

static void tls_for_auth(void **state) {
    (void)state;
    play_set.needs_tls = EDGE_SMTP_NEEDS_TLS_FOR_AUTH;
    begin_greeted();
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b>\r\nRSET\r\n");
    PLAY_TOLD(MUST_TLS "ASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nASK RSET\nRESET\nS: 250 2.0.0 Ok\n");
    start_tls();
    hello();
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\n");
    PLAY_TOLD("AUTH [PLAIN] AGEAYg==\nASK AUTH [bob]\n" OK235);
}

static void tls_for_all(void **state) {
    (void)state;
    play_set.needs_tls = EDGE_SMTP_NEEDS_TLS_FOR_ALL;
    begin_greeted();
    play_say(&play_it, "MAIL FROM:<a@b>\r\nRSET\r\nVRFY a\r\nHELP\r\nDATA\r\nAUTH PLAIN\r\nNOOP\r\nBLAH\r\nHELO x\r\n");
    PLAY_TOLD(MUST_TLS MUST_TLS MUST_TLS MUST_TLS MUST_TLS MUST_TLS "ASK NOOP []\nS: 250 2.0.0 Ok\n" UNKNOWN
                                                                    "ASK HELO [x]\nS: 250 Hello x\n");
    play_say(&play_it, "QUIT\r\n");
    PLAY_TOLD("ASK QUIT\nS: 221 2.0.0 Bye\nCLOSE quit\n");
}

/* AUTH */

static void auth_at_once(void **state) {
    (void)state;
    begin_greeted();
    play_say(&play_it, "auth plain  AGEAYg== \r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b> AUTH=c@d\r\n");
    PLAY_TOLD("AUTH [plain] AGEAYg==\nASK AUTH [bob]\n" OK235 SEQUENCE
              "ASK MAIL [a@b] AUTH=c@d\nS: 250 2.1.0 <a@b> Ok\n");
}

static void auth_by_challenges(void **state) {
    (void)state;
    begin_greeted();
    play_it.challenges = 2;
    play_say(&play_it, "AUTH LOGIN\r\nYQ==\r\n\r\n");
    PLAY_TOLD(
        "AUTH [LOGIN]\nS: 334 Y2hhbGxlbmdl\nRESPONSE YQ==\nS: 334 Y2hhbGxlbmdl\nRESPONSE \nASK AUTH [bob]\n" OK235);
}

static void auth_canceled(void **state) {
    (void)state;
    begin_greeted();
    play_it.challenges = 1;
    play_say(&play_it, "AUTH LOGIN\r\n*\r\nNOOP\r\n");
    PLAY_TOLD("AUTH [LOGIN]\nS: 334 Y2hhbGxlbmdl\nCANCEL\nS: 501 5.7.0 Authentication canceled by client\n"
              "ASK NOOP []\nS: 250 2.0.0 Ok\n");
}

static void auth_refused(void **state) {
    (void)state;
    begin_greeted();
    play_answer(&play_it, PLAY_AUTH, 535, "5.7.8", "No");
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b> AUTH=<>\r\n");
    PLAY_TOLD("AUTH [PLAIN] AGEAYg==\nS: 535 5.7.8 No\nASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\n");
}

static void auth_refused_by_a_validator(void **state) {
    (void)state;
    begin_greeted();
    play_answer(&play_it, EDGE_PHASE_AUTH, 535, "5.7.8", "Not you");
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\n");
    PLAY_TOLD("AUTH [PLAIN] AGEAYg==\nASK AUTH [bob]\nS: 535 5.7.8 Not you\n");
    play_answer(&play_it, EDGE_PHASE_AUTH, 0, "", "");
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\n");
    PLAY_TOLD("AUTH [PLAIN] AGEAYg==\nASK AUTH [bob]\n" OK235);
}

static void auth_closes(void **state) {
    (void)state;
    begin_greeted();
    play_answer(&play_it, PLAY_AUTH, 421, "4.7.0", "Enough");
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\nNOOP\r\n");
    PLAY_TOLD("AUTH [PLAIN] AGEAYg==\nS: 421 4.7.0 Enough\nCLOSE banned\n");
}

static void auth_out_of_order(void **state) {
    (void)state;
    begin();
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\nEHLO x\r\nAUTH\r\nMAIL FROM:<a@b>\r\nAUTH PLAIN AGEAYg==\r\n");
    PLAY_TOLD(SEQUENCE "ASK EHLO [x]\nS: 250-Hello x\nS: 250-STARTTLS\nS: 250 AUTH PLAIN LOGIN\n"
                       "S: 501 5.5.4 Syntax error in parameters or arguments\n"
                       "ASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\n" SEQUENCE);
}

static void auth_wanted(void **state) {
    (void)state;
    play_set.needs_auth = true;
    begin_greeted();
    play_say(&play_it, "MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b>\r\n");
    PLAY_TOLD("S: 530 5.7.0 Authentication required\n" SEQUENCE "AUTH [PLAIN] AGEAYg==\nASK AUTH [bob]\n" OK235
              "ASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\n");
}

static void say_long(const char *before, size_t octets) {
    char *line = malloc(octets + 3);
    memset(line, 'A', octets);
    strcpy(line + octets, "\r\n");
    play_say(&play_it, before);
    play_say(&play_it, line);
    free(line);
}

static void long_responses(void **state) {
    (void)state;
    begin_greeted();
    play_it.challenges = 1;
    say_long("AUTH LOGIN\r\n", 12287);
    PLAY_TOLD("AUTH [LOGIN]\nS: 334 Y2hhbGxlbmdl\nCANCEL\nS: 500 5.5.6 Authentication line too long\n");
    play_say(&play_it, "NOOP\r\n");
    PLAY_TOLD("ASK NOOP []\nS: 250 2.0.0 Ok\n");
    say_long("AUTH PLAIN ", 12288 - 13 + 1);
    PLAY_TOLD("S: 500 5.5.6 Authentication line too long\n");
}

static void bad_response_line(void **state) {
    (void)state;
    begin_greeted();
    play_it.challenges = 1;
    play_say(&play_it, "AUTH LOGIN\r\n");
    play_feed(&play_it, (edge_span_t)EDGE_SPAN("a\0b\r\n"));
    PLAY_TOLD("AUTH [LOGIN]\nS: 334 Y2hhbGxlbmdl\nCANCEL\nS: 501 5.5.2 Invalid base64 data\n");
}

static void too_many_errors_in_auth(void **state) {
    (void)state;
    play_set.max_errors = 1;
    begin_greeted();
    play_answer(&play_it, PLAY_AUTH, 535, "5.7.8", "No");
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\n");
    PLAY_TOLD("AUTH [PLAIN] AGEAYg==\nS: 535 5.7.8 No\nS: 421 4.7.0 Too many errors\nCLOSE too_many_errors\n");
}

/* An answer that comes when the session is over is not heard. */
static void late_answers(void **state) {
    (void)state;
    begin_greeted();
    play_it.manual = true;
    play_say(&play_it, "AUTH PLAIN AGEAYg==\r\n");
    play_told(&play_it);
    edge_smtp_server_timeout(&play_it.machine, EDGE_SMTP_CLOSE_TIMEOUT_COMMAND);
    play_run(&play_it);
    PLAY_TOLD("S: 421 4.4.2 Connection timed out.\nCLOSE timeout_command\n");
    edge_smtp_server_identified(&play_it.machine, (edge_span_t)EDGE_SPAN("bob"), edge_reply_of(EDGE_R_AUTH_OK));
    edge_smtp_server_not_identified(&play_it.machine, edge_reply_of(EDGE_R_BAD_ARGUMENTS));
    edge_smtp_server_challenge(&play_it.machine, EDGE_NO_SPAN);
    play_run(&play_it);
    PLAY_TOLD("");
}

int main(void) {
    static const struct CMUnitTest dialogues[] = {
        PLAY_DIALOGUE(keywords),         PLAY_DIALOGUE(begun_with_tls),    PLAY_DIALOGUE(starttls_out_of_order),
        PLAY_DIALOGUE(starttls_refused), PLAY_DIALOGUE(starttls_forgets),  PLAY_DIALOGUE(tls_for_auth),
        PLAY_DIALOGUE(tls_for_all),      PLAY_DIALOGUE(auth_at_once),      PLAY_DIALOGUE(auth_by_challenges),
        PLAY_DIALOGUE(auth_canceled),    PLAY_DIALOGUE(auth_refused),      PLAY_DIALOGUE(auth_refused_by_a_validator),
        PLAY_DIALOGUE(auth_closes),      PLAY_DIALOGUE(auth_out_of_order), PLAY_DIALOGUE(auth_wanted),
        PLAY_DIALOGUE(long_responses),   PLAY_DIALOGUE(bad_response_line), PLAY_DIALOGUE(too_many_errors_in_auth),
    };
    static const struct CMUnitTest once[] = {
        PLAY_DIALOGUE(plaintext_behind_starttls),
        PLAY_DIALOGUE(nothing_is_said_in_a_handshake),
        PLAY_DIALOGUE(late_answers),
    };
    int failed = play_dialogues(dialogues, sizeof(dialogues) / sizeof(dialogues[0]));
    play_late = false;
    return failed + cmocka_run_group_tests(once, NULL, NULL);
}
