/* Arbitrary messages: what comes out of a conversion is fit, is the same however the message is cut, and needs no other. */
#include <stdlib.h>

#include "proto/mime_convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)   \
    do {                  \
        if (!(condition)) \
            abort();      \
    } while (0)

typedef struct text {
    char *at;
    size_t len, room;
} text_t;

static void add(text_t *text, edge_span_t bytes) {
    if (text->len + bytes.len > text->room) {
        text->room = (text->len + bytes.len) * 2;
        text->at = realloc(text->at, text->room);
        MUST(text->at != NULL);
    }
    if (bytes.len > 0)
        memcpy(text->at + text->len, bytes.at, bytes.len);
    text->len += bytes.len;
}

static void feed(edge_mime_convert_t *convert, edge_span_t text, size_t step, text_t *out) {
    for (size_t at = 0; at < text.len;) {
        size_t len = text.len - at < step ? text.len - at : step;
        size_t eaten = edge_mime_convert_feed(convert, edge_span(text.at + at, len));
        MUST(eaten > 0 && eaten <= len && convert->out.len <= sizeof(convert->room));
        at += eaten;
        add(out, convert->out);
    }
    edge_mime_convert_end(convert);
    MUST(convert->out.len <= sizeof(convert->room));
    add(out, convert->out);
}

/* False: it cannot be converted. */
static bool run(edge_mime_convert_t *convert, edge_span_t text, unsigned how, size_t step, text_t *out) {
    edge_mime_convert_begin(convert, how & 1 ? EDGE_MIME_TO_8BIT : EDGE_MIME_TO_7BIT, how >> 1 & 1);
    feed(convert, text, step, out);
    MUST(out->len == 0);
    if (convert->why)
        return false;
    edge_mime_convert_again(convert);
    feed(convert, text, step, out);
    return true;
}

static void is_fit(const text_t *text, edge_mime_target_t target) {
    for (size_t i = 0; i < text->len; i++) {
        MUST(text->at[i] != '\0');
        MUST(text->at[i] != '\n' || (i > 0 && text->at[i - 1] == '\r'));
        MUST(text->at[i] != '\r' || (i + 1 < text->len && text->at[i + 1] == '\n'));
        MUST((unsigned char)text->at[i] < 0x80 || target == EDGE_MIME_TO_8BIT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_mime_convert_t *convert = calloc(1, sizeof(*convert));
    text_t one = {NULL, 0, 0}, other = {NULL, 0, 0}, again = {NULL, 0, 0};
    MUST(convert != NULL);
    if (size > 0) {
        unsigned how = data[0] & 3;
        edge_span_t text = edge_span((const char *)data + 1, size - 1);
        bool can = run(convert, text, how, 1 + (data[0] >> 2), &one);
        MUST(can || !(how & 2));
        MUST(run(convert, text, how, size, &other) == can);
        MUST(one.len == other.len && (one.len == 0 || memcmp(one.at, other.at, one.len) == 0));
        if (can) {
            is_fit(&one, how & 1 ? EDGE_MIME_TO_8BIT : EDGE_MIME_TO_7BIT);
            MUST(run(convert, edge_span(one.at, one.len), how, size, &again));
            MUST(again.len == one.len && (one.len == 0 || memcmp(again.at, one.at, one.len) == 0));
        }
    }
    free(one.at);
    free(other.at);
    free(again.at);
    free(convert);
    return 0;
}
