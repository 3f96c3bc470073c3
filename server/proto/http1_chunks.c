/* The decoder of chunked content: one octet at a time in the framing, whole spans in the content. */
#include "proto/http1_chunks.h"

enum {
    SIZE, /* the state of zero-filled memory */
    EXTENSION,
    SIZE_LF,
    CONTENT,
    CONTENT_CR,
    CONTENT_LF,
    TRAILER_START, /* of a line */
    TRAILER,
    TRAILER_LF,
    END_LF,
    ENDED,
    BROKEN
};

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_text(char c) { return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f); }

/* 15 digits stay below 2^60: no sum of sizes can overflow what counts them. */
static int in_size(edge_http1_chunks_t *chunks, char c) {
    int digit = hex_value(c);
    if (digit >= 0 && chunks->counted < 15) {
        chunks->left = chunks->left * 16 + (unsigned)digit;
        chunks->counted++;
        return SIZE;
    }
    if (chunks->counted == 0 || (c != ';' && c != '\r')) {
        return BROKEN;
    }
    chunks->counted = 0;
    return c == ';' ? EXTENSION : SIZE_LF;
}

static int in_extension(edge_http1_chunks_t *chunks, char c) {
    if (c == '\r') {
        return SIZE_LF;
    }
    return is_text(c) && ++chunks->counted <= EDGE_HTTP1_EXTENSION_MOST ? EXTENSION : BROKEN;
}

static int after_size(edge_http1_chunks_t *chunks, char c) {
    chunks->counted = 0;
    if (c != '\n') {
        return BROKEN;
    }
    return chunks->left > 0 ? CONTENT : TRAILER_START;
}

/* A trailer field must look like one: a name, then a colon, and no fold. */
static int in_trailer(edge_http1_chunks_t *chunks, char c) {
    bool starts = chunks->state == TRAILER_START;
    if (++chunks->counted > EDGE_HTTP1_TRAILER_MOST) {
        return BROKEN;
    }
    if (c == '\r') {
        return starts ? END_LF : chunks->name_seen ? TRAILER_LF : BROKEN;
    }
    if (starts) {
        chunks->name_seen = false;
    }
    if (!chunks->name_seen && (c == ' ' || c == '\t' || (starts && c == ':'))) {
        return BROKEN;
    }
    chunks->name_seen = chunks->name_seen || c == ':';
    return is_text(c) ? TRAILER : BROKEN;
}

static int step(edge_http1_chunks_t *chunks, char c) {
    switch (chunks->state) {
    case SIZE: return in_size(chunks, c);
    case EXTENSION: return in_extension(chunks, c);
    case SIZE_LF: return after_size(chunks, c);
    case CONTENT_CR: return c == '\r' ? CONTENT_LF : BROKEN;
    case CONTENT_LF: return c == '\n' ? SIZE : BROKEN;
    case TRAILER_START:
    case TRAILER: return in_trailer(chunks, c);
    case TRAILER_LF: return c == '\n' ? TRAILER_START : BROKEN;
    case END_LF: return c == '\n' ? ENDED : BROKEN;
    default: return BROKEN;
    }
}

static edge_span_t take_content(edge_http1_chunks_t *chunks, edge_span_t *input) {
    size_t len = input->len < chunks->left ? input->len : (size_t)chunks->left;
    edge_span_t data = edge_span(input->at, len);
    *input = edge_span_after(*input, len);
    chunks->left -= len;
    if (chunks->left == 0) {
        chunks->state = CONTENT_CR;
    }
    return data;
}

edge_http1_chunks_state_t edge_http1_chunks_next(edge_http1_chunks_t *chunks, edge_span_t *input, edge_span_t *data) {
    *data = EDGE_NO_SPAN;
    while (chunks->state != ENDED && chunks->state != BROKEN && input->len > 0) {
        if (chunks->state == CONTENT) {
            *data = take_content(chunks, input);
            return EDGE_HTTP1_CHUNKS_DATA;
        }
        chunks->state = (uint8_t)step(chunks, input->at[0]);
        *input = edge_span_after(*input, 1);
    }
    if (chunks->state == BROKEN) {
        return EDGE_HTTP1_CHUNKS_BAD;
    }
    return chunks->state == ENDED ? EDGE_HTTP1_CHUNKS_DONE : EDGE_HTTP1_CHUNKS_MORE;
}
