/* Splits a configuration's text into the words of logical lines. */
#include "proto/conf_words.h"

static char peek(const edge_conf_cursor_t *cursor, size_t ahead) {
    size_t at = cursor->at + ahead;
    return at < cursor->file->text.len ? cursor->file->text.at[at] : '\0';
}

static bool at_end(const edge_conf_cursor_t *cursor) { return cursor->at >= cursor->file->text.len; }

static void step(edge_conf_cursor_t *cursor) {
    if (cursor->file->text.at[cursor->at++] == '\n') {
        cursor->line++;
        cursor->column = 1;
    } else {
        cursor->column++;
    }
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* A backslash before the newline (with or without CR) joins lines. */
static size_t join_length(const edge_conf_cursor_t *cursor) {
    if (peek(cursor, 0) != '\\')
        return 0;
    if (peek(cursor, 1) == '\n')
        return 2;
    return peek(cursor, 1) == '\r' && peek(cursor, 2) == '\n' ? 3 : 0;
}

static bool skip_join(edge_conf_cursor_t *cursor) {
    size_t length = join_length(cursor);
    for (size_t i = 0; i < length; i++)
        step(cursor);
    return length > 0;
}

static void skip_blanks(edge_conf_cursor_t *cursor) {
    while (!at_end(cursor) && (skip_join(cursor) || is_blank(peek(cursor, 0))))
        if (!at_end(cursor) && is_blank(peek(cursor, 0)))
            step(cursor);
}

static void skip_comment(edge_conf_cursor_t *cursor) {
    while (!at_end(cursor) && peek(cursor, 0) != '\n')
        step(cursor);
}

static bool word_goes_on(const edge_conf_cursor_t *cursor, bool quoted) {
    char c = peek(cursor, 0);
    return !at_end(cursor) && c != '\n' && (quoted || !is_blank(c));
}

/* No word is longer than the rest of its logical line. */
static size_t line_rest(const edge_conf_cursor_t *cursor) {
    const char *at = cursor->file->text.at + cursor->at, *end = cursor->file->text.at + cursor->file->text.len,
               *stop = at;
    while ((stop = memchr(stop, '\n', (size_t)(end - stop))) != NULL) {
        bool joined = stop > at && (stop[-1] == '\\' || (stop[-1] == '\r' && stop > at + 1 && stop[-2] == '\\'));
        if (!joined)
            return (size_t)(stop - at);
        stop++;
    }
    return (size_t)(end - at);
}

/* One word; quotes may stand anywhere in it, so that key="a value" is one. */
static edge_conf_argument_t read_word(edge_conf_cursor_t *cursor, edge_conf_report_t *report, apr_pool_t *pool) {
    edge_conf_argument_t word = {.line = cursor->line, .column = cursor->column};
    size_t start = cursor->at, len = 0;
    const edge_conf_cursor_t begin = *cursor;
    char *text = apr_palloc(pool, line_rest(cursor) + 1);
    bool quoted = false;
    while (word_goes_on(cursor, quoted)) {
        if (skip_join(cursor))
            continue;
        char c = peek(cursor, 0);
        bool escaped = quoted && c == '\\' && (peek(cursor, 1) == '"' || peek(cursor, 1) == '\\');
        if (escaped)
            step(cursor);
        if (c == '"' && !escaped)
            quoted = !quoted;
        else
            text[len++] = peek(cursor, 0);
        step(cursor);
    }
    text[len] = '\0';
    word.text = edge_span(text, len);
    word.width = (unsigned)(cursor->at - start);
    if (quoted)
        edge_conf_report_add(report, true, (edge_conf_place_t){begin.file, begin.line, begin.column, 1}, "EDG10001",
                             "close it on the same line", "a quote is not closed");
    return word;
}

bool edge_conf_words_next(edge_conf_cursor_t *cursor, edge_conf_argument_t *words, unsigned *count,
                          edge_conf_report_t *report, apr_pool_t *pool) {
    *count = 0;
    while (!at_end(cursor)) {
        skip_blanks(cursor);
        if (at_end(cursor))
            break;
        if (peek(cursor, 0) == '#')
            skip_comment(cursor);
        if (at_end(cursor))
            break;
        if (peek(cursor, 0) == '\n') {
            step(cursor);
            if (*count > 0)
                return true;
            continue;
        }
        if (*count == EDGE_CONF_WORDS_MOST) {
            const edge_conf_place_t here = {cursor->file, cursor->line, cursor->column, 1};
            edge_conf_report_add(report, true, here, "EDG10002", NULL, "more than %d words on one line",
                                 EDGE_CONF_WORDS_MOST);
            skip_comment(cursor);
            continue;
        }
        words[(*count)++] = read_word(cursor, report, pool);
    }
    return *count > 0;
}
