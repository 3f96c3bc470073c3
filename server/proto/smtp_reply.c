/* Makes the lines of a reply. */
#include "proto/smtp_reply.h"

#include "proto/reply_text.h"

#define CRLF_LEN 2
#define PREFIX_MOST 16 /* "250-5.999.999 " */

static const struct keyword {
    edge_span_t name;
    const char *prose;
} keyword_rows[] = {
#define EDGE_EXTENSION(name, keyword, prose) {EDGE_SPAN(keyword), prose},
#include "tbl/smtp_extensions.def"
#undef EDGE_EXTENSION
};

/* One line is held back until it is known whether it is the last. */
typedef struct lines {
    char *out;
    size_t size, len;
    char prefix[PREFIX_MOST];
    size_t prefix_len, most; /* octets of text that fit behind the prefix */
    char line[EDGE_SMTP_REPLY_LINE_MOST];
    size_t line_len;
} lines_t;

static void put(lines_t *lines, const char *bytes, size_t len) {
    if (lines->len < lines->size)
        memcpy(lines->out + lines->len, bytes, len < lines->size - lines->len ? len : lines->size - lines->len);
    lines->len += len;
}

static size_t digits(char *out, unsigned number) {
    char text[4];
    size_t at = sizeof(text), len;
    number %= 1000; /* RFC 3463 2: three digits at most */
    do
        text[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    len = sizeof(text) - at;
    memcpy(out, text + at, len);
    return len;
}

static void start(lines_t *lines, const edge_reply_t *reply, char *out, size_t size) {
    unsigned class = edge_reply_class(reply);
    lines->out = out;
    lines->size = size;
    lines->len = lines->line_len = 0;
    lines->prefix_len = digits(lines->prefix, reply->code);
    lines->prefix[lines->prefix_len++] = ' ';
    if (reply->subject != EDGE_NO_ENHANCED && class != 3) {
        lines->prefix[lines->prefix_len++] = (char)('0' + class);
        lines->prefix[lines->prefix_len++] = '.';
        lines->prefix_len += digits(lines->prefix + lines->prefix_len, reply->subject);
        lines->prefix[lines->prefix_len++] = '.';
        lines->prefix_len += digits(lines->prefix + lines->prefix_len, reply->detail);
        lines->prefix[lines->prefix_len++] = ' ';
    }
    lines->most = EDGE_SMTP_REPLY_LINE_MOST - CRLF_LEN - lines->prefix_len;
}

/* Writes the first `len` octets of the line that is held. A line without text ends behind its codes. */
static void end_line(lines_t *lines, size_t len, bool last) {
    lines->prefix[3] = last ? ' ' : '-';
    put(lines, lines->prefix, len == 0 && lines->prefix_len > 4 ? lines->prefix_len - 1 : lines->prefix_len);
    put(lines, lines->line, len);
    put(lines, "\r\n", CRLF_LEN);
}

/* The line is full and goes on: broken at its last blank if that is not too far back, else between characters. */
static void wrap(lines_t *lines) {
    size_t len = lines->line_len, skip = 0;
    while (len > lines->most / 2 && lines->line[len - 1] != ' ')
        len--;
    if (len > lines->most / 2) {
        skip = 1;
        len--;
    } else {
        len = lines->line_len;
        while (len > 1 && ((unsigned char)lines->line[len - 1] & 0xc0) == 0x80)
            len--;
        if ((unsigned char)lines->line[len - 1] >= 0xc0)
            len--;
    }
    end_line(lines, len, false);
    lines->line_len -= len + skip;
    memmove(lines->line, lines->line + len + skip, lines->line_len);
}

static void add_run(void *to, edge_span_t run) {
    lines_t *lines = to;
    if (run.at[0] == '\n') {
        end_line(lines, lines->line_len, false);
        lines->line_len = 0;
        return;
    }
    while (run.len > 0) {
        if (lines->line_len == lines->most)
            wrap(lines);
        size_t len = run.len < lines->most - lines->line_len ? run.len : lines->most - lines->line_len;
        memcpy(lines->line + lines->line_len, run.at, len);
        lines->line_len += len;
        run = edge_span_after(run, len);
    }
}

size_t edge_smtp_reply_format(const edge_reply_t *reply, char *out, size_t size) {
    lines_t lines;
    start(&lines, reply, out, size);
    edge_reply_text_walk(reply, reply->utf8, add_run, &lines);
    end_line(&lines, lines.line_len, true);
    return lines.len;
}

static void add_number(lines_t *lines, edge_span_t before, uint64_t number) {
    edge_reply_t text = {.text = EDGE_SPAN("%n"), .number = number};
    add_run(lines, before);
    edge_reply_text_walk(&text, false, add_run, lines);
}

static void add_keyword(lines_t *lines, unsigned extension, const edge_smtp_rules_t *rules, edge_span_t mechanisms) {
    add_run(lines, keyword_rows[extension].name);
    if (extension == EDGE_X_SIZE)
        add_number(lines, (edge_span_t)EDGE_SPAN(" "), rules->max_message_size);
    else if (extension == EDGE_X_AUTH) {
        add_run(lines, (edge_span_t)EDGE_SPAN(" "));
        add_run(lines, mechanisms);
    } else if (extension == EDGE_X_LIMITS)
        add_number(lines, (edge_span_t)EDGE_SPAN(" RCPTMAX="), rules->max_recipients);
}

size_t edge_smtp_hello_format(const edge_reply_t *reply, uint32_t keywords, const edge_smtp_rules_t *rules,
                              edge_span_t mechanisms, char *out, size_t size) {
    lines_t lines;
    start(&lines, reply, out, size);
    edge_reply_text_walk(reply, reply->utf8, add_run, &lines);
    for (unsigned i = 0; i < EDGE_X_COUNT; i++) {
        if (!(keywords & (1u << i)))
            continue;
        end_line(&lines, lines.line_len, false);
        lines.line_len = 0;
        add_keyword(&lines, i, rules, mechanisms);
    }
    end_line(&lines, lines.line_len, true);
    return lines.len;
}

const char *edge_smtp_extension_prose(edge_smtp_extension_t extension) { return keyword_rows[extension].prose; }
