/* Dialogues with a next hop: what is said, what is made of each answer, and every way in which it can end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/smtp_client.h"
#include "proto/smtp_reply.h"

static edge_smtp_client_t machine;
static edge_smtp_client_rules_t rules;
static edge_recipient_t recipients[3];
static edge_envelope_t envelope;
static edge_smtp_client_message_t message;
static uint8_t marks[3];
static const unsigned order[3] = {0, 1, 2};
static char told[8192];
static size_t told_len;
static bool give_message; /* at READY */
static bool body_goes;    /* BODY is done at once */

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    told_len += (size_t)vsnprintf(told + told_len, sizeof(told) - told_len, format, arguments);
    va_end(arguments);
    assert_true(told_len < sizeof(told));
}

static void tell_reply(const edge_smtp_client_action_t *action) {
    char text[1024];
    size_t len = edge_smtp_reply_format(&action->reply, text, sizeof(text));
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\r')
            tell("%c", text[i] == '\n' && i + 1 < len ? '/' : text[i]);
}

static void act(const edge_smtp_client_action_t *action) {
    static const char *const outcomes[] = {"deferred", "done", "failed"};
    switch (action->kind) {
    case EDGE_SMTP_CLIENT_WRITE: tell("C: %.*s\n", (int)action->bytes.len - 2, action->bytes.at); break;
    case EDGE_SMTP_CLIENT_START_TLS: tell("TLS\n"); break;
    case EDGE_SMTP_CLIENT_PROVE: tell("PROVE %u\n", action->scram->asked.iterations); break;
    case EDGE_SMTP_CLIENT_READY:
        tell("READY\n");
        if (give_message)
            edge_smtp_client_send(&machine, &message);
        give_message = false;
        break;
    case EDGE_SMTP_CLIENT_BODY:
        tell("BODY%s\n", action->stuffed ? "" : " as it is");
        if (body_goes)
            edge_smtp_client_sent(&machine);
        break;
    case EDGE_SMTP_CLIENT_RESULT:
        tell("%u %s%s%s%s ", action->index, outcomes[action->outcome],
             action->outcome == EDGE_RELAY_DEFERRED && action->blame == EDGE_RELAY_HOST ? " by host" : "",
             action->own ? " (own)" : "",
             action->outcome == EDGE_RELAY_DONE && !action->without_dsn ? " with DSN" : "");
        tell_reply(action);
        break;
    case EDGE_SMTP_CLIENT_CLOSE:
        tell("CLOSE%s%s%s", action->goodbye ? " goodbye" : "", action->unheard ? " unheard" : "",
             action->own ? " (own) " : " ");
        tell_reply(action);
        break;
    }
}

static void run(void) {
    edge_smtp_client_action_t action;
    while (edge_smtp_client_next(&machine, &action))
        act(&action);
}

static void hears(const char *text) {
    edge_smtp_client_input(&machine, edge_span_of(text));
    run();
    assert_true(edge_smtp_client_eaten(&machine) <= strlen(text));
}

static void is_told(const char *expected) {
    assert_string_equal(told, expected);
    told_len = 0;
    told[0] = '\0';
}
#define TOLD(text) is_told(text)

static int set_up(void **state) {
    (void)state;
    static const edge_span_t names[] = {EDGE_SPAN("a@x.org"), EDGE_SPAN("b@x.org"), EDGE_SPAN("c@x.org")};
    memset(&rules, 0, sizeof(rules));
    memset(&envelope, 0, sizeof(envelope));
    memset(recipients, 0, sizeof(recipients));
    for (unsigned i = 0; i < 3; i++)
        recipients[i].address = names[i];
    rules.hello = edge_span_of("me.example");
    envelope.sender = edge_span_of("s@y.org");
    envelope.recipients = recipients;
    envelope.recipient_count = 3;
    message = (edge_smtp_client_message_t){
        .envelope = &envelope, .recipients = order, .count = 2, .size = 100, .marks = marks};
    give_message = body_goes = true;
    told_len = 0;
    told[0] = '\0';
    return 0;
}

/* Up to READY, with the message given. */
static void begin(const char *keywords) {
    char text[512];
    edge_smtp_client_start(&machine, &rules);
    snprintf(text, sizeof(text), "220 hi\r\n250-x\r\n%s250 HELP\r\n", keywords);
    hears(text);
    told_len = 0;
    told[0] = '\0';
    run();
}

static void again(void **state, const char *keywords) {
    set_up(state);
    begin(keywords);
    told_len = 0;
    told[0] = '\0';
}

static void plain_way(void **state) {
    (void)state;
    edge_smtp_client_start(&machine, &rules);
    run();
    TOLD("");
    assert_int_equal(edge_smtp_client_waits(&machine), EDGE_SMTP_CLIENT_WAITS_GREETING);
    hears("220-hello\r\n220 there\r\n");
    TOLD("C: EHLO me.example\n");
    assert_int_equal(edge_smtp_client_waits(&machine), EDGE_SMTP_CLIENT_WAITS_HELLO);
    hears("250 x\r\n");
    TOLD("READY\nC: MAIL FROM:<s@y.org>\n");
    assert_int_equal(edge_smtp_client_waits(&machine), EDGE_SMTP_CLIENT_WAITS_COMMAND);
    hears("250 2.1.0 ok\r\n");
    TOLD("C: RCPT TO:<a@x.org>\n");
    hears("250 ok\r\n");
    TOLD("C: RCPT TO:<b@x.org>\n");
    hears("550 5.1.1 who\r\n");
    TOLD("1 failed 550 5.1.1 who\nC: DATA\n");
    hears("354 go\r\n");
    TOLD("BODY\n");
    assert_int_equal(edge_smtp_client_waits(&machine), EDGE_SMTP_CLIENT_WAITS_END);
    give_message = true;
    hears("250 2.0.0 queued as X\r\n");
    TOLD("0 done 250 2.0.0 queued as X\nREADY\nC: MAIL FROM:<s@y.org>\n");
    hears("451 4.0.0 not now\r\n");
    TOLD("0 deferred 451 4.0.0 not now\n1 deferred 451 4.0.0 not now\nREADY\n");
    edge_smtp_client_quit(&machine);
    run();
    TOLD("C: QUIT\n");
    assert_int_equal(edge_smtp_client_waits(&machine), EDGE_SMTP_CLIENT_WAITS_BYE);
    hears("221 2.0.0 bye\r\n");
    TOLD("CLOSE goodbye unheard 221 2.0.0 bye\n");
    hears("250 more\r\n");
    TOLD("");
    assert_int_equal(edge_smtp_client_waits(&machine), EDGE_SMTP_CLIENT_WAITS_CLOSED);
}

static void pipelined(void **state) {
    begin("250-PIPELINING\r\n250-SIZE 1000\r\n250-DSN\r\n");
    TOLD("");
    again(state, "250-PIPELINING\r\n");
    hears("250 s\r\n550 a\r\n250 b\r\n354 go\r\n");
    TOLD("0 failed 550 5.0.0 a\nBODY\n");
    hears("552 too much\r\n");
    TOLD("1 failed 552 5.0.0 too much\nREADY\n");
    again(state, "250-PIPELINING\r\n250-DSN\r\n");
    hears("250 s\r\n250 a\r\n250 b\r\n354 go\r\n250 ok\r\n");
    TOLD("BODY\n0 done with DSN 250 ok\n1 done with DSN 250 ok\nREADY\n");
    again(state, "250-PIPELINING\r\n"); /* nobody is left: the empty message ends it */
    hears("250 s\r\n550 a\r\n450 b\r\n354 go\r\n");
    TOLD("0 failed 550 5.0.0 a\n1 deferred 450 4.0.0 b\nC: .\n");
    hears("554 no recipients\r\n");
    TOLD("READY\n");
    again(state, "250-PIPELINING\r\n");
    hears("250 s\r\n550 a\r\n550 b\r\n503 no\r\n");
    TOLD("0 failed 550 5.0.0 a\n1 failed 550 5.0.0 b\nC: RSET\n");
    hears("250 ok\r\n");
    TOLD("READY\n");
    again(state, "250-PIPELINING\r\n");
    hears("550 s\r\n503 a\r\n503 b\r\n503 no\r\n");
    TOLD("0 failed 550 5.0.0 s\n1 failed 550 5.0.0 s\nREADY\n");
    again(state, "250-PIPELINING\r\n");
    hears("250 s\r\n250 a\r\n250 b\r\n451 no\r\n");
    TOLD("0 deferred 451 4.0.0 no\n1 deferred 451 4.0.0 no\nC: RSET\n");
    hears("500 what\r\n");
    TOLD("CLOSE 500 5.0.0 what\n");
}

static void what_is_said_of_a_message(void **state) {
    edge_parameter_t of_sender[] = {{EDGE_SPAN("RET"), EDGE_SPAN("HDRS")}, {EDGE_SPAN("ENVID"), EDGE_SPAN("q1")}};
    edge_parameter_t of_recipient[] = {{EDGE_SPAN("ORCPT"), EDGE_SPAN("rfc822;o@x.org")},
                                       {EDGE_SPAN("NOTIFY"), EDGE_SPAN("FAILURE,DELAY")}};
    (void)state;
    envelope.sender_parameters = (edge_parameters_t){of_sender, 2};
    recipients[0].parameters = (edge_parameters_t){of_recipient, 2};
    message.count = 1;
    message.needs = EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8 | EDGE_CARRIES_DSN;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250-PIPELINING\r\n250-size 1000\r\n250-DSN\r\n250-8bitmime\r\n250 SMTPUTF8\r\n");
    TOLD("C: EHLO me.example\nREADY\n"
         "C: MAIL FROM:<s@y.org> SIZE=100 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=q1\n"
         "C: RCPT TO:<a@x.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;o@x.org\nC: DATA\n");
    set_up(state);
    message.needs = EDGE_CARRIES_BINARYMIME | EDGE_CARRIES_8BITMIME | EDGE_CARRIES_REQUIRETLS;
    rules.secure = rules.verified = true;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-8BITMIME\r\n250 REQUIRETLS\r\n");
    TOLD("C: EHLO me.example\nREADY\nC: MAIL FROM:<s@y.org> BODY=BINARYMIME REQUIRETLS\n");
}

static void chunks(void **state) {
    again(state, "250-PIPELINING\r\n250-CHUNKING\r\n");
    body_goes = false;
    hears("250 s\r\n250 a\r\n");
    TOLD("");
    hears("250 b\r\n");
    TOLD("C: BDAT 100 LAST\nBODY as it is\n");
    assert_int_equal(edge_smtp_client_waits(&machine), EDGE_SMTP_CLIENT_WAITS_BODY);
    edge_smtp_client_sent(&machine);
    hears("250 ok\r\n");
    TOLD("0 done 250 ok\n1 done 250 ok\nREADY\n");
    set_up(state);
    message.size = UINT64_MAX; /* nobody knows: not as one chunk */
    begin("250-CHUNKING\r\n250-SIZE\r\n");
    told_len = 0;
    told[0] = '\0';
    hears("250 s\r\n");
    hears("250 a\r\n");
    hears("250 b\r\n");
    TOLD("C: RCPT TO:<a@x.org>\nC: RCPT TO:<b@x.org>\nC: DATA\n");
}

static void what_the_next_hop_cannot_take(void **state) {
    static const struct {
        uint32_t needs;
        const char *keywords, *told;
    } cases[] = {
        {EDGE_CARRIES_8BITMIME, "",
         "0 failed (own) 554 5.6.3 the next hop takes no 8-bit content\n"
         "1 failed (own) 554 5.6.3 the next hop takes no 8-bit content\nREADY\n"},
        {EDGE_CARRIES_BINARYMIME, "250-BINARYMIME\r\n",
         "0 failed (own) 554 5.6.3 the next hop takes no binary content\n"
         "1 failed (own) 554 5.6.3 the next hop takes no binary content\nREADY\n"},
        {EDGE_CARRIES_SMTPUTF8, "",
         "0 failed (own) 553 5.6.7 the next hop does not know of SMTPUTF8\n"
         "1 failed (own) 553 5.6.7 the next hop does not know of SMTPUTF8\nREADY\n"},
        {EDGE_CARRIES_REQUIRETLS, "250-REQUIRETLS\r\n", /* offered without TLS it is worth nothing */
         "0 failed (own) 550 5.7.10 the message asks for TLS on its whole way (REQUIRETLS), and the next hop proves by "
         "no "
         "certificate who it is\n"
         "1 failed (own) 550 5.7.10 the message asks for TLS on its whole way (REQUIRETLS), and the next hop proves by "
         "no "
         "certificate who it is\nREADY\n"},
        {0, "250-SIZE 99\r\n",
         "0 failed (own) 552 5.3.4 the message is larger than the next hop takes\n"
         "1 failed (own) 552 5.3.4 the message is larger than the next hop takes\nREADY\n"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(cases); i++) {
        char text[256], expected[512];
        set_up(state);
        message.needs = cases[i].needs;
        edge_smtp_client_start(&machine, &rules);
        snprintf(text, sizeof(text), "220 hi\r\n250-x\r\n%s250 HELP\r\n", cases[i].keywords);
        snprintf(expected, sizeof(expected), "C: EHLO me.example\nREADY\n%s", cases[i].told);
        hears(text);
        TOLD(expected);
    }
}

static void require_tls(void **state) {
    message.needs = EDGE_CARRIES_REQUIRETLS;
    message.count = 1;
    rules.secure = true;
    begin("250-REQUIRETLS\r\n");
    assert_int_equal(edge_smtp_client_lacks(&machine, EDGE_CARRIES_REQUIRETLS), EDGE_CARRIES_REQUIRETLS);
    set_up(state);
    message.needs = EDGE_CARRIES_REQUIRETLS;
    message.count = 1;
    rules.secure = rules.verified = true;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 HELP\r\n");
    TOLD("C: EHLO me.example\nREADY\n0 failed (own) 550 5.7.30 the next hop does not know of REQUIRETLS\nREADY\n");
}

static void addresses_that_cannot_be_said(void **state) {
    (void)state;
    static char lengthy[EDGE_SMTP_CLIENT_LINE_MOST];
    memset(lengthy, 'x', sizeof(lengthy));
    recipients[0].address = edge_span_of("a\r\nDATA\r\n@x.org");
    recipients[2].address = edge_span(lengthy, sizeof(lengthy));
    message.count = 3;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 PIPELINING\r\n");
    TOLD("C: EHLO me.example\nREADY\nC: MAIL FROM:<s@y.org>\n"
         "0 failed (own) 553 5.1.3 the address cannot be said in a command\nC: RCPT TO:<b@x.org>\n"
         "2 failed (own) 553 5.1.3 the address cannot be said in a command\nC: DATA\n");
    hears("250 s\r\n250 b\r\n354 go\r\n250 done\r\n");
    TOLD("BODY\n1 done 250 done\nREADY\n");
    give_message = true;
    edge_smtp_client_start(&machine, &rules); /* the same, with the sender refused */
    hears("220 hi\r\n250-x\r\n250 PIPELINING\r\n550 s\r\n503 b\r\n503 no\r\n");
    assert_non_null(strstr(told, "1 failed 550 5.0.0 s\nREADY\n"));
    told_len = 0;
    told[0] = '\0';
    give_message = true;
    edge_smtp_client_start(&machine, &rules); /* and without pipelining */
    hears("220 hi\r\n250 x\r\n");
    hears("250 s\r\n");
    hears("250 b\r\n");
    TOLD("C: EHLO me.example\nREADY\nC: MAIL FROM:<s@y.org>\n"
         "0 failed (own) 553 5.1.3 the address cannot be said in a command\nC: RCPT TO:<b@x.org>\n"
         "2 failed (own) 553 5.1.3 the address cannot be said in a command\nC: DATA\n");
    set_up(state);
    envelope.sender = edge_span_of("a\nb@y.org");
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250 x\r\n");
    TOLD("C: EHLO me.example\nREADY\n"
         "CLOSE unheard (own) 451 4.5.0 what is to be said has characters that no command may hold\n");
}

static void all_or_none(void **state) {
    static const char *const keywords[] = {"", "250-PIPELINING\r\n", "250-CHUNKING\r\n",
                                           "250-PIPELINING\r\n250-CHUNKING\r\n"};
    for (unsigned i = 0; i < EDGE_COUNT(keywords); i++) {
        bool chunked = strstr(keywords[i], "CHUNKING") != NULL, grouped = strstr(keywords[i], "PIPELINING") != NULL;
        for (unsigned refused = 0; refused < 3; refused++) { /* 2: none */
            set_up(state);
            message.all_or_none = true;
            begin(keywords[i]);
            told_len = 0;
            told[0] = '\0';
            hears("250 s\r\n");
            assert_null(strstr(told, "C: DATA"));
            hears(refused == 0 ? "550 5.1.1 no\r\n" : "250 a\r\n");
            hears(refused == 1 ? "550 5.1.1 no\r\n" : "250 b\r\n");
            const char *first = grouped ? "" : "C: RCPT TO:<a@x.org>\n";
            const char *second = grouped ? "" : "C: RCPT TO:<b@x.org>\n";
            const char *results = "0 failed 550 5.1.1 no\n1 failed 550 5.1.1 no\n";
            char expected[512];
            snprintf(expected, sizeof(expected), "%s%s%s%s%s", first, refused == 0 ? results : "", second,
                     refused == 1 ? results : "",
                     refused < 2 ? "C: RSET\n"
                     : chunked   ? "C: BDAT 100 LAST\nBODY as it is\n"
                                 : "C: DATA\n");
            TOLD(expected);
        }
    }
}

static void greetings(void **state) {
    static const struct {
        const char *heard, *told;
    } cases[] = {
        {"554 go away\r\n", "CLOSE unheard 554 5.0.0 go away\n"},
        {"421 4.3.2 busy\r\n", "CLOSE unheard 421 4.3.2 busy\n"},
        {"SSH-2.0\r\n", "CLOSE unheard (own) 451 4.5.0 its answer is none of SMTP\n"},
        {"220 hi\r\n502 what\r\n250 x\r\n", "C: EHLO me.example\nC: HELO me.example\nREADY\nC: MAIL FROM:<s@y.org>\n"},
        {"220 hi\r\n502 what\r\n502 x\r\n", "C: EHLO me.example\nC: HELO me.example\nCLOSE unheard 502 5.0.0 x\n"},
        {"220 hi\r\n421 no\r\n", "C: EHLO me.example\nCLOSE unheard 421 4.0.0 no\n"},
        {"220 hi\r\n250-a\r\n250 b\r\n421 idle\r\n", NULL},
    };
    for (unsigned i = 0; i < EDGE_COUNT(cases); i++) {
        set_up(state);
        give_message = cases[i].told != NULL;
        edge_smtp_client_start(&machine, &rules);
        hears(cases[i].heard);
        TOLD(cases[i].told ? cases[i].told : "C: EHLO me.example\nREADY\nCLOSE unheard 421 4.0.0 idle\n");
    }
}

static void encryption(void **state) {
    rules.tls = EDGE_SMTP_CLIENT_TLS_MAY;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 STARTTLS\r\n");
    TOLD("C: EHLO me.example\nC: STARTTLS\n");
    hears("220 go\r\n");
    TOLD("TLS\n");
    assert_int_equal(edge_smtp_client_waits(&machine), EDGE_SMTP_CLIENT_WAITS_TLS);
    edge_smtp_client_secured(&machine);
    run();
    TOLD("C: EHLO me.example\n");
    hears("250-x\r\n250 STARTTLS\r\n");
    TOLD("READY\nC: MAIL FROM:<s@y.org>\n");
    set_up(state);
    rules.tls = EDGE_SMTP_CLIENT_TLS_MAY;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 STARTTLS\r\n454 not now\r\n");
    TOLD("C: EHLO me.example\nC: STARTTLS\nREADY\nC: MAIL FROM:<s@y.org>\n");
    set_up(state);
    rules.tls = EDGE_SMTP_CLIENT_TLS_MUST;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 STARTTLS\r\n454 not now\r\n");
    TOLD("C: EHLO me.example\nC: STARTTLS\nCLOSE unheard 454 4.0.0 not now\n");
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250 x\r\n");
    TOLD("C: EHLO me.example\n"
         "CLOSE unheard (own) 451 4.7.10 TLS is required, and the server does not offer it\n");
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n500 x\r\n");
    TOLD("C: EHLO me.example\nCLOSE unheard 500 5.0.0 x\n");
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n250 injected\r\n");
    TOLD("C: EHLO me.example\nC: STARTTLS\n"
         "CLOSE unheard (own) 451 4.7.0 something stood in clear text behind its answer to STARTTLS\n");
}

static void authentication(void **state) {
    static const struct {
        const char *heard, *told;
    } cases[] = {
        {"250 AUTH GSSAPI PLAIN LOGIN\r\n235 ok\r\n", "C: AUTH PLAIN AHVzZXIAcGFzcw==\nREADY\n"},
        {"250 AUTH=LOGIN\r\n334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 ok\r\n",
         "C: AUTH LOGIN\nC: dXNlcg==\nC: cGFzcw==\nREADY\n"},
        {"250 AUTH PLAIN\r\n535 5.7.8 no\r\n", "C: AUTH PLAIN AHVzZXIAcGFzcw==\nCLOSE unheard 535 5.7.8 no\n"},
        {"250 AUTH PLAIN\r\n334 \r\n",
         "C: AUTH PLAIN AHVzZXIAcGFzcw==\nCLOSE unheard (own) 451 4.5.0 its answer is none of SMTP\n"},
        {"250 AUTH LOGIN\r\n235 already\r\n",
         "C: AUTH LOGIN\nCLOSE unheard (own) 451 4.5.0 its answer is none of SMTP\n"},
        {"250 AUTH CRAM-MD5\r\n",
         "CLOSE unheard (own) 451 4.7.0 the server offers no AUTH of SCRAM-SHA-256, PLAIN or LOGIN\n"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(cases); i++) {
        char heard[256], expected[256];
        set_up(state);
        rules.user = edge_span_of("user");
        rules.password = edge_span_of("pass");
        rules.secure = true;
        give_message = false;
        edge_smtp_client_start(&machine, &rules);
        snprintf(heard, sizeof(heard), "220 hi\r\n250-x\r\n%s", cases[i].heard);
        snprintf(expected, sizeof(expected), "C: EHLO me.example\n%s", cases[i].told);
        hears(heard);
        TOLD(expected);
    }
    rules.secure = false;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 AUTH PLAIN\r\n");
    TOLD("C: EHLO me.example\n"
         "CLOSE unheard (own) 451 4.7.0 the password is not said without TLS, and the server offers none\n");
    rules.clear_password = true;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 AUTH PLAIN\r\n");
    TOLD("C: EHLO me.example\nC: AUTH PLAIN AHVzZXIAcGFzcw==\n");
}

#define SCRAM_FIRST "biwsbj11c2VyLHI9bm9uY2U="          /* n,,n=user,r=nonce */
#define SCRAM_SERVER "cj1ub25jZXgscz1BQUFBLGk9NDA5Ng==" /* r=noncex,s=AAAA,i=4096 */

static void by_scram(void **state) {
    static const uint8_t proof[EDGE_SCRAM_KEY_SIZE], signature[EDGE_SCRAM_KEY_SIZE];
    static const struct {
        const char *heard, *told;
    } endings[] = {
        {"334 dj1BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBPQ==\r\n", "C: \n"},
        {"334 dj1CQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBPQ==\r\n",
         "CLOSE unheard (own) 451 4.7.0 the server does not prove that it knows the password\n"},
        {"235 2.7.0 welcome\r\n",
         "CLOSE unheard (own) 451 4.7.0 the server does not prove that it knows the password\n"},
        {"334 ????\r\n", "CLOSE unheard (own) 451 4.7.0 the server does not prove that it knows the password\n"},
        {"535 5.7.8 no\r\n", "CLOSE unheard 535 5.7.8 no\n"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(endings); i++) {
        set_up(state);
        rules.user = edge_span_of("user");
        rules.nonce = edge_span_of("nonce");
        give_message = false;
        edge_smtp_client_start(&machine, &rules); /* also without TLS: nothing of the password is said */
        hears("220 hi\r\n250-x\r\n250 AUTH PLAIN LOGIN SCRAM-SHA-256\r\n334 " SCRAM_SERVER "\r\n");
        TOLD("C: EHLO me.example\nC: AUTH SCRAM-SHA-256 " SCRAM_FIRST "\nPROVE 4096\n");
        edge_smtp_client_proved(&machine, proof, signature);
        run();
        TOLD("C: Yz1iaXdzLHI9bm9uY2V4LHA9QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQT0=\n");
        hears(endings[i].heard);
        TOLD(endings[i].told);
    }
    set_up(state);
    rules.user = edge_span_of("user");
    rules.nonce = edge_span_of("nonce");
    rules.secure = true;
    rules.binding = edge_span_of("0123456789abcdef0123456789abcdef");
    give_message = false;
    edge_smtp_client_start(&machine, &rules); /* the strongest of them */
    hears("220 hi\r\n250-x\r\n250 AUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS PLAIN\r\n");
    TOLD("C: EHLO me.example\nC: AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsLG49dXNlcixyPW5vbmNl\n");
    edge_smtp_client_start(&machine, &rules); /* it could have been -PLUS */
    hears("220 hi\r\n250-x\r\n250 AUTH SCRAM-SHA-256\r\n334 bm8=\r\n");
    TOLD("C: EHLO me.example\nC: AUTH SCRAM-SHA-256 eSwsbj11c2VyLHI9bm9uY2U=\n"
         "CLOSE unheard (own) 451 4.7.0 the server's part of SCRAM is none\n");
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 AUTH SCRAM-SHA-256\r\n");
    edge_smtp_client_lost(&machine, edge_span_of("gone"));
    run();
    edge_smtp_client_proved(&machine, proof, signature); /* too late */
    run();
    assert_non_null(strstr(told, "CLOSE unheard (own) 451 4.4.2 gone\n"));
}

static void lmtp(void **state) {
    (void)state;
    rules.lmtp = true;
    message.count = 3;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 PIPELINING\r\n");
    hears("250 s\r\n250 a\r\n550 b\r\n250 c\r\n354 go\r\n");
    TOLD("C: LHLO me.example\nREADY\nC: MAIL FROM:<s@y.org>\nC: RCPT TO:<a@x.org>\nC: RCPT TO:<b@x.org>\n"
         "C: RCPT TO:<c@x.org>\nC: DATA\n1 failed 550 5.0.0 b\nBODY\n");
    hears("250 2.0.0 a stored\r\n452 4.2.2 c is full\r\n");
    TOLD("0 done 250 2.0.0 a stored\n2 deferred 452 4.2.2 c is full\nREADY\n");
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n500 x\r\n"); /* there is no HELO in LMTP */
    TOLD("C: LHLO me.example\nCLOSE unheard 500 5.0.0 x\n");
    give_message = true;
    edge_smtp_client_start(&machine, &rules);
    hears("220 hi\r\n250-x\r\n250 PIPELINING\r\n250 s\r\n250 a\r\n250 b\r\n250 c\r\n354 go\r\n250 a\r\n");
    edge_smtp_client_lost(&machine, edge_span_of("gone"));
    run();
    assert_non_null(strstr(told, "0 done 250 a\n1 deferred by host (own) 451 4.4.2 gone\n"
                                 "2 deferred by host (own) 451 4.4.2 gone\nCLOSE (own) 451 4.4.2 gone\n"));
}

/* The connection ends at each step. */
static void lost_anywhere(void **state) {
    static const struct {
        const char *heard, *told;
    } cases[] = {
        {"", "CLOSE unheard (own) 451 4.4.2 gone\n"},
        {"220 hi\r\n", "CLOSE unheard (own) 451 4.4.2 gone\n"},
        {"220 hi\r\n250 x\r\n", "CLOSE unheard (own) 451 4.4.2 gone\n"}, /* MAIL was not answered */
        {"220 hi\r\n250 x\r\n250 s\r\n", "0 deferred by host (own) 451 4.4.2 gone\n"
                                         "1 deferred by host (own) 451 4.4.2 gone\nCLOSE (own) 451 4.4.2 gone\n"},
        {"220 hi\r\n250 x\r\n250 s\r\n550 a\r\n",
         "1 deferred by host (own) 451 4.4.2 gone\nCLOSE (own) 451 4.4.2 gone\n"},
        {"220 hi\r\n250 x\r\n250 s\r\n550 a\r\n550 b\r\n", "CLOSE (own) 451 4.4.2 gone\n"},
        {"220 hi\r\n250 x\r\n250 s\r\n250 a\r\n550 b\r\n354 go\r\n",
         "0 deferred by host (own) 451 4.4.2 gone\nCLOSE (own) 451 4.4.2 gone\n"},
        {"220 hi\r\n250 x\r\n250 s\r\n250 a\r\n550 b\r\n354 go\r\n250 done\r\n",
         "CLOSE unheard (own) 451 4.4.2 gone\n"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(cases); i++) {
        set_up(state);
        edge_smtp_client_start(&machine, &rules);
        hears(cases[i].heard);
        told_len = 0;
        told[0] = '\0';
        edge_smtp_client_lost(&machine, edge_span_of("gone"));
        run();
        TOLD(cases[i].told);
        edge_smtp_client_lost(&machine, edge_span_of("gone again"));
        run();
        TOLD("");
    }
}

/* Whether recipients would be taken: no DATA, and RSET ends it. */
static void only_asked(void **state) {
    static const char *const keywords[] = {"", "250-PIPELINING\r\n", "250-CHUNKING\r\n250-SIZE 10\r\n"};
    for (unsigned i = 0; i < EDGE_COUNT(keywords); i++) {
        set_up(state);
        message.ask_only = true;
        message.size = UINT64_MAX;
        begin(keywords[i]);
        told_len = 0;
        told[0] = '\0';
        hears("250 s\r\n");
        hears("250 2.1.5 a is here\r\n");
        hears("550 5.1.1 b is not\r\n");
        assert_non_null(strstr(told, "0 done 250 2.1.5 a is here\n"));
        assert_non_null(strstr(told, "1 failed 550 5.1.1 b is not\nC: RSET\n"));
        assert_null(strstr(told, "DATA"));
        told_len = 0;
        hears("250 ok\r\n");
        TOLD("READY\n");
    }
    set_up(state);
    message.ask_only = true;
    begin("250-PIPELINING\r\n");
    told_len = 0;
    hears("550 5.7.1 not you\r\n503 a\r\n503 b\r\n"); /* of the sender it says nothing about recipients */
    TOLD("0 deferred (own) 451 4.1.0 the next hop does not take the sender of a question\n"
         "1 deferred (own) 451 4.1.0 the next hop does not take the sender of a question\nREADY\n");
    set_up(state);
    message.ask_only = true;
    begin("");
    told_len = 0;
    hears("421 4.3.2 later\r\n");
    assert_non_null(strstr(told, "0 deferred by host 421 4.3.2 later\n"));
}

static void answers_that_fit_nowhere(void **state) {
    static const struct {
        const char *heard, *told;
    } cases[] = {
        {"354 what\r\n", "0 deferred by host (own) 451 4.5.0 its answer is none of SMTP\n"},
        {"rubbish\r\n", "0 deferred by host (own) 451 4.5.0 its answer is none of SMTP\n"},
        {"421 4.3.0 down\r\n", "0 deferred by host 421 4.3.0 down\n"},
        {"250 s\r\n354 what\r\n", "0 deferred by host (own) 451 4.5.0 its answer is none of SMTP\n"},
        {"250 s\r\n250 a\r\n250 b\r\n250 what\r\n", "0 deferred by host (own) 451 4.5.0 its answer is none of SMTP\n"},
        {"250 s\r\n250 a\r\n250 b\r\n354 go\r\n354 again\r\n",
         "BODY\n0 deferred by host (own) 451 4.5.0 its answer is none of SMTP\n"},
        {"250 s\r\n250 a\r\n250 b\r\n354 go\r\n421 down\r\n", "BODY\n0 deferred by host 421 4.0.0 down\n"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(cases); i++) {
        again(state, "250-PIPELINING\r\n");
        hears(cases[i].heard);
        assert_non_null(strstr(told, "CLOSE"));
        assert_memory_equal(told, cases[i].told, strlen(cases[i].told));
    }
    again(state, "250-PIPELINING\r\n"); /* an answer in the middle of the message */
    body_goes = false;
    hears("250 s\r\n250 a\r\n250 b\r\n354 go\r\n554 5.6.0 enough\r\n");
    TOLD("BODY\n0 failed 554 5.6.0 enough\n1 failed 554 5.6.0 enough\nCLOSE 554 5.6.0 enough\n");
    edge_smtp_client_sent(&machine); /* what the driver had in hand */
    again(state, "250-PIPELINING\r\n");
    body_goes = false;
    hears("250 s\r\n250 a\r\n250 b\r\n354 go\r\n250 enough\r\n");
    assert_non_null(strstr(told, "0 deferred by host (own) 451 4.5.0"));
    again(state, ""); /* one more than was asked */
    hears("250 s\r\n250 a\r\n");
    assert_non_null(strstr(told, "C: RCPT TO:<b@x.org>\n"));
}

/* A part of an answer is none, nor is a line that others follow. */
static void answers_are_counted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        unsigned answers;
    } heard[] = {{"220-hop", 0}, {".example\r\n", 0},    {"220 ESMTP\r", 0},        {"\n", 1}, {"250-hop\r\n", 1},
                 {"250", 1},     {" PIPELINING\r\n", 2}, {"250 a\r\n250 b\r\n", 4}, {"2", 4}};
    edge_smtp_client_start(&machine, &rules);
    run();
    for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
        hears(heard[i].text);
        assert_int_equal(edge_smtp_client_answers(&machine), heard[i].answers);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(plain_way, set_up),
        cmocka_unit_test_setup(pipelined, set_up),
        cmocka_unit_test_setup(what_is_said_of_a_message, set_up),
        cmocka_unit_test_setup(chunks, set_up),
        cmocka_unit_test_setup(what_the_next_hop_cannot_take, set_up),
        cmocka_unit_test_setup(require_tls, set_up),
        cmocka_unit_test_setup(addresses_that_cannot_be_said, set_up),
        cmocka_unit_test_setup(all_or_none, set_up),
        cmocka_unit_test_setup(greetings, set_up),
        cmocka_unit_test_setup(encryption, set_up),
        cmocka_unit_test_setup(authentication, set_up),
        cmocka_unit_test_setup(by_scram, set_up),
        cmocka_unit_test_setup(lmtp, set_up),
        cmocka_unit_test_setup(only_asked, set_up),
        cmocka_unit_test_setup(lost_anywhere, set_up),
        cmocka_unit_test_setup(answers_that_fit_nowhere, set_up),
        cmocka_unit_test_setup(answers_are_counted, set_up),
    };
    return cmocka_run_group_tests_name("smtp_client", tests, NULL, NULL);
}
