/* Dialogues about messages: DATA, BDAT, their limits, and what can go wrong in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "smtp_play.h"

/* Messages */

static void refused_data_keeps_the_transaction(void **state) {
    (void)state;
    play_begin_envelope();
    play_answer(&play_it, EDGE_PHASE_DATA, 450, "4.7.1", "Wait");
    play_say(&play_it, "DATA\r\nNOOP\r\n");
    PLAY_TOLD("ASK DATA\nS: 450 4.7.1 Wait\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    play_answer(&play_it, EDGE_PHASE_DATA, 250, NULL, "Fine");
    play_say(&play_it, "DATA\r\nNOOP\r\n");
    PLAY_TOLD("ASK DATA\nS: 250 2.0.0 Fine\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    play_answer(&play_it, EDGE_PHASE_DATA, 0, NULL, NULL);
    play_say(&play_it, "DATA\r\n.\r\n");
    PLAY_TOLD("ASK DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\nOPEN\n" PLAY_STORED);
}

static void refused_message(void **state) {
    (void)state;
    play_begin_data();
    play_answer(&play_it, EDGE_PHASE_HAVE_DATA, 554, "5.7.1", "Spam");
    play_say(&play_it, "x\r\n.\r\nRCPT TO:<a@b>\r\n");
    PLAY_TOLD("BODY x\\r\\n\nASK HAVE_DATA\nDROP\nRESET\nS: 554 5.7.1 Spam\nS: 503 5.5.1 Bad sequence of commands\n");
}

static void queue_refuses(void **state) {
    (void)state;
    play_begin_data();
    play_answer(&play_it, -1, 452, "4.3.1", "Full");
    play_say(&play_it, ".\r\nDATA\r\n");
    PLAY_TOLD("ASK HAVE_DATA\nCOMMIT\nS: 452 4.3.1 Full\nS: 503 5.5.1 No valid sender given\n");
    play_begin_data();
    play_answer(&play_it, -1, 421, NULL, "Gone");
    play_say(&play_it, ".\r\nDATA\r\n");
    PLAY_TOLD("ASK HAVE_DATA\nCOMMIT\nS: 421 4.0.0 Gone\nCLOSE policy\n");
}

static void success_of_have_data_is_stored_even_with_221(void **state) {
    (void)state;
    play_begin_data();
    play_answer(&play_it, EDGE_PHASE_HAVE_DATA, 221, NULL, "Thanks");
    play_say(&play_it, ".\r\nNOOP\r\n");
    PLAY_TOLD("ASK HAVE_DATA\nCOMMIT\nS: 250 2.6.0 Message queued as 7\nCLOSE policy\n");
}

static void oversize(void **state) {
    (void)state;
    static char text[1200];
    memset(text, 'x', sizeof(text));
    memcpy(text + 998, "\r\n.\r\nNOOP\r\n", 12);
    play_begin_data();
    play_say(&play_it, text);
    const char *told = play_told(&play_it);
    assert_int_equal(strncmp(told, "BODY xxx", 8), 0);
    assert_non_null(strstr(told, "xx\\r\\n\n" PLAY_STORED "ASK NOOP []\n"));
    play_begin_data();
    memmove(text + 999, text + 998, 12);
    text[998] = 'x';
    play_say(&play_it, text);
    told = play_told(&play_it);
    assert_null(strstr(told, "COMMIT"));
    assert_non_null(
        strstr(told, "DROP\nRESET\nS: 552 5.3.4 Message exceeded size limit.\nASK NOOP []\nS: 250 2.0.0 Ok\n"));
}

/* The first trouble counts, wherever the network cut the message. */
static void oversize_and_a_bare_newline(void **state) {
    (void)state;
    static char text[1100];
    for (unsigned i = 0; i < 2; i++) {
        memset(text, 'x', sizeof(text));
        memcpy(text + 1050, "\r\n.\r\n", 6);
        text[i ? 1001 : 1000] = '\n';
        play_begin_data();
        play_say(&play_it, text);
        const char *told = play_told(&play_it);
        assert_non_null(strstr(told, i ? "RESET\nS: 552 5.3.4 " : "RESET\nS: 550 5.6.0 "));
    }
}

static void bare_newlines_are_refused(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "a\nb\r\n",  "a\rb\r\n",         "a\n.\n",           "a\n.\r\nMAIL FROM:<e@f>\r\n",
        "a\r.\r\nx", "a\r\n.\nQUIT\r\n", "a\r\n.\rQUIT\r\n", "a\r\r\n",
        "a\n\r\n",   "\n.\nRSET\r\n",    "a\r\n.\r\r\n",     "\r.\r\n",
    };
    for (unsigned i = 0; i < EDGE_COUNT(bodies); i++) {
        play_begin_data();
        play_say(&play_it, bodies[i]);
        play_say(&play_it, "end\r\n.\r\nNOOP\r\n");
        const char *told = play_told(&play_it), *drop = strstr(told, "DROP\n");
        assert_non_null(drop);
        assert_string_equal(drop,
                            "DROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\nASK NOOP []\nS: 250 2.0.0 Ok\n");
        play_end(&play_it);
    }
}

static void bare_newline_and_close(void **state) {
    (void)state;
    play_set.newlines = EDGE_NEWLINE_REJECT_CLOSE;
    play_begin_data();
    play_say(&play_it, "a\n.\r\nMAIL FROM:<e@f>\r\n.\r\nNOOP\r\n");
    const char *told = play_told(&play_it);
    assert_non_null(strstr(told, "DROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\n"
                                 "S: 421 4.6.0 Message contains bare CR or LF\nCLOSE bare_newline\n"));
    assert_null(strstr(told, "NOOP"));
}

static void bare_lf_is_normalized(void **state) {
    (void)state;
    play_set.newlines = EDGE_NEWLINE_NORMALIZE;
    play_begin_data();
    play_say(&play_it, "a\n.\nMAIL FROM:<e@f>\n\n.\r\nb\r\n..c\n..d\r\n.\r\nNOOP\r\n");
    PLAY_TOLD("BODY a\\r\\n.\\r\\nMAIL FROM:<e@f>\\r\\n\\r\\n.\\r\\nb\\r\\n.c\\r\\n..d\\r\\n\n" PLAY_STORED
              "ASK NOOP []\nS: 250 2.0.0 Ok\n");
    play_begin_data();
    play_say(&play_it, "a\rb\n\r\n.\r\n");
    assert_non_null(strstr(play_told(&play_it), "DROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\n"));
}

/* BDAT */

static void chunks(void **state) {
    (void)state;
    play_begin_envelope();
    play_say(&play_it, "BDAT 4\r\n.\r\n.NOOP\r\nBDAT 0\r\nBDAT 3\r\n\r\nxbdat 0 last\r\nQUIT\r\n");
    PLAY_TOLD("ASK DATA\nOPEN\nBODY .\\r\\n.\nS: 250 2.0.0 4 octets received\nASK NOOP []\nS: 250 2.0.0 Ok\n"
              "S: 250 2.0.0 0 octets received\nBODY \\r\\nx\nS: 250 2.0.0 3 octets received\n" PLAY_STORED
              "ASK QUIT\nS: 221 2.0.0 Bye\nCLOSE quit\n");
}

static void one_chunk(void **state) {
    (void)state;
    play_begin_envelope();
    play_say(&play_it, "BDAT 5 LAST\r\nQUIT\rMAIL FROM:<>\r\n");
    PLAY_TOLD("ASK DATA\nOPEN\nBODY QUIT\\r\nDROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\n"
              "ASK MAIL []\nS: 250 2.1.0 <> Ok\n");
}

static void crlf_over_two_chunks(void **state) {
    (void)state;
    play_begin_envelope();
    play_say(&play_it, "BDAT 2\r\na\rBDAT 2 LAST\r\n\nb");
    PLAY_TOLD("ASK DATA\nOPEN\nBODY a\\r\nS: 250 2.0.0 2 octets received\nBODY \\nb\n" PLAY_STORED);
}

static void chunks_out_of_order(void **state) {
    (void)state;
    play_begin_greeted();
    play_say(&play_it, "BDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<a@b>\r\nBDAT 6 LAST\r\nQUIT\r\nRCPT TO:<c@d>\r\n");
    PLAY_TOLD(
        "S: 503 5.5.1 No valid sender given\nASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nS: 503 5.5.1 No valid recipients "
        "given\n"
        "ASK RCPT [c@d]\nS: 250 2.1.5 <c@d> Ok\n");
    play_say(&play_it, "BDAT 1\r\nxDATA\r\nMAIL FROM:<>\r\nRCPT TO:<e@f>\r\nRSET\r\nBDAT 0\r\n");
    PLAY_TOLD("ASK DATA\nOPEN\nBODY x\nS: 250 2.0.0 1 octets received\nS: 503 5.5.1 Bad sequence of commands\n"
              "S: 503 5.5.1 Bad sequence of commands\nS: 503 5.5.1 Bad sequence of commands\n"
              "ASK RSET\nDROP\nRESET\nS: 250 2.0.0 Ok\nS: 503 5.5.1 No valid sender given\n");
}

static void failed_chunk_spoils_the_rest(void **state) {
    (void)state;
    play_begin_envelope();
    play_say(&play_it, "BDAT 3\r\na\nbBDAT 1 \r\nxMAIL FROM:<>\r\nDATA\r\nRSET\r\nMAIL FROM:<>\r\n");
    const char *told = play_told(&play_it);
    assert_non_null(strstr(told, "DROP\nRESET\nS: 550 5.6.0 Message contains bare CR or LF\n"
                                 "S: 503 5.5.1 Bad sequence of commands\nS: 503 5.5.1 Bad sequence of commands\n"
                                 "S: 503 5.5.1 Bad sequence of commands\nASK RSET\nS: 250 2.0.0 Ok\nASK MAIL []\n"));
    play_begin_envelope();
    play_say(&play_it, "BDAT 3\r\na\nbBDAT 1 LAST\r\nxMAIL FROM:<>\r\n");
    assert_non_null(
        strstr(play_told(&play_it), "S: 503 5.5.1 Bad sequence of commands\nASK MAIL []\nS: 250 2.1.0 <> Ok\n"));
}

static void chunks_too_large(void **state) {
    (void)state;
    static char text[1100];
    memset(text, 'x', sizeof(text) - 1);
    play_begin_envelope();
    play_say(&play_it, "BDAT 1001 LAST\r\n");
    play_feed(&play_it, edge_span(text, 1001));
    play_say(&play_it, "NOOP\r\n");
    PLAY_TOLD("ASK DATA\nRESET\nS: 552 5.3.4 Message exceeded size limit.\nASK NOOP []\nS: 250 2.0.0 Ok\n");
    play_begin_envelope();
    play_say(&play_it, "BDAT 1\r\nyBDAT 1000 LAST\r\n");
    PLAY_TOLD("ASK DATA\nOPEN\nBODY y\nS: 250 2.0.0 1 octets received\nDROP\n");
    play_feed(&play_it, edge_span(text, 1000));
    play_say(&play_it, "NOOP\r\n");
    PLAY_TOLD("RESET\nS: 552 5.3.4 Message exceeded size limit.\nASK NOOP []\nS: 250 2.0.0 Ok\n");
}

static void refused_chunk_is_swallowed_first(void **state) {
    (void)state;
    play_begin_envelope();
    play_answer(&play_it, EDGE_PHASE_DATA, 451, "4.7.1", "Greylisted");
    play_say(&play_it, "BDAT 6\r\nQU");
    PLAY_TOLD("ASK DATA\n");
    play_say(&play_it, "IT\r\nBDAT 2 LAST\r\n\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<x@y>\r\nBDAT 2 LAST\r\nab");
    PLAY_TOLD(
        "S: 451 4.7.1 Greylisted\nS: 503 5.5.1 Bad sequence of commands\nASK RSET\nRESET\nS: 250 2.0.0 Ok\n"
        "ASK MAIL []\nS: 250 2.1.0 <> Ok\nASK RCPT [x@y]\nS: 250 2.1.5 <x@y> Ok\nASK DATA\nS: 451 4.7.1 Greylisted\n");
    play_answer(&play_it, EDGE_PHASE_DATA, 0, NULL, NULL);
    play_say(&play_it, "BDAT 2 LAST\r\nab");
    PLAY_TOLD("ASK DATA\nOPEN\nBODY ab\n" PLAY_STORED);
}

static void unreadable_chunks(void **state) {
    (void)state;
    play_begin_envelope();
    play_say(&play_it,
             "BDAT\r\nBDAT 0\r\nRSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nxBDAT x\r\nBDAT 0 LAST\r\n");
    PLAY_TOLD(
        "S: 501 5.5.4 Syntax error in parameters or arguments\nS: 503 5.5.1 Bad sequence of commands\n"
        "ASK RSET\nRESET\nS: 250 2.0.0 Ok\nASK MAIL [a@b]\nS: 250 2.1.0 <a@b> Ok\nASK RCPT [c@d]\nS: 250 2.1.5 <c@d> "
        "Ok\n"
        "ASK DATA\nOPEN\nBODY x\nS: 250 2.0.0 1 octets received\n"
        "DROP\nRESET\nS: 501 5.5.4 Syntax error in parameters or arguments\nS: 503 5.5.1 Bad sequence of commands\n");
}

static void binary(void **state) {
    (void)state;
    play_begin_greeted();
    play_say(&play_it, "MAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nDATA\r\nBDAT 4\r\na\n\rbBDAT 1 LAST\r\n\r");
    PLAY_TOLD("ASK MAIL [a@b] BODY=BINARYMIME needs 4\nS: 250 2.1.0 <a@b> Ok\nASK RCPT [c@d]\nS: 250 2.1.5 <c@d> Ok\n"
              "S: 503 5.5.1 Bad sequence of commands\n"
              "ASK DATA\nOPEN\nBODY a\\n\\rb\nS: 250 2.0.0 4 octets received\nBODY \\r\n" PLAY_STORED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAY_DIALOGUE(refused_data_keeps_the_transaction),
        PLAY_DIALOGUE(refused_message),
        PLAY_DIALOGUE(queue_refuses),
        PLAY_DIALOGUE(success_of_have_data_is_stored_even_with_221),
        PLAY_DIALOGUE(oversize),
        PLAY_DIALOGUE(oversize_and_a_bare_newline),
        PLAY_DIALOGUE(bare_newlines_are_refused),
        PLAY_DIALOGUE(bare_newline_and_close),
        PLAY_DIALOGUE(bare_lf_is_normalized),
        PLAY_DIALOGUE(chunks),
        PLAY_DIALOGUE(one_chunk),
        PLAY_DIALOGUE(crlf_over_two_chunks),
        PLAY_DIALOGUE(chunks_out_of_order),
        PLAY_DIALOGUE(failed_chunk_spoils_the_rest),
        PLAY_DIALOGUE(chunks_too_large),
        PLAY_DIALOGUE(refused_chunk_is_swallowed_first),
        PLAY_DIALOGUE(unreadable_chunks),
        PLAY_DIALOGUE(binary),
    };
    return play_dialogues(tests, EDGE_COUNT(tests));
}
