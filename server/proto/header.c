/* Header blocks: an incremental scanner and a reader by fields. */
#include "proto/header.h"

enum {
    LINE_START,
    LINE_CR, /* a CR where a line would begin */
    NAME,
    NAME_BLANKS, /* between name and colon */
    VALUE
};

/* The fields somebody asks for; `field` of a scanner is an index here plus one. */
static const struct {
    edge_span_t name;
    unsigned has;
} wanted[] = {
    {EDGE_SPAN("received"), 0},
    {EDGE_SPAN("message-id"), EDGE_HEADER_HAS_MESSAGE_ID},
    {EDGE_SPAN("from"), EDGE_HEADER_HAS_FROM},
    {EDGE_SPAN("date"), EDGE_HEADER_HAS_DATE},
    {EDGE_SPAN("subject"), EDGE_HEADER_HAS_SUBJECT},
};
enum { FIELD_OTHER, FIELD_RECEIVED, FIELD_MESSAGE_ID };

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
/* RFC 5322 3.6.8: printable ASCII but the colon. */
static bool is_name(char c) { return c > ' ' && c < 0x7f && c != ':'; }

static void finish(edge_header_scan_t *scan, uint64_t size) {
    scan->ended = true;
    scan->size = size;
}

/* A line that is no field: the block ended where this line began. */
static void finish_before_line(edge_header_scan_t *scan) {
    scan->none = scan->fields == 0;
    finish(scan, scan->line_start);
}

static unsigned field_of(edge_span_t name) {
    for (unsigned i = 0; i < EDGE_COUNT(wanted); i++) {
        if (edge_span_equal_nocase(name, wanted[i].name)) {
            return i + 1;
        }
    }
    return FIELD_OTHER;
}

static void field_begins(edge_header_scan_t *scan) {
    scan->fields++;
    scan->field = scan->name_len <= EDGE_HEADER_NAME_KEPT ? (uint8_t)field_of(edge_span(scan->name, scan->name_len))
                                                          : FIELD_OTHER;
    if (scan->field == FIELD_RECEIVED) {
        scan->received++;
    } else if (scan->field != FIELD_OTHER) {
        unsigned has = wanted[scan->field - 1].has;
        if (scan->field == FIELD_MESSAGE_ID && (scan->has & has) != 0) {
            scan->field = FIELD_OTHER; /* only the first is kept */
        }
        scan->has |= has;
    }
    scan->state = VALUE;
}

static void name_char(edge_header_scan_t *scan, char c) {
    if (scan->name_len < EDGE_HEADER_NAME_KEPT) {
        scan->name[scan->name_len] = c;
    }
    if (scan->name_len <= EDGE_HEADER_NAME_KEPT) {
        scan->name_len++;
    }
}

static void keep_message_id(edge_header_scan_t *scan, edge_span_t bytes) {
    for (size_t i = 0; i < bytes.len && scan->message_id_len < EDGE_HEADER_MESSAGE_ID_MOST; i++) {
        char c = bytes.at[i];
        bool leading = scan->message_id_len == 0 && is_blank(c);
        if (c != '\r' && c != '\n' && !leading) {
            scan->message_id[scan->message_id_len++] = c;
        }
    }
}

/* A value's bytes up to its line end or the span's; returns how many. */
static size_t value_bytes(edge_header_scan_t *scan, edge_span_t bytes) {
    const char *end = memchr(bytes.at, '\n', bytes.len);
    size_t len = end != NULL ? (size_t)(end - bytes.at) + 1 : bytes.len;
    if (scan->field == FIELD_MESSAGE_ID) {
        keep_message_id(scan, edge_span(bytes.at, len));
    }
    if (end != NULL) {
        scan->state = LINE_START;
        scan->line_start = scan->seen + len;
    }
    return len;
}

static void at_line_start(edge_header_scan_t *scan, char c) {
    if (c == '\n') {
        finish(scan, scan->seen + 1);
    } else if (c == '\r') {
        scan->state = LINE_CR;
    } else if (is_blank(c) && scan->fields > 0) {
        scan->state = VALUE;
    } else if (is_name(c)) {
        scan->name_len = 0;
        name_char(scan, c);
        scan->state = NAME;
    } else {
        finish_before_line(scan);
    }
}

static void one_byte(edge_header_scan_t *scan, char c) {
    if (scan->state == LINE_START) {
        at_line_start(scan, c);
    } else if (scan->state == LINE_CR && c == '\n') {
        finish(scan, scan->seen + 1);
    } else if (scan->state == NAME && is_name(c)) {
        name_char(scan, c);
    } else if ((scan->state == NAME || scan->state == NAME_BLANKS) && c == ':') {
        field_begins(scan);
    } else if ((scan->state == NAME || scan->state == NAME_BLANKS) && is_blank(c)) {
        scan->state = NAME_BLANKS;
    } else {
        finish_before_line(scan);
    }
}

bool edge_header_scan_feed(edge_header_scan_t *scan, edge_span_t bytes) {
    while (!scan->ended && bytes.len > 0) {
        size_t eaten = 1;
        if (scan->state == VALUE) {
            eaten = value_bytes(scan, bytes);
        } else {
            one_byte(scan, bytes.at[0]);
        }
        scan->seen += eaten;
        bytes = edge_span_after(bytes, eaten);
    }
    return scan->ended;
}

void edge_header_scan_end(edge_header_scan_t *scan) {
    if (scan->ended) {
        return;
    }
    if (scan->state == LINE_START || scan->state == VALUE) {
        finish(scan, scan->seen);
    } else {
        finish_before_line(scan);
    }
}

edge_span_t edge_header_scan_message_id(const edge_header_scan_t *scan) {
    if ((scan->has & EDGE_HEADER_HAS_MESSAGE_ID) == 0) {
        return EDGE_NO_SPAN;
    }
    return edge_span_trim(edge_span(scan->message_id, scan->message_id_len));
}

/* Octets of the first line, its line end included. */
static size_t line_len(edge_span_t text) {
    const char *end = memchr(text.at, '\n', text.len);
    return end != NULL ? (size_t)(end - text.at) + 1 : text.len;
}

/* A field's first line: name, blanks, colon. False when it is none; `behind` is where the value begins. */
static bool split_name(edge_span_t line, edge_span_t *name, size_t *behind) {
    size_t at = 0;
    while (at < line.len && is_name(line.at[at])) {
        at++;
    }
    *name = edge_span(line.at, at);
    while (at < line.len && is_blank(line.at[at])) {
        at++;
    }
    *behind = at + 1;
    return name->len > 0 && at < line.len && line.at[at] == ':';
}

static edge_span_t without_line_end(edge_span_t text) {
    if (text.len > 0 && text.at[text.len - 1] == '\n') {
        text.len--;
        if (text.len > 0 && text.at[text.len - 1] == '\r') {
            text.len--;
        }
    }
    return text;
}

bool edge_header_next(edge_span_t *block, edge_header_field_t *field) {
    size_t behind, len;
    if (block->len == 0 || !split_name(edge_span(block->at, line_len(*block)), &field->name, &behind)) {
        return false;
    }
    len = line_len(*block);
    while (len < block->len && is_blank(block->at[len])) {
        len += line_len(edge_span_after(*block, len));
    }
    field->whole = edge_span(block->at, len);
    field->value = without_line_end(edge_span_after(field->whole, behind));
    *block = edge_span_after(*block, len);
    return true;
}

edge_span_t edge_header_value(const edge_header_field_t *field, apr_pool_t *pool) {
    edge_span_t from = edge_span_trim(field->value);
    char *text = apr_palloc(pool, from.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < from.len; i++) {
        char c = from.at[i];
        bool ends_line = c == '\n' || (c == '\r' && i + 1 < from.len && from.at[i + 1] == '\n');
        if (!ends_line) {
            text[len++] = c;
        }
    }
    edge_span_t value = edge_span_trim(edge_span(text, len));
    text[(size_t)(value.at - text) + value.len] = '\0';
    return value;
}
