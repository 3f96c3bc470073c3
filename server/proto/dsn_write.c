/* Puts text into a piece of a report; the one place where what others said is made inert. */
#include "edge_clock.h"
#include "edge_obj.h"
#include "edge_utf8.h"
#include "proto/dsn_priv.h"

#define COLUMNS 76
#define WORD_MOST 240 /* a longer one is cut into several */

bool edge_dsn_is_ascii(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] > 0x7f) {
            return false;
        }
    }
    return true;
}

void edge_dsn_put(edge_dsn_writer_t *writer, edge_span_t text) {
    EDGE_ASSERT(text.len <= writer->size - writer->len);
    if (text.len > 0) {
        memcpy(writer->out + writer->len, text.at, text.len);
    }
    writer->len += text.len;
    writer->column += text.len;
}

void edge_dsn_put_string(edge_dsn_writer_t *writer, const char *text) { edge_dsn_put(writer, edge_span_of(text)); }

void edge_dsn_end_line(edge_dsn_writer_t *writer) {
    edge_dsn_put_string(writer, "\r\n");
    writer->column = 0;
}

void edge_dsn_line(edge_dsn_writer_t *writer, const char *text) {
    edge_dsn_put_string(writer, text);
    edge_dsn_end_line(writer);
}

void edge_dsn_put_date(edge_dsn_writer_t *writer, apr_time_t time) {
    char date[EDGE_CLOCK_RFC5322_SIZE];
    edge_clock_rfc5322(time, date);
    edge_dsn_put_string(writer, date);
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* The next character of a foreign text, as it may be shown. */
static edge_span_t take(edge_span_t *text, bool utf8) {
    unsigned char c = (unsigned char)text->at[0];
    size_t len = edge_utf8_len(*text);
    edge_span_t shown = edge_span(text->at, len);
    if (is_space((char)c)) {
        shown = edge_span(" ", 1);
    } else if (c < ' ' || c == 0x7f || len == 0 || (len > 1 && !utf8)) {
        shown = edge_span("?", 1);
    }
    *text = edge_span_after(*text, len > 0 ? len : 1);
    return shown;
}

static edge_span_t cut(edge_span_t text, size_t most) { return edge_span(text.at, text.len < most ? text.len : most); }

static void put_cut_mark(edge_dsn_writer_t *writer, edge_span_t text, size_t most) {
    if (text.len > most) {
        edge_dsn_put_string(writer, "...");
    }
}

void edge_dsn_put_foreign(edge_dsn_writer_t *writer, edge_span_t text, bool utf8, size_t most) {
    edge_span_t rest = cut(text, most);
    while (rest.len > 0) {
        edge_dsn_put(writer, take(&rest, utf8));
    }
    put_cut_mark(writer, text, most);
}

/* One word of `text` off its front, blanks in front of it left out. */
static edge_span_t take_word(edge_span_t *text) {
    size_t len = 0;
    while (text->len > 0 && is_space(text->at[0])) {
        *text = edge_span_after(*text, 1);
    }
    while (len < text->len && len < WORD_MOST && !is_space(text->at[len])) {
        size_t step = edge_utf8_len(edge_span_after(*text, len));
        len += step > 0 ? step : 1;
    }
    edge_span_t word = edge_span(text->at, len);
    *text = edge_span_after(*text, len);
    return word;
}

void edge_dsn_put_words(edge_dsn_writer_t *writer, edge_span_t text, bool utf8, size_t most, const char *indent) {
    edge_span_t rest = cut(text, most);
    bool first = true;
    for (;;) {
        edge_span_t word = take_word(&rest);
        if (word.len == 0) {
            break;
        }
        if (!first && writer->column + 1 + word.len > COLUMNS) {
            edge_dsn_end_line(writer);
            edge_dsn_put_string(writer, indent);
        } else if (!first) {
            edge_dsn_put_string(writer, " ");
        }
        edge_dsn_put_foreign(writer, word, utf8, word.len);
        first = false;
    }
    put_cut_mark(writer, text, most);
}
