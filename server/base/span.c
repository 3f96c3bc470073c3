/* Spans: comparing, trimming, copying and reading numbers. */
#include "edge_base.h"

static unsigned char fold(unsigned char c) { return (c >= 'A' && c <= 'Z') ? (unsigned char)(c + 32) : c; }

bool edge_span_equal(edge_span_t a, edge_span_t b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool edge_span_equal_nocase(edge_span_t a, edge_span_t b) { return a.len == b.len && edge_span_starts_nocase(a, b); }

bool edge_span_starts_nocase(edge_span_t span, edge_span_t start) {
    if (span.len < start.len) {
        return false;
    }
    for (size_t i = 0; i < start.len; i++) {
        if (fold((unsigned char)span.at[i]) != fold((unsigned char)start.at[i])) {
            return false;
        }
    }
    return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

edge_span_t edge_span_trim(edge_span_t span) {
    while (span.len > 0 && is_blank(span.at[0])) {
        span = edge_span_after(span, 1);
    }
    while (span.len > 0 && is_blank(span.at[span.len - 1])) {
        span.len--;
    }
    return span;
}

edge_span_t edge_span_copy(apr_pool_t *pool, edge_span_t span) {
    if (span.at == NULL) {
        return EDGE_NO_SPAN;
    }
    char *copy = apr_palloc(pool, span.len + 1);
    if (span.len > 0) {
        memcpy(copy, span.at, span.len);
    }
    copy[span.len] = '\0';
    return edge_span(copy, span.len);
}

bool edge_span_number(edge_span_t span, uint64_t *value) {
    uint64_t sum = 0;
    if (span.len == 0) {
        return false;
    }
    for (size_t i = 0; i < span.len; i++) {
        unsigned digit = (unsigned)(unsigned char)span.at[i] - '0';
        if (digit > 9 || sum > (UINT64_MAX - digit) / 10) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}
