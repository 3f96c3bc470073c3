/* Decodes encoded words in the value of a field. */
#include "proto/encoded_word.h"

#include "edge_codec.h"
#include "edge_utf8.h"

/* =?charset?encoding?text?= */
typedef struct word {
    edge_span_t charset, text;
    char encoding; /* 'q' or 'b' */
    size_t len;    /* of the whole */
} word_t;

static bool is_word_char(char c) { return c > ' ' && c < 0x7f && c != '?'; }

/* The part up to the next "?", which is eaten too. */
static bool take_part(edge_span_t *rest, edge_span_t *part) {
    size_t len = 0;
    while (len < rest->len && is_word_char(rest->at[len])) {
        len++;
    }
    if (len == rest->len || rest->at[len] != '?') {
        return false;
    }
    *part = edge_span(rest->at, len);
    *rest = edge_span_after(*rest, len + 1);
    return true;
}

static bool take_word(edge_span_t text, word_t *word) {
    edge_span_t rest = text, encoding;
    if (text.len < 8 || text.at[0] != '=' || text.at[1] != '?') {
        return false;
    }
    rest = edge_span_after(rest, 2);
    if (!take_part(&rest, &word->charset) || !take_part(&rest, &encoding) || !take_part(&rest, &word->text) ||
        rest.len == 0 || rest.at[0] != '=' || encoding.len != 1) {
        return false;
    }
    word->encoding = (char)(encoding.at[0] | 0x20);
    word->len = text.len - rest.len + 1;
    return word->charset.len > 0 && (word->encoding == 'q' || word->encoding == 'b');
}

static bool knows_charset(edge_span_t charset) {
    static const edge_span_t known[] = {EDGE_SPAN("utf-8"), EDGE_SPAN("us-ascii")};
    const char *language = memchr(charset.at, '*', charset.len); /* RFC 2231 5 */
    edge_span_t name = edge_span(charset.at, language != NULL ? (size_t)(language - charset.at) : charset.len);
    return edge_span_equal_nocase(name, known[0]) || edge_span_equal_nocase(name, known[1]);
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2047 4.2; as many octets as the text has at most. */
static bool decode_q(edge_span_t text, char *out, size_t *len) {
    *len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int octet = text.at[i] == '_' ? ' ' : text.at[i];
        if (octet == '=') {
            int high = text.len - i > 2 ? hex_value(text.at[i + 1]) : -1;
            int low = text.len - i > 2 ? hex_value(text.at[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            octet = high * 16 + low;
            i += 2;
        }
        out[(*len)++] = (char)octet;
    }
    return true;
}

static bool decode_word(const word_t *word, char *out, size_t room, size_t *len) {
    if (!knows_charset(word->charset)) {
        return false;
    }
    return word->encoding == 'q' ? decode_q(word->text, out, len) : edge_base64_decode(word->text, out, room, len);
}

static bool is_text(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < ' ' || c == 0x7f) {
            return false;
        }
    }
    return edge_utf8_valid(text);
}

/* Whether only blanks stand between two words. */
static size_t blanks_at(edge_span_t text) {
    size_t len = 0;
    while (len < text.len && (text.at[len] == ' ' || text.at[len] == '\t')) {
        len++;
    }
    return len;
}

/* A decoded word is never longer than it was written. */
static bool decode_all(edge_span_t text, char *out, size_t *len) {
    size_t room = text.len;
    word_t word;
    *len = 0;
    while (text.len > 0) {
        size_t part;
        if (!take_word(text, &word)) {
            out[(*len)++] = text.at[0];
            text = edge_span_after(text, 1);
            continue;
        }
        if (!decode_word(&word, out + *len, room - *len, &part)) {
            return false;
        }
        *len += part;
        text = edge_span_after(text, word.len);
        size_t blanks = blanks_at(text);
        if (blanks > 0 && take_word(edge_span_after(text, blanks), &word)) {
            text = edge_span_after(text, blanks);
        }
    }
    return true;
}

bool edge_encoded_word_decode(edge_span_t text, apr_pool_t *pool, edge_span_t *decoded) {
    bool may_hold_word = text.len > 0 && memchr(text.at, '?', text.len) != NULL;
    *decoded = text;
    if (may_hold_word) {
        char *out = apr_palloc(pool, text.len);
        size_t len;
        if (!decode_all(text, out, &len)) {
            return false;
        }
        *decoded = edge_span(out, len);
    }
    return is_text(*decoded);
}
