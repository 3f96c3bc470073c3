/* How fast the pure SMTP parts are, on one core and without a network: the decoder in GB/s, the machine in commands and
 * messages a second. Prints one line each; argument: seconds per figure (1). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/smtp_reply.h"

#define TEXT_MOST (4u << 20)

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Up to `most` octets of mail with lines of `line` octets, CRLF included; each `dotted`th begins with a stuffed dot (0: none). */
static size_t make_text(char *text, size_t most, size_t line, size_t dotted) {
    size_t len = 0;
    for (size_t n = 1; len + line <= most; n++, len += line) {
        memset(text + len, 'a' + (int)(n % 26), line);
        memcpy(text + len + line - 2, "\r\n", 2);
        if (dotted && n % dotted == 0)
            memcpy(text + len, "..", 2);
    }
    return len;
}

static void bench_decoder(const char *name, const char *text, size_t len, bool normalize, double seconds) {
    double start = now(), spent;
    uint64_t octets = 0, spans = 0;
    do {
        edge_smtp_dot_t dot;
        edge_smtp_dot_start(&dot, true, normalize);
        for (size_t at = 0; at < len; at += 65536) {
            edge_span_t input = edge_span(text + at, len - at < 65536 ? len - at : 65536), out;
            while (edge_smtp_dot_next(&dot, &input, &out) == EDGE_SMTP_DOT_SPAN)
                spans++;
        }
        octets += len;
        spent = now() - start;
    } while (spent < seconds);
    printf("decoder, %-28s %8.2f GB/s %12.0f spans/s\n", name, (double)octets / spent / 1e9, (double)spans / spent);
}

static const edge_smtp_rules_t rules = {
    .extensions = EDGE_X_ALL, .max_message_size = 1u << 30, .max_recipients = 1000, .max_line = 2048};

/* Answers everything at once, formats each reply. */
static uint64_t drive(edge_smtp_server_t *machine, edge_span_t input) {
    static char out[2048];
    edge_smtp_action_t action;
    uint64_t replies = 0;
    edge_smtp_server_input(machine, input);
    while (edge_smtp_server_next(machine, &action)) {
        if (action.kind == EDGE_SMTP_ASK) {
            edge_smtp_server_verdict(machine, action.reply);
        } else if (action.kind == EDGE_SMTP_COMMIT) {
            edge_smtp_server_stored(machine, edge_reply_about(EDGE_R_QUEUED, edge_span_of("e6482085-5322")));
        } else if (action.kind == EDGE_SMTP_REPLY) {
            replies++;
            if (action.with_keywords)
                edge_smtp_hello_format(&action.reply, action.keywords, &rules, action.mechanisms, out, sizeof(out));
            else
                edge_smtp_reply_format(&action.reply, out, sizeof(out));
        }
    }
    edge_smtp_server_eaten(machine);
    return replies;
}

static void bench_machine(const char *name, const char *what, edge_span_t dialogue, double per_round, double seconds) {
    edge_smtp_server_t machine;
    double start = now(), spent;
    uint64_t rounds = 0;
    edge_smtp_server_start(&machine, &rules, edge_reply_about(EDGE_R_BANNER, edge_span_of("slimta.org")));
    drive(&machine, edge_span_of("EHLO client.example.com\r\n"));
    do {
        for (unsigned i = 0; i < 100; i++, rounds++)
            drive(&machine, dialogue);
        spent = now() - start;
    } while (spent < seconds);
    double rate = (double)rounds * per_round / spent;
    printf("machine, %-28s %8.0f %s/s %10.0f ns each\n", name, rate, what, 1e9 / rate);
}

static edge_span_t make_message(char *text, size_t size) {
    static const char before[] = "MAIL FROM:<sender@client.example.com> SIZE=4096\r\n"
                                 "RCPT TO:<recipient@server.example.com>\r\nDATA\r\n";
    static const char after[] = ".\r\n";
    char *at = text;
    memcpy(at, before, sizeof(before) - 1);
    at += sizeof(before) - 1;
    at += make_text(at, size, 78, 0);
    memcpy(at, after, sizeof(after) - 1);
    return edge_span(text, (size_t)(at - text) + sizeof(after) - 1);
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 1;
    char *text = malloc(TEXT_MOST + 4096);
    if (!text)
        return 1;
    bench_decoder("lines of 78", text, make_text(text, TEXT_MOST, 78, 0), false, seconds);
    bench_decoder("lines of 78, 1 in 20 dotted", text, make_text(text, TEXT_MOST, 78, 20), false, seconds);
    bench_decoder("lines of 998", text, make_text(text, TEXT_MOST, 998, 0), false, seconds);
    bench_decoder("lines of 10", text, make_text(text, TEXT_MOST, 10, 0), false, seconds);
    size_t len = make_text(text, TEXT_MOST, 78, 0);
    for (size_t i = 76; i < len; i += 78)
        text[i] = 'x';
    bench_decoder("bare LF, normalized", text, len, true, seconds);
    memset(text, '\r', len);
    bench_decoder("a flood of CR", text, len, false, seconds);
    bench_machine("NOOP", "commands", edge_span_of("NOOP\r\n"), 1, seconds);
    bench_machine("RSET in groups of 10", "commands",
                  edge_span_of("RSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\n"), 10,
                  seconds);
    bench_machine("message of 4 KiB", "messages", make_message(text, 4096), 1, seconds);
    bench_machine("message of 64 KiB", "messages", make_message(text, 65536), 1, seconds);
    free(text);
    return 0;
}
