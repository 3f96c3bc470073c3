/* Request targets: splitting, decoding, matching. */
#include "proto/http_target.h"

bool edge_http_target_split(edge_span_t target, edge_span_t *path, edge_span_t *query) {
    if (target.len == 0 || target.at[0] != '/') {
        return false;
    }
    const char *mark = memchr(target.at, '?', target.len);
    *path = edge_span(target.at, mark != NULL ? (size_t)(mark - target.at) : target.len);
    *query = mark != NULL ? edge_span_after(target, path->len + 1) : EDGE_NO_SPAN;
    return true;
}

bool edge_http_target_next(edge_span_t *query, edge_span_t *name, edge_span_t *value) {
    while (query->len > 0) {
        const char *end = memchr(query->at, '&', query->len);
        edge_span_t member = edge_span(query->at, end != NULL ? (size_t)(end - query->at) : query->len);
        *query = edge_span_after(*query, end != NULL ? member.len + 1 : member.len);
        if (member.len > 0) {
            const char *equals = memchr(member.at, '=', member.len);
            *name = edge_span(member.at, equals != NULL ? (size_t)(equals - member.at) : member.len);
            *value = equals != NULL ? edge_span_after(member, name->len + 1) : EDGE_NO_SPAN;
            return true;
        }
    }
    return false;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

edge_span_t edge_http_target_decode(edge_span_t text, apr_pool_t *pool) {
    if (text.at == NULL) {
        return EDGE_NO_SPAN;
    }
    char *out = apr_palloc(pool, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int c = (unsigned char)text.at[i];
        if (c == '%') {
            int high = text.len - i > 2 ? hex_value(text.at[i + 1]) : -1;
            int low = text.len - i > 2 ? hex_value(text.at[i + 2]) : -1;
            c = high < 0 || low < 0 ? -1 : high * 16 + low;
            i += 2;
        }
        if (c < ' ' || c == 0x7f) {
            return EDGE_NO_SPAN;
        }
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return edge_span(out, len);
}

static bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

edge_span_t edge_http_target_encode(edge_span_t text, apr_pool_t *pool) {
    static const char digits[] = "0123456789ABCDEF";
    char *out = apr_palloc(pool, text.len * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char octet = (unsigned char)text.at[i];
        if (is_unreserved(text.at[i])) {
            out[len++] = text.at[i];
            continue;
        }
        out[len++] = '%';
        out[len++] = digits[octet >> 4];
        out[len++] = digits[octet & 15];
    }
    out[len] = '\0';
    return edge_span(out, len);
}

/* The piece behind the slash at the front, up to the next slash. */
static edge_span_t take_piece(edge_span_t *path) {
    edge_span_t rest = edge_span_after(*path, 1);
    const char *slash = rest.len > 0 ? memchr(rest.at, '/', rest.len) : NULL;
    edge_span_t piece = edge_span(rest.at, slash != NULL ? (size_t)(slash - rest.at) : rest.len);
    *path = edge_span_after(rest, piece.len);
    return piece;
}

int edge_http_target_match(const char *pattern, edge_span_t path, edge_span_t *pieces, unsigned room) {
    edge_span_t wanted = edge_span_of(pattern);
    unsigned count = 0;
    while (wanted.len > 0 && path.len > 0) {
        edge_span_t want = take_piece(&wanted), got = take_piece(&path);
        if (want.len > 0 && want.at[0] == '{') {
            if (got.len == 0 || count == room) {
                return -1;
            }
            pieces[count++] = got;
        } else if (!edge_span_equal(want, got)) {
            return -1;
        }
    }
    return wanted.len == 0 && path.len == 0 ? (int)count : -1;
}
