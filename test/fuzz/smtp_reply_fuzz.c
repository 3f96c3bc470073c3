/* Arbitrary texts as replies: on the wire every line has its code, its length and no octet that ends it early.
 * Input: code, flags, number; then the enhanced code up to a NUL; the rest is text or argument. */
#include <stdlib.h>

#include "edge_utf8.h"
#include "proto/smtp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

static void check_lines(const char *text, size_t len, bool utf8) {
    MUST(len >= 6);
    for (const char *line = text, *end; line < text + len; line = end + 2) {
        end = memchr(line, '\r', (size_t)(text + len - line));
        MUST(end && end + 1 < text + len && end[1] == '\n' && end - line >= 4 && end - line + 2 <= 512);
        MUST(memcmp(line, text, 3) == 0 && line[3] == (end + 2 == text + len ? ' ' : '-'));
        MUST(edge_utf8_valid(edge_span(line, (size_t)(end - line))));
        for (const char *c = line; c < end; c++)
            MUST(((unsigned char)*c >= ' ' && *c != 0x7f && (utf8 || (unsigned char)*c < 0x80)) || *c == '\t');
    }
}

static void check_text(const edge_reply_t *reply) {
    size_t len = edge_reply_text(reply, NULL, 0);
    char *text = malloc(len + 1);
    MUST(edge_reply_text(reply, text, len) == len);
    for (size_t i = 0; i < len; i++)
        MUST((unsigned char)text[i] >= ' ' || text[i] == '\n' || text[i] == '\t');
    free(text);
}

static void check(const edge_reply_t *reply, uint32_t keywords) {
    static const edge_span_t mechanisms = EDGE_SPAN("PLAIN LOGIN SCRAM-SHA-256");
    edge_smtp_rules_t rules = {.max_message_size = UINT64_MAX, .max_recipients = UINT32_MAX};
    size_t len = edge_smtp_hello_format(reply, keywords, &rules, mechanisms, NULL, 0), half = len / 2;
    char *whole = malloc(len), *part = malloc(half);
    MUST(edge_smtp_hello_format(reply, keywords, &rules, mechanisms, whole, len) == len);
    MUST(edge_smtp_hello_format(reply, keywords, &rules, mechanisms, part, half) == len &&
         memcmp(whole, part, half) == 0);
    check_lines(whole, len, reply->utf8);
    if (keywords == 0)
        MUST(edge_smtp_reply_format(reply, part, half) == len && memcmp(whole, part, half) == 0);
    free(whole);
    free(part);
    check_text(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4 || size > 20000)
        return 0;
    char *copy = malloc(size - 3);
    memcpy(copy, data + 3, size - 3);
    const char *nul = memchr(copy, '\0', size - 3);
    edge_span_t enhanced = nul ? edge_span(copy, (size_t)(nul - copy)) : EDGE_NO_SPAN;
    edge_span_t text = edge_span_after(edge_span(copy, size - 3), nul ? enhanced.len + 1 : 0);

    edge_reply_t reply = edge_reply_about((edge_reply_row_t)(data[2] % EDGE_R_COUNT), text);
    reply.number = (uint64_t)data[2] << (data[0] % 57);
    reply.utf8 = data[1] & 1;
    check(&reply, 0);
    check(&reply, data[1] & 2 ? EDGE_X_ALL : EDGE_X_BIT(SIZE));
    reply.text = text; /* a template that nobody would write */
    check(&reply, 0);
    if (edge_reply_set(&reply, data[0] * 2u + 100, enhanced, text)) {
        MUST(reply.code / 100 == 2 || reply.code / 100 == 4 || reply.code / 100 == 5);
        check(&reply, 0);
    }
    free(copy);
    return 0;
}
