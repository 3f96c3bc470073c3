/* Reads the two fields as RFC 2045 5.1 writes them: tokens, quoted strings, comments. */
#include "proto/mime_field.h"

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static bool is_token(char c) { return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c); }

/* Blanks and comments, which nest. */
static void skip(edge_span_t *rest) {
    unsigned depth = 0;
    while (rest->len > 0 && (depth > 0 || is_space(rest->at[0]) || rest->at[0] == '(')) {
        char c = rest->at[0];
        if (c == '\\' && depth > 0 && rest->len > 1)
            *rest = edge_span_after(*rest, 1);
        depth += c == '(';
        depth -= c == ')' && depth > 0;
        *rest = edge_span_after(*rest, 1);
    }
}

static edge_span_t take_token(edge_span_t *rest) {
    size_t len = 0;
    skip(rest);
    while (len < rest->len && is_token(rest->at[len]))
        len++;
    edge_span_t token = edge_span(rest->at, len);
    *rest = edge_span_after(*rest, len);
    return token;
}

static bool take_mark(edge_span_t *rest, char mark) {
    skip(rest);
    if (rest->len == 0 || rest->at[0] != mark)
        return false;
    *rest = edge_span_after(*rest, 1);
    return true;
}

/* A token or a quoted string; what is longer than `size` is cut. Returns the whole length. */
static size_t take_value(edge_span_t *rest, char *out, size_t size) {
    size_t len = 0;
    if (!take_mark(rest, '"')) {
        edge_span_t token = take_token(rest);
        memcpy(out, token.at, token.len < size ? token.len : size);
        return token.len;
    }
    while (rest->len > 0 && rest->at[0] != '"') {
        if (rest->at[0] == '\\' && rest->len > 1)
            *rest = edge_span_after(*rest, 1);
        if (len < size)
            out[len] = rest->at[0];
        len += rest->at[0] != '\r' && rest->at[0] != '\n';
        *rest = edge_span_after(*rest, 1);
    }
    take_mark(rest, '"');
    return len;
}

static bool is(edge_span_t word, const char *name) { return edge_span_equal_nocase(word, edge_span_of(name)); }

static edge_mime_type_t type_of(edge_span_t major, edge_span_t minor) {
    if (is(major, "multipart"))
        return is(minor, "signed") || is(minor, "encrypted") ? EDGE_MIME_SEALED
               : is(minor, "digest")                         ? EDGE_MIME_DIGEST
                                                             : EDGE_MIME_MULTIPART;
    if (is(major, "message") && (is(minor, "rfc822") || is(minor, "news")))
        return EDGE_MIME_MESSAGE;
    if (is(major, "message") && (is(minor, "partial") || is(minor, "external-body")))
        return EDGE_MIME_FRAGMENT;
    return is(major, "text") ? EDGE_MIME_TEXT : EDGE_MIME_OTHER;
}

/* A boundary ends in no blank (RFC 2046 5.1.1). */
static void keep_boundary(edge_mime_content_t *content, const char *value, size_t len) {
    while (len > 0 && len <= EDGE_MIME_BOUNDARY_MOST && value[len - 1] == ' ')
        len--;
    if (len > EDGE_MIME_BOUNDARY_MOST)
        return;
    memcpy(content->boundary, value, len);
    content->boundary[len] = '\0';
}

void edge_mime_content_read(edge_span_t value, edge_mime_content_t *content) {
    char text[EDGE_MIME_BOUNDARY_MOST + 1];
    edge_span_t major = take_token(&value);
    edge_span_t minor = take_mark(&value, '/') ? take_token(&value) : edge_span("", 0);
    content->type = type_of(major, minor);
    content->boundary[0] = '\0';
    while (take_mark(&value, ';')) {
        edge_span_t name = take_token(&value);
        size_t len = take_mark(&value, '=') ? take_value(&value, text, sizeof(text)) : 0;
        if (is(name, "boundary"))
            keep_boundary(content, text, len);
    }
}

edge_mime_encoding_t edge_mime_encoding_read(edge_span_t value) {
    edge_span_t word = take_token(&value);
    if (is(word, "7bit") || word.len == 0)
        return EDGE_MIME_7BIT;
    if (is(word, "8bit"))
        return EDGE_MIME_8BIT;
    return is(word, "binary") ? EDGE_MIME_BINARY : EDGE_MIME_ENCODED;
}
