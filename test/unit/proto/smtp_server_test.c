/* Dialogues from banner to close, and the events in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/smtp_server_priv.h"
#include "smtp_play.h"

/* The whole way */

static void documented_session(void **state) {
    (void)state;
    play_set.extensions = EDGE_X_BIT(8BITMIME) | EDGE_X_BIT(PIPELINING) | EDGE_X_BIT(ENHANCEDSTATUSCODES);
    play_set.max_message_size = 0;
    play_begin();
    play_say(&play_it, "EHLO client.example.com\r\nMAIL FROM:<sender@client.example.com>\r\n"
                       "RCPT TO:<recipient@server.example.com>\r\nDATA\r\n"
                       "Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
    PLAY_TOLD("ASK BANNER\n"
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
              "BODY Subject: x\\r\\n\\r\\n.dot\\r\\n\n" PLAY_STORED "ASK QUIT\n"
              "S: 221 2.0.0 Bye\n"
              "CLOSE quit\n");
}

static void all_keywords(void **state) {
    (void)state;
    play_begin();
    play_told(&play_it);
    edge_smtp_server_offer(&play_it.machine, (edge_span_t)EDGE_SPAN("PLAIN"));
    play_say(&play_it, "EHLO x\r\n");
    PLAY_TOLD("ASK EHLO [x]\nS: 250-Hello x\nS: 250-8BITMIME\nS: 250-PIPELINING\nS: 250-STARTTLS\n"
              "S: 250-ENHANCEDSTATUSCODES\nS: 250-SIZE 1000\nS: 250-SMTPUTF8\nS: 250-CHUNKING\nS: 250-BINARYMIME\n"
              "S: 250-DSN\nS: 250-AUTH PLAIN\nS: 250 LIMITS RCPTMAX=3\n");
    edge_smtp_server_offer(&play_it.machine, EDGE_NO_SPAN);
    play_set.max_message_size = 0;
    play_set.max_recipients = 0;
    play_set.extensions = EDGE_X_BIT(SIZE) | EDGE_X_BIT(LIMITS) | EDGE_X_BIT(AUTH);
    edge_smtp_server_use(&play_it.machine, &play_set);
    play_say(&play_it, "EHLO x\r\nSTARTTLS\r\nAUTH PLAIN\r\n");
    PLAY_TOLD("ASK EHLO [x]\nS: 250 Hello x\n"
              "S: 500 5.5.2 Syntax error, command unrecognized\nS: 500 5.5.2 Syntax error, command unrecognized\n");
}

static void two_messages_in_one_session(void **state) {
    (void)state;
    play_begin_envelope();
    play_say(
        &play_it,
        "DATA\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nRCPT TO:<@r.org,@s.org:x@y.org>\r\nDATA\r\nhi\r\n.\r\n");
    PLAY_TOLD("ASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\n" PLAY_STORED
              "ASK MAIL []\nS: 250 2.1.0 <> Ok\nASK RCPT [Postmaster]\nS: 250 2.1.5 <Postmaster> Ok\n"
              "ASK RCPT [x@y.org]\nS: 250 2.1.5 <x@y.org> Ok\n"
              "ASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\nBODY hi\\r\\n\n" PLAY_STORED);
}

/* Limits and events */

static void too_many_errors(void **state) {
    (void)state;
    play_set.max_errors = 3;
    play_begin_greeted();
    play_say(&play_it, "X\r\nNOOP\r\nY\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nxZ\r\nNOOP\r\n");
    PLAY_TOLD(
        "S: 500 5.5.2 Syntax error, command unrecognized\nASK NOOP []\nS: 250 2.0.0 Ok\n"
        "S: 500 5.5.2 Syntax error, command unrecognized\nASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\n"
        "ASK RCPT [c@d]\nS: 250 2.1.5 <c@d> Ok\nASK DATA\nOPEN\nBODY x\nS: 250 2.0.0 1 octets received\n"
        "DROP\nS: 500 5.5.2 Syntax error, command unrecognized\nS: 421 4.7.0 Too many errors\nCLOSE too_many_errors\n");
}

static void timeouts(void **state) {
    (void)state;
    play_begin_greeted();
    edge_smtp_server_timeout(&play_it.machine, EDGE_SMTP_CLOSE_TIMEOUT_COMMAND);
    play_run(&play_it);
    PLAY_TOLD("S: 421 4.4.2 Connection timed out.\nCLOSE timeout_command\n");
    play_begin_data();
    assert_true(edge_smtp_server_in_data(&play_it.machine));
    play_say(&play_it, "x");
    edge_smtp_server_timeout(&play_it.machine, EDGE_SMTP_CLOSE_TIMEOUT_DATA);
    play_run(&play_it);
    PLAY_TOLD("BODY x\nDROP\nS: 421 4.4.2 Connection timed out.\nCLOSE timeout_data\n");
}

static void peer_goes(void **state) {
    (void)state;
    play_begin_greeted();
    edge_smtp_server_peer_closed(&play_it.machine);
    play_run(&play_it);
    PLAY_TOLD("CLOSE peer_closed\n");
    play_begin_data();
    play_say(&play_it, "x\r\n.");
    edge_smtp_server_peer_closed(&play_it.machine);
    play_run(&play_it);
    PLAY_TOLD("BODY x\\r\\n\nDROP\nCLOSE peer_closed_in_data\n");
}

static void peer_goes_while_an_answer_is_awaited(void **state) {
    (void)state;
    play_begin_data();
    play_it.manual = true;
    play_say(&play_it, "x\r\n.\r\n");
    edge_smtp_server_peer_closed(&play_it.machine);
    play_run(&play_it);
    PLAY_TOLD("BODY x\\r\\n\nASK HAVE_DATA\n");
    play_verdict(&play_it, play_it.open);
    PLAY_TOLD("COMMIT\n");
    play_stored(&play_it, edge_reply_about(EDGE_R_QUEUED, edge_span_of("8")));
    PLAY_TOLD("S: 250 2.6.0 Message queued as 8\nCLOSE peer_closed\n");
}

static void nothing_is_eaten_while_waiting(void **state) {
    (void)state;
    play_begin_greeted();
    play_it.manual = true;
    edge_smtp_action_t action;
    edge_smtp_server_input(&play_it.machine, edge_span_of("NOOP\r\nQUIT\r\n"));
    assert_true(edge_smtp_server_next(&play_it.machine, &action));
    assert_int_equal(edge_smtp_server_waits(&play_it.machine), EDGE_SMTP_WAITS_VERDICT);
    assert_false(edge_smtp_server_next(&play_it.machine, &action));
    assert_int_equal(edge_smtp_server_eaten(&play_it.machine), 6);
    edge_smtp_server_input(&play_it.machine, edge_span_of("QUIT\r\n"));
    assert_false(edge_smtp_server_next(&play_it.machine, &action));
    assert_int_equal(edge_smtp_server_eaten(&play_it.machine), 0);
}

static void play_stop(edge_smtp_stop_t when) {
    edge_smtp_server_stop(&play_it.machine, when, EDGE_R_SHUTDOWN, EDGE_SMTP_CLOSE_DRAIN);
}

static void shutdown_waits_for_the_transaction(void **state) {
    (void)state;
    play_begin_data();
    play_stop(EDGE_SMTP_STOP_SOON);
    play_say(&play_it, ".\r\nMAIL FROM:<>\r\nNOOP\r\n");
    PLAY_TOLD(PLAY_STORED "S: 421 4.3.2 Service shutting down\nCLOSE drain\n");
    play_begin_greeted();
    play_stop(EDGE_SMTP_STOP_SOON);
    play_run(&play_it);
    PLAY_TOLD("");
    play_say(&play_it, "QUIT\r\n");
    PLAY_TOLD("ASK QUIT\nS: 221 2.0.0 Bye\nCLOSE quit\n");
}

static void shutdown_now(void **state) {
    (void)state;
    play_begin_data();
    play_say(&play_it, "x");
    play_stop(EDGE_SMTP_STOP_NOW);
    play_run(&play_it);
    PLAY_TOLD("BODY x\nDROP\nS: 421 4.3.2 Service shutting down\nCLOSE drain\n");
    play_begin_greeted();
    play_it.manual = true;
    play_say(&play_it, "NOOP\r\n");
    play_stop(EDGE_SMTP_STOP_NOW);
    play_run(&play_it);
    PLAY_TOLD("ASK NOOP []\nS: 421 4.3.2 Service shutting down\nCLOSE drain\n");
    edge_smtp_server_verdict(&play_it.machine, edge_reply_of(EDGE_R_OK));
    play_run(&play_it);
    PLAY_TOLD("");
}

static void kick(edge_smtp_stop_t when) {
    edge_smtp_server_stop(&play_it.machine, when, EDGE_R_KICKED, EDGE_SMTP_CLOSE_KICKED);
    play_run(&play_it);
}

#define KICKED "S: 421 4.3.2 Closed by the operator\nCLOSE kicked\n"

static void a_stop_at_the_clients_turn_is_said_at_once(void **state) {
    (void)state;
    play_begin_greeted();
    kick(EDGE_SMTP_STOP_ANSWERED);
    PLAY_TOLD(KICKED);
    play_begin_envelope();
    kick(EDGE_SMTP_STOP_ANSWERED);
    PLAY_TOLD(KICKED);
}

static void a_stop_waits_for_the_answer_that_is_under_way(void **state) {
    (void)state;
    play_begin_greeted();
    play_it.manual = true;
    play_say(&play_it, "NOOP\r\n");
    kick(EDGE_SMTP_STOP_ANSWERED);
    PLAY_TOLD("ASK NOOP []\n");
    play_verdict(&play_it, edge_reply_of(EDGE_R_OK));
    PLAY_TOLD("S: 250 2.0.0 Ok\n" KICKED);
}

static void a_stop_waits_for_the_message(void **state) {
    (void)state;
    play_begin_data();
    kick(EDGE_SMTP_STOP_ANSWERED);
    PLAY_TOLD("");
    play_say(&play_it, "x\r\n.\r\n");
    PLAY_TOLD("BODY x\\r\\n\n" PLAY_STORED KICKED);
}

/* What the client was heard to say. */
static char heard[256];

static void note(edge_smtp_server_t *machine, edge_span_t shown, bool withheld) {
    (void)machine;
    size_t len = strlen(heard);
    snprintf(heard + len, sizeof(heard) - len, "%.*s%s|", (int)shown.len, shown.at, withheld ? "..." : "");
}

static void lines_are_heard_without_secrets(void **state) {
    (void)state;
    heard[0] = '\0';
    play_set.heard = note;
    play_begin();
    edge_smtp_server_offer(&play_it.machine, (edge_span_t)EDGE_SPAN("PLAIN"));
    play_say(&play_it, "EHLO a\r\nHUH what\r\nauth  plain AGEAYg==\r\nRSET\r\nAGEAYg==\r\nbad\rline\r\n"
                       "MAIL FROM:<a@b.example> SIZE=1\r\nRCPT TO:<c@d.example>\r\nDATA\r\nbody\r\n.\r\nQUIT\r\n");
    assert_string_equal(heard, "EHLO a|HUH what|auth  plain...|RSET|...|...|MAIL FROM:<a@b.example> SIZE=1|"
                               "RCPT TO:<c@d.example>|DATA|QUIT|");
}

static void an_answer_to_a_challenge_is_not_heard(void **state) {
    (void)state;
    heard[0] = '\0';
    play_set.heard = note;
    play_begin();
    play_it.challenges = 2;
    edge_smtp_server_offer(&play_it.machine, (edge_span_t)EDGE_SPAN("LOGIN"));
    play_say(&play_it, "EHLO a\r\nAUTH LOGIN\r\nYQ==\r\n*\r\nAUTH\r\n");
    assert_string_equal(heard, "EHLO a|AUTH LOGIN|...|*|AUTH|");
}

static void events_wait_for_the_queue(void **state) {
    (void)state;
    play_begin_data();
    play_it.manual = true;
    play_say(&play_it, ".\r\n");
    play_verdict(&play_it, play_it.open);
    play_stop(EDGE_SMTP_STOP_NOW);
    edge_smtp_server_timeout(&play_it.machine, EDGE_SMTP_CLOSE_TIMEOUT_SESSION);
    play_run(&play_it);
    PLAY_TOLD("ASK HAVE_DATA\nCOMMIT\n");
    play_stored(&play_it, edge_reply_about(EDGE_R_QUEUED, edge_span_of("8")));
    PLAY_TOLD("S: 250 2.6.0 Message queued as 8\nS: 421 4.3.2 Service shutting down\nCLOSE drain\n");
    play_begin_data();
    play_it.manual = true;
    play_say(&play_it, ".\r\n");
    play_verdict(&play_it, play_it.open);
    edge_smtp_server_fail(&play_it.machine);
    play_run(&play_it);
    PLAY_TOLD("ASK HAVE_DATA\nCOMMIT\nS: 421 4.3.0 Unhandled system error.\nCLOSE internal\n");
}

static void a_verdict_that_was_overtaken_drops_the_body(void **state) {
    (void)state;
    play_begin_data();
    play_it.manual = true;
    play_say(&play_it, "x\r\n.\r\n");
    edge_smtp_server_verdict(&play_it.machine, edge_reply_of(EDGE_R_MESSAGE_OK));
    edge_smtp_server_timeout(&play_it.machine, EDGE_SMTP_CLOSE_TIMEOUT_SESSION);
    play_run(&play_it);
    PLAY_TOLD("BODY x\\r\\n\nASK HAVE_DATA\nDROP\nS: 421 4.4.2 Connection timed out.\nCLOSE timeout_session\n");
}

static void limits_hold_from_the_start_of_a_body(void **state) {
    (void)state;
    play_begin_data();
    play_set.max_message_size = 1;
    play_set.newlines = EDGE_NEWLINE_REJECT_CLOSE;
    edge_smtp_server_use(&play_it.machine, &play_set);
    play_say(&play_it, "hello\r\n.\r\n");
    PLAY_TOLD("BODY hello\\r\\n\n" PLAY_STORED);
}

static void verbs_of_actions(void **state) {
    (void)state;
    play_begin_greeted();
    edge_smtp_action_t action;
    edge_smtp_server_input(&play_it.machine, edge_span_of("nOoP\r\nfoo\r\n"));
    assert_true(edge_smtp_server_next(&play_it.machine, &action));
    assert_true(edge_span_equal(action.verb, edge_span_of("nOoP")));
    edge_smtp_server_verdict(&play_it.machine, action.reply);
    assert_true(edge_smtp_server_next(&play_it.machine, &action));
    assert_true(edge_span_equal(action.verb, edge_span_of("NOOP")));
    assert_true(edge_smtp_server_next(&play_it.machine, &action));
    assert_true(edge_span_equal(action.verb, edge_span_of("foo")));
    edge_smtp_server_eaten(&play_it.machine);
    edge_smtp_server_timeout(&play_it.machine, EDGE_SMTP_CLOSE_TIMEOUT_COMMAND);
    assert_true(edge_smtp_server_next(&play_it.machine, &action));
    assert_null(action.verb.at);
}

static void it_is_small(void **state) {
    (void)state;
    assert_true(sizeof(edge_smtp_server_t) <= 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAY_DIALOGUE(documented_session),
        PLAY_DIALOGUE(all_keywords),
        PLAY_DIALOGUE(two_messages_in_one_session),
        PLAY_DIALOGUE(too_many_errors),
        PLAY_DIALOGUE(timeouts),
        PLAY_DIALOGUE(peer_goes),
        PLAY_DIALOGUE(peer_goes_while_an_answer_is_awaited),
        PLAY_DIALOGUE(nothing_is_eaten_while_waiting),
        PLAY_DIALOGUE(shutdown_waits_for_the_transaction),
        PLAY_DIALOGUE(shutdown_now),
        PLAY_DIALOGUE(a_stop_at_the_clients_turn_is_said_at_once),
        PLAY_DIALOGUE(a_stop_waits_for_the_answer_that_is_under_way),
        PLAY_DIALOGUE(a_stop_waits_for_the_message),
        PLAY_DIALOGUE(lines_are_heard_without_secrets),
        PLAY_DIALOGUE(an_answer_to_a_challenge_is_not_heard),
        PLAY_DIALOGUE(events_wait_for_the_queue),
        PLAY_DIALOGUE(a_verdict_that_was_overtaken_drops_the_body),
        PLAY_DIALOGUE(limits_hold_from_the_start_of_a_body),
        PLAY_DIALOGUE(verbs_of_actions),
        PLAY_DIALOGUE(it_is_small),
    };
    return play_dialogues(tests, EDGE_COUNT(tests));
}
