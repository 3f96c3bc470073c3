/* Replies of a server, line by line. */
#include "proto/smtp_answer.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The next line off the front of `input`, kept until its end comes. False: not yet, or it is too long. */
static bool take_line(edge_smtp_answer_t *answer, edge_span_t *input) {
    const char *end = memchr(input->at, '\n', input->len);
    size_t len = end ? (size_t)(end - input->at) + 1 : input->len;
    if (len > sizeof(answer->line) - answer->line_len) {
        answer->garbage = true;
        return false;
    }
    memcpy(answer->line + answer->line_len, input->at, len);
    answer->line_len = (uint16_t)(answer->line_len + len);
    *input = edge_span_after(*input, len);
    return end != NULL;
}

/* Three digits, the first of them 2 to 5, then '-', a blank or the end. */
static bool is_reply(edge_span_t line) {
    if (line.len < 3 || line.at[0] < '2' || line.at[0] > '5' || !is_digit(line.at[1]) || !is_digit(line.at[2]))
        return false;
    return line.len == 3 || line.at[3] == '-' || line.at[3] == ' ' || line.at[3] == '\t';
}

/* RFC 3463 2 at the front of a line: how many octets it takes with the blanks behind it. */
static size_t enhanced_len(edge_span_t line) {
    size_t at = 0;
    for (unsigned part = 0; part < 3; part++) {
        size_t digits = 0;
        while (at < line.len && digits < 3 && is_digit(line.at[at])) {
            at++;
            digits++;
        }
        if (digits == 0 || (part == 0 && digits != 1))
            return 0;
        if (part < 2 && (at == line.len || line.at[at++] != '.'))
            return 0;
    }
    if (at < line.len && line.at[at] != ' ' && line.at[at] != '\t')
        return 0;
    while (at < line.len && (line.at[at] == ' ' || line.at[at] == '\t'))
        at++;
    return at;
}

static void add(edge_smtp_answer_t *answer, edge_span_t bytes) {
    size_t room = sizeof(answer->text) - answer->text_len;
    size_t len = bytes.len < room ? bytes.len : room;
    if (len > 0)
        memcpy(answer->text + answer->text_len, bytes.at, len);
    answer->text_len = (uint16_t)(answer->text_len + len);
}

/* The first line keeps its enhanced code, which stands for all. */
static void keep(edge_smtp_answer_t *answer, edge_span_t line) {
    if (answer->lines == 0) {
        answer->text_len = 0;
        add(answer, line);
        return;
    }
    add(answer, (edge_span_t)EDGE_SPAN("\n"));
    add(answer, edge_span_after(line, enhanced_len(line)));
}

edge_smtp_answer_result_t edge_smtp_answer_next(edge_smtp_answer_t *answer, edge_span_t *input, edge_span_t *line) {
    if (answer->garbage)
        return EDGE_SMTP_ANSWER_GARBAGE;
    if (input->len == 0)
        return EDGE_SMTP_ANSWER_MORE;
    if (!take_line(answer, input))
        return answer->garbage ? EDGE_SMTP_ANSWER_GARBAGE : EDGE_SMTP_ANSWER_MORE;
    edge_span_t whole = edge_span(answer->line, answer->line_len - 1u);
    answer->line_len = 0;
    if (whole.len > 0 && whole.at[whole.len - 1] == '\r')
        whole.len--;
    if (!is_reply(whole) || answer->lines == EDGE_SMTP_ANSWER_LINES_MOST) {
        answer->garbage = true;
        return EDGE_SMTP_ANSWER_GARBAGE;
    }
    answer->code = (uint16_t)((whole.at[0] - '0') * 100 + (whole.at[1] - '0') * 10 + whole.at[2] - '0');
    *line = edge_span_after(whole, whole.len > 3 ? 4 : 3);
    keep(answer, *line);
    bool last = whole.len == 3 || whole.at[3] != '-';
    answer->lines = last ? 0 : (uint16_t)(answer->lines + 1);
    return last ? EDGE_SMTP_ANSWER_WHOLE : EDGE_SMTP_ANSWER_LINE;
}

edge_reply_t edge_smtp_answer_reply(edge_smtp_answer_t *answer) {
    edge_span_t text = edge_span(answer->text, answer->text_len);
    edge_reply_t reply = {.code = 250, .subject = EDGE_NO_ENHANCED, .utf8 = true};
    if (!edge_reply_set(&reply, answer->code, EDGE_NO_SPAN, text)) {
        reply.code = answer->code;
        reply.literal = true;
        reply.text = text;
    }
    return reply;
}
