/* Telling UTF-8 (RFC 3629) from bytes that are none. */
#include "edge_utf8.h"

/* A row for the first bytes of a character: how many bytes it has and what the second may be (RFC 3629 4). */
typedef struct row {
    uint8_t first, last, len, low, high;
} row_t;

static const row_t rows[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f},
    {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static size_t check(const row_t *row, edge_span_t text) {
    const unsigned char *at = (const unsigned char *)text.at;
    if (text.len < row->len || at[1] < row->low || at[1] > row->high) {
        return 0;
    }
    for (size_t i = 2; i < row->len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return row->len;
}

size_t edge_utf8_len(edge_span_t text) {
    unsigned char first = (unsigned char)text.at[0];
    if (first < 0x80) {
        return 1;
    }
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        if (first >= rows[i].first && first <= rows[i].last) {
            return check(&rows[i], text);
        }
    }
    return 0;
}

bool edge_utf8_valid(edge_span_t text) {
    while (text.len > 0) {
        size_t len = edge_utf8_len(text);
        if (len == 0) {
            return false;
        }
        text = edge_span_after(text, len);
    }
    return true;
}
