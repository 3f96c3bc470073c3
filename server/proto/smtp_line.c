/* Finds command lines: CRLF ends one, nothing else. */
#include "proto/smtp_line.h"

/* Length with CRLF of the line at the front; 0: none within `len` octets. */
static size_t line_len(const char *at, size_t len) {
    const char *from = at, *end = at + len, *lf;
    while (from < end && (lf = memchr(from, '\n', (size_t)(end - from)))) {
        if (lf > at && lf[-1] == '\r')
            return (size_t)(lf + 1 - at);
        from = lf + 1;
    }
    return 0;
}

static bool has(edge_span_t line, char c) { return line.len > 0 && memchr(line.at, c, line.len); }

edge_smtp_line_result_t edge_smtp_line_take(edge_span_t *input, size_t most, edge_span_t *line) {
    if (input->len == 0)
        return EDGE_SMTP_LINE_PARTIAL;
    size_t len = line_len(input->at, input->len < most ? input->len : most);
    if (len == 0)
        return input->len < most ? EDGE_SMTP_LINE_PARTIAL : EDGE_SMTP_LINE_TOO_LONG;
    *line = edge_span(input->at, len - 2);
    *input = edge_span_after(*input, len);
    return has(*line, '\r') || has(*line, '\n') || has(*line, '\0') ? EDGE_SMTP_LINE_BAD : EDGE_SMTP_LINE_WHOLE;
}

bool edge_smtp_line_is_auth(edge_span_t input) {
    return edge_span_starts_nocase(input, (edge_span_t)EDGE_SPAN("AUTH")) && input.len > 4 &&
           (input.at[4] == ' ' || input.at[4] == '\t');
}

bool edge_smtp_line_skip(edge_span_t *input, bool *after_cr) {
    if (input->len == 0)
        return false;
    if (*after_cr && input->at[0] == '\n') {
        *input = edge_span_after(*input, 1);
        *after_cr = false;
        return true;
    }
    size_t len = line_len(input->at, input->len);
    bool whole = len > 0;
    if (!whole)
        len = input->len;
    *after_cr = !whole && input->at[len - 1] == '\r';
    *input = edge_span_after(*input, len);
    return whole;
}
