/* Arbitrary bytes as a message: the decoder agrees with one that sees all of it at once, in every cut.
 * Input: a byte of modes and cut, then the text. */
#include <stdlib.h>

#include "proto/smtp_dot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct decoded {
    char *bytes;
    size_t len, eaten;
    bool bare, ended, smuggled;
} decoded_t;

static bool at_line_start(const char *text, size_t at) {
    return at == 0 || (at >= 2 && text[at - 2] == '\r' && text[at - 1] == '\n');
}

static size_t find_end(const char *text, size_t size, bool stuffed) {
    for (size_t i = 0; stuffed && i + 3 <= size; i++)
        if (at_line_start(text, i) && memcmp(text + i, ".\r\n", 3) == 0)
            return i;
    return size;
}

static void add(decoded_t *out, char c) { out->bytes[out->len++] = c; }

/* A line of one dot, of whose ends one is bare, within the octets of the message. */
static bool find_smuggled(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        bool at_lf = i > 0 && text[i - 1] == '\n', at_cr = i > 0 && text[i - 1] == '\r';
        bool bare = at_cr || (at_lf && !at_line_start(text, i));
        if (text[i] != '.' || !(i == 0 || at_lf || at_cr) || i + 1 == size)
            continue;
        if (text[i + 1] == '\n' || (text[i + 1] == '\r' && (bare || (i + 2 < size && text[i + 2] != '\n'))))
            return true;
    }
    return false;
}

/* The plain reading of the rules, over the whole text. A CR at its very end is not known to be bare. */
static decoded_t whole(const char *text, size_t size, bool stuffed, bool normalize) {
    decoded_t out = {malloc(2 * size + 1), 0, 0, false, false, false};
    size_t end = find_end(text, size, stuffed);
    out.ended = end < size;
    out.eaten = out.ended ? end + 3 : size;
    out.smuggled = stuffed && find_smuggled(text, out.eaten);
    for (size_t i = 0; i < end; i++) {
        bool bare_lf = text[i] == '\n' && (i == 0 || text[i - 1] != '\r');
        if (text[i] == '\r' && i + 1 < size && text[i + 1] != '\n')
            out.bare = true;
        if (bare_lf && !normalize)
            out.bare = true;
        if (stuffed && text[i] == '.' && at_line_start(text, i))
            continue;
        if (bare_lf)
            add(&out, '\r');
        add(&out, text[i]);
    }
    return out;
}

static decoded_t pieces(const char *text, size_t size, bool stuffed, bool normalize, size_t cut) {
    decoded_t out = {malloc(2 * size + 1), 0, 0, false, false, false};
    edge_smtp_dot_t dot;
    edge_smtp_dot_start(&dot, stuffed, normalize);
    while (out.eaten < size && !out.ended) {
        size_t len = size - out.eaten < cut ? size - out.eaten : cut;
        char *copy = malloc(len);
        memcpy(copy, text + out.eaten, len);
        edge_span_t input = edge_span(copy, len), bytes;
        edge_smtp_dot_result_t result = EDGE_SMTP_DOT_SPAN;
        while (result == EDGE_SMTP_DOT_SPAN || result == EDGE_SMTP_DOT_BARE) {
            result = edge_smtp_dot_next(&dot, &input, &bytes);
            if (result == EDGE_SMTP_DOT_BARE && out.bare)
                abort();
            out.bare |= result == EDGE_SMTP_DOT_BARE;
            if (result != EDGE_SMTP_DOT_SPAN)
                continue;
            if (bytes.len == 0 || out.bare)
                abort();
            memcpy(out.bytes + out.len, bytes.at, bytes.len);
            out.len += bytes.len;
        }
        out.ended = result == EDGE_SMTP_DOT_END;
        if (!out.ended && input.len > 0)
            abort();
        out.eaten += len - input.len;
        free(copy);
    }
    out.smuggled = dot.smuggled;
    return out;
}

/* At the end of a text that stops in the middle, a dot or CR that may belong to the dot line is not given out yet. */
static bool agree(const decoded_t *a, const decoded_t *b) {
    if (a->eaten != b->eaten || a->ended != b->ended || a->bare != b->bare || a->smuggled != b->smuggled)
        return false;
    if (a->bare)
        return true;
    if (a->ended)
        return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
    return b->len <= a->len && a->len - b->len <= 1 && memcmp(a->bytes, b->bytes, b->len) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > 65536)
        return 0;
    const char *text = (const char *)data + 1;
    bool stuffed = data[0] & 1, normalize = data[0] & 2;
    decoded_t expected = whole(text, size - 1, stuffed, normalize);
    const size_t cuts[] = {size, 1, (data[0] >> 2) % 17 + 2u};
    for (unsigned i = 0; i < EDGE_COUNT(cuts); i++) {
        decoded_t got = pieces(text, size - 1, stuffed, normalize, cuts[i]);
        if (!agree(&expected, &got))
            abort();
        free(got.bytes);
    }
    free(expected.bytes);
    return 0;
}
