/* Overrides as the text of a file, both ways. */
#include <apr_strings.h>

#include "core/conf_value.h"
#include "core/override.h"
#include "edge_clock.h"
#include "proto/conf_words.h"

#define HEAD                                                                                                     \
    "# Settings that were changed while the server ran. edged writes this file and reads it behind edge.conf.\n" \
    "# To make a change for good, write it into edge.conf and reload: this one then goes by itself.\n"

/* Writing */

static const char *time_text(apr_time_t when, apr_pool_t *pool) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(when, text);
    return apr_pstrdup(pool, text);
}

/* A comment is one line, whatever has been said. */
static const char *quoted(const char *text, apr_pool_t *pool) {
    char *line = apr_pstrdup(pool, text);
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    return edge_conf_quote(edge_span_of(line), pool);
}

/* The directive within its sections, each one step further in. */
static const char *directive_lines(const edge_override_t *one, apr_pool_t *pool) {
    const char *opening = "", *closing = "", *indent = "";
    char *last, *sections = apr_pstrdup(pool, one->sections);
    for (char *section = apr_strtok(sections, "\n", &last); section; section = apr_strtok(NULL, "\n", &last)) {
        const char *blank = strchr(section, ' ');
        const char *name = blank ? apr_pstrmemdup(pool, section, (apr_size_t)(blank - section)) : section;
        opening = apr_pstrcat(pool, opening, indent, "<", section, ">\n", NULL);
        closing = apr_pstrcat(pool, indent, "</", name, ">\n", closing, NULL);
        indent = apr_pstrcat(pool, indent, "    ", NULL);
    }
    return apr_pstrcat(pool, opening, indent, one->before, one->value, "\n", closing, NULL);
}

static const char *override_text(const edge_override_t *one, apr_pool_t *pool) {
    return apr_pstrcat(pool, "\n# key ", one->key, "\n# by ", quoted(one->by, pool), " at ", time_text(one->at, pool),
                       one->until ? " until " : "", one->until ? time_text(one->until, pool) : "",
                       one->persistent ? "" : " reload", "\n", one->reason ? "# because " : "",
                       one->reason ? quoted(one->reason, pool) : "", one->reason ? "\n" : "",
                       one->over ? "# over " : "", one->over ? one->over : "", one->over ? "\n" : "",
                       directive_lines(one, pool), NULL);
}

const char *edge_override_write(const apr_array_header_t *list, bool persistent_only, apr_pool_t *pool) {
    apr_array_header_t *texts = apr_array_make(pool, list->nelts + 1, sizeof(const char *));
    *(const char **)apr_array_push(texts) = HEAD;
    for (int i = 0; i < list->nelts; i++) {
        const edge_override_t *one = &APR_ARRAY_IDX(list, i, edge_override_t);
        if (one->persistent || !persistent_only)
            *(const char **)apr_array_push(texts) = override_text(one, pool);
    }
    return apr_array_pstrcat(pool, texts, 0);
}

/* Reading */

typedef struct reading {
    apr_pool_t *pool;
    apr_array_header_t *list;
    edge_override_t one; /* without key: none is open */
    const char *line;    /* its directive */
    unsigned bad;
} reading_t;

static bool begins(edge_span_t line, const char *with, edge_span_t *rest) {
    size_t len = strlen(with);
    if (line.len < len || memcmp(line.at, with, len) != 0)
        return false;
    *rest = edge_span_after(line, len);
    return true;
}

static const char *text_of(const reading_t *reading, edge_span_t span) {
    return edge_span_copy(reading->pool, span).at;
}

/* What stands before the value, by the kind of setting that the key names. */
static size_t before_value(const char *key, const char *line) {
    size_t len = strlen(key);
    const char *mark = strncmp(key, "log.", 4) == 0                                                            ? ":"
                       : strncmp(key, "validator.", 10) == 0 && len > 5 && strcmp(key + len - 5, ".mode") == 0 ? "mode="
                       : len > 16 && strcmp(key + len - 16, ".auth.mechanisms") == 0 ? "mechanisms="
                                                                                     : " ";
    const char *found = strstr(line, mark);
    if (!found && *mark == ':')
        found = strstr(line, mark = " ");
    return found ? (size_t)(found - line) + strlen(mark) : 0;
}

static void finish(reading_t *reading) {
    edge_override_t *one = &reading->one;
    size_t before = one->key && reading->line ? before_value(one->key, reading->line) : 0;
    if (before > 0 && one->by) {
        one->before = apr_pstrmemdup(reading->pool, reading->line, before);
        one->value = reading->line + before;
        *(edge_override_t *)apr_array_push(reading->list) = *one;
    } else if (one->key || reading->line) {
        reading->bad++;
    }
    reading->one = (edge_override_t){.sections = ""};
    reading->line = NULL;
}

static unsigned words_of(const reading_t *reading, edge_span_t text, edge_conf_argument_t words[]) {
    edge_conf_file_t file = {.path = "", .text = edge_span_copy(reading->pool, text)};
    edge_conf_cursor_t cursor = {&file, 0, 1, 1};
    edge_conf_report_t report;
    unsigned count = 0;
    edge_conf_report_start(&report, reading->pool);
    return edge_conf_words_next(&cursor, words, &count, &report, reading->pool) && report.errors == 0 ? count : 0;
}

/* "WHO" at TIME [until TIME] [reload] */
static void read_by(reading_t *reading, edge_span_t rest) {
    edge_conf_argument_t words[EDGE_CONF_WORDS_MOST];
    edge_override_t *one = &reading->one;
    unsigned count = words_of(reading, rest, words);
    bool good = count >= 3 && edge_span_equal(words[1].text, edge_span_of("at")) &&
                edge_clock_rfc3339_parse(words[2].text, &one->at);
    unsigned i = 3;
    if (good && i + 1 < count && edge_span_equal(words[i].text, edge_span_of("until"))) {
        good = edge_clock_rfc3339_parse(words[i + 1].text, &one->until);
        i += 2;
    }
    one->persistent = good && i == count;
    if (good && (i == count || (i + 1 == count && edge_span_equal(words[i].text, edge_span_of("reload")))))
        one->by = words[0].text.at;
}

static void read_reason(reading_t *reading, edge_span_t rest) {
    edge_conf_argument_t words[EDGE_CONF_WORDS_MOST];
    if (words_of(reading, rest, words) == 1)
        reading->one.reason = words[0].text.at;
}

static void read_directive(reading_t *reading, edge_span_t line) {
    edge_override_t *one = &reading->one;
    while (line.len > 0 && line.at[0] == ' ')
        line = edge_span_after(line, 1);
    if (line.len == 0 || begins(line, "</", &line))
        return;
    if (line.at[0] == '<' && line.at[line.len - 1] == '>')
        one->sections = apr_pstrcat(reading->pool, one->sections, *one->sections ? "\n" : "",
                                    text_of(reading, edge_span(line.at + 1, line.len - 2)), NULL);
    else if (!reading->line)
        reading->line = text_of(reading, line);
    else
        reading->bad++;
}

static void read_line(reading_t *reading, edge_span_t line) {
    edge_span_t rest;
    if (begins(line, "# key ", &rest)) {
        finish(reading);
        reading->one.key = text_of(reading, rest);
    } else if (begins(line, "# by ", &rest)) {
        read_by(reading, rest);
    } else if (begins(line, "# because ", &rest)) {
        read_reason(reading, rest);
    } else if (begins(line, "# over ", &rest)) {
        reading->one.over = text_of(reading, rest);
    } else if (!begins(line, "#", &rest)) {
        read_directive(reading, line);
    }
}

apr_array_header_t *edge_override_read(edge_span_t text, unsigned *bad, apr_pool_t *pool) {
    reading_t reading = {.pool = pool, .list = edge_override_none(pool), .one = {.sections = ""}};
    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        size_t len = end ? (size_t)(end - text.at) : text.len;
        read_line(&reading, edge_span(text.at, len));
        text = edge_span_after(text, end ? len + 1 : len);
    }
    finish(&reading);
    if (bad)
        *bad = reading.bad;
    return reading.list;
}
