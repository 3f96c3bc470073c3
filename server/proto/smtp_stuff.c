/* Dots in front of dots, without copying. */
#include "proto/smtp_stuff.h"

enum { AT_START, INSIDE, BEHIND_CR, STUFFED }; /* STUFFED: the dot has been put, the line's own follows */

/* How much of the input may go as it stands: up to and with the CRLF that a dot follows. */
static size_t plain_len(uint8_t state, edge_span_t input) {
    const char *from = input.at;
    size_t left = input.len;
    for (;;) {
        const char *end = memchr(from, '\n', left);
        if (!end)
            return input.len;
        bool line = end > input.at ? end[-1] == '\r' : state == BEHIND_CR;
        size_t len = (size_t)(end - input.at) + 1;
        if (line && len < input.len && input.at[len] == '.')
            return len;
        from = end + 1;
        left = input.len - len;
    }
}

static uint8_t state_behind(uint8_t before, edge_span_t sent) {
    char last = sent.at[sent.len - 1];
    char other = sent.len > 1 ? sent.at[sent.len - 2] : before == BEHIND_CR ? '\r' : '\0';
    if (last == '\n' && other == '\r')
        return AT_START;
    return last == '\r' ? BEHIND_CR : INSIDE;
}

bool edge_smtp_stuff_next(edge_smtp_stuff_t *stuff, edge_span_t *input, edge_span_t *out) {
    if (input->len == 0)
        return false;
    if (stuff->state == AT_START && input->at[0] == '.') {
        stuff->state = STUFFED;
        *out = (edge_span_t)EDGE_SPAN(".");
        return true;
    }
    *out = edge_span(input->at, plain_len(stuff->state, *input));
    stuff->state = state_behind(stuff->state, *out);
    *input = edge_span_after(*input, out->len);
    return true;
}

edge_span_t edge_smtp_stuff_end(const edge_smtp_stuff_t *stuff) {
    return stuff->state == AT_START ? (edge_span_t)EDGE_SPAN(".\r\n") : (edge_span_t)EDGE_SPAN("\r\n.\r\n");
}
