/* Texts as cells of CSV. */
#include "proto/csv.h"
#include "edge_utf8.h"

/* The code point of a well-formed character. */
static uint32_t code_point(edge_span_t text, size_t len) {
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)text.at[0] & masks[len];
    for (size_t i = 1; i < len; i++) {
        code = code << 6 | ((unsigned char)text.at[i] & 0x3f);
    }
    return code;
}

/* Controls, separators of lines, and what changes the direction of writing. */
static bool is_unsafe(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

/* What begins a formula, in its wide forms as well. */
static bool begins_formula(uint32_t code) {
    return code == '=' || code == '+' || code == '-' || code == '@' || code == 0xff1d || code == 0xff0b ||
           code == 0xff0d || code == 0xff20;
}

/* Spaces in front are trimmed by some programs. */
static bool is_formula(edge_span_t text) {
    while (text.len > 0 && text.at[0] == ' ') {
        text = edge_span_after(text, 1);
    }
    size_t len = text.len > 0 ? edge_utf8_len(text) : 0;
    return len > 0 && begins_formula(code_point(text, len));
}

static size_t put_escape(uint32_t code, char *out) {
    static const char digits[] = "0123456789abcdef";
    unsigned count = code < 0x100 ? 2 : 4;
    out[0] = '\\';
    out[1] = count == 2 ? 'x' : 'u';
    for (unsigned i = 0; i < count; i++) {
        out[2 + i] = digits[code >> (count - 1 - i) * 4 & 15];
    }
    return 2 + count;
}

static size_t put_octets(edge_span_t octets, char *out) {
    memcpy(out, octets.at, octets.len);
    return octets.len;
}

/* The character at the front; `eaten` gets how many octets it had. */
static size_t put_char(edge_span_t text, size_t *eaten, char *out) {
    size_t len = edge_utf8_len(text);
    *eaten = len > 0 ? len : 1;
    if (len == 0) {
        return put_octets((edge_span_t)EDGE_SPAN("\xef\xbf\xbd"), out);
    }
    uint32_t code = code_point(text, len);
    if (is_unsafe(code)) {
        return put_escape(code, out);
    }
    if (code == '"') {
        return put_octets((edge_span_t)EDGE_SPAN("\"\""), out);
    }
    return put_octets(edge_span(text.at, len), out);
}

size_t edge_csv_text(edge_span_t text, char *out) {
    size_t len = 0, eaten;
    out[len++] = '"';
    if (is_formula(text)) {
        out[len++] = '\'';
    }
    for (; text.len > 0; text = edge_span_after(text, eaten)) {
        len += put_char(text, &eaten, out + len);
    }
    out[len++] = '"';
    return len;
}
