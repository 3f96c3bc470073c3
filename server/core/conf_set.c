/* Checks one use of a directive and stores its value. */
#include "core/conf_set.h"

#include <apr_strings.h>
#include <stdio.h>

#include "core/conf_value.h"
#include "edge_obj.h"
#include "proto/conf_words.h"

static edge_conf_place_t place_of(const edge_conf_line_t *line, unsigned argument) {
    if (!line->node)
        return (edge_conf_place_t){0};
    return argument < line->count ? edge_conf_place_of_argument(line->node, argument) : edge_conf_place_of(line->node);
}

static const char *usage_advice(const edge_conf_line_t *line) {
    return line->row->usage ? apr_psprintf(line->pool, "write %s %s", line->row->name, line->row->usage) : NULL;
}

/* By the C library: apr's own formatter does not know all that the compiler lets callers write (%lld, %zu). */
static void report(const edge_conf_check_t *check, bool error, edge_conf_place_t place, const char *code,
                   const char *advice, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = apr_pcalloc(check->report->pool, length < 0 ? 1 : (apr_size_t)length + 1);
    if (length > 0)
        vsnprintf(text, (size_t)length + 1, format, arguments);
    edge_conf_report_add(check->report, error, place, code, advice, "%s", text);
}

void edge_conf_error(const edge_conf_line_t *line, unsigned argument, const char *code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(line->check, true, place_of(line, argument), code, usage_advice(line), format, arguments);
    va_end(arguments);
}

void edge_conf_warn(const edge_conf_line_t *line, unsigned argument, const char *code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(line->check, false, place_of(line, argument), code, NULL, format, arguments);
    va_end(arguments);
}

/* A listener's directive may stand in the server's part. */
static edge_conf_place_t place_in(const edge_conf_check_t *check, const edge_section_t *section,
                                  const char *directive) {
    const edge_conf_node_t *node = directive ? edge_section_written(section, directive) : NULL;
    if (!node && directive && section->scope == EDGE_SCOPE_LISTENER)
        node = edge_section_written(section->parent, directive);
    if (!node && section->scope == EDGE_SCOPE_SERVER)
        return (edge_conf_place_t){check->tree->files, 0, 0, 0};
    return edge_conf_place_of(node ? node : section->node);
}

void edge_conf_error_in(edge_conf_check_t *check, const edge_section_t *section, const char *directive,
                        const char *code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(check, true, place_in(check, section, directive), code, NULL, format, arguments);
    va_end(arguments);
}

void edge_conf_warn_in(edge_conf_check_t *check, const edge_section_t *section, const char *directive, const char *code,
                       const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    report(check, false, place_in(check, section, directive), code, NULL, format, arguments);
    va_end(arguments);
}

edge_span_t edge_conf_path(const edge_conf_line_t *line, edge_span_t path) {
    if (path.len > 0 && path.at[0] == '/')
        return edge_span_copy(line->pool, path);
    return edge_span_of(apr_pstrcat(line->pool, line->check->server_root, "/", path.at, NULL));
}

/* Setters by type; each gets a line with the right number of arguments. */

#define SLOT(type) ((type *)(void *)((char *)conf + line->row->slot))

static bool set_switch(const edge_conf_line_t *line, void *conf) {
    edge_span_t text = line->arguments[0].text;
    bool on = edge_span_equal_nocase(text, edge_span_of("on"));
    if (!on && !edge_span_equal_nocase(text, edge_span_of("off"))) {
        edge_conf_error(line, 0, "EDG10030", "\"%s\" needs on or off, got \"%s\"", line->row->name, text.at);
        return false;
    }
    *SLOT(bool) = on;
    return true;
}

static bool in_bounds(const edge_conf_line_t *line, int64_t value) {
    return value >= line->row->min && (line->row->max == 0 || value <= line->row->max);
}

static bool set_number(const edge_conf_line_t *line, void *conf) {
    uint64_t value;
    const edge_directive_t *row = line->row;
    if (!edge_span_number(line->arguments[0].text, &value) || value > UINT32_MAX) {
        edge_conf_error(line, 0, "EDG10031", "\"%s\" needs a whole number, got \"%s\"", row->name,
                        line->arguments[0].text.at);
        return false;
    }
    if (!in_bounds(line, (int64_t)value)) {
        edge_conf_error(line, 0, "EDG10032", "\"%s\" may be %lld to %lld, got %llu", row->name, (long long)row->min,
                        row->max ? (long long)row->max : (long long)UINT32_MAX, (unsigned long long)value);
        return false;
    }
    *SLOT(uint32_t) = (uint32_t)value;
    return true;
}

/* "none" is how 0 is written where it means that there is no bound. */
static bool is_none(const edge_conf_line_t *line) {
    return line->row->min == 0 && edge_span_equal_nocase(line->arguments[0].text, edge_span_of("none"));
}

static bool set_size(const edge_conf_line_t *line, void *conf) {
    uint64_t value = 0;
    const edge_directive_t *row = line->row;
    if (!is_none(line) && !edge_conf_parse_size(line->arguments[0].text, &value)) {
        edge_conf_error(line, 0, "EDG10033", "\"%s\" needs a size such as 512, 64K, 75M or 1G%s, got \"%s\"", row->name,
                        row->min == 0 ? ", or none" : "", line->arguments[0].text.at);
        return false;
    }
    if (!in_bounds(line, (int64_t)value)) {
        edge_conf_error(line, 0, "EDG10032", "\"%s\" may be %s to %s, got \"%s\"", row->name,
                        edge_conf_show_size((uint64_t)row->min, line->pool),
                        row->max ? edge_conf_show_size((uint64_t)row->max, line->pool) : "any size",
                        line->arguments[0].text.at);
        return false;
    }
    *SLOT(uint64_t) = value;
    return true;
}

static bool set_duration(const edge_conf_line_t *line, void *conf) {
    edge_mono_t value = 0;
    const edge_directive_t *row = line->row;
    if (!is_none(line) && !edge_conf_parse_duration(line->arguments[0].text, &value)) {
        edge_conf_error(line, 0, "EDG10034",
                        "\"%s\" needs a duration with a unit%s, got \"%s\": for example 250ms, 30s, 5m or 1h",
                        row->name, row->min == 0 ? ", or none" : "", line->arguments[0].text.at);
        return false;
    }
    if (!in_bounds(line, value)) {
        edge_conf_error(line, 0, "EDG10032", "\"%s\" may be %s to %s, got \"%s\"", row->name,
                        edge_conf_show_duration(row->min, line->pool),
                        row->max ? edge_conf_show_duration(row->max, line->pool) : "any length",
                        line->arguments[0].text.at);
        return false;
    }
    *SLOT(edge_mono_t) = value;
    return true;
}

static bool set_text(const edge_conf_line_t *line, void *conf) {
    *SLOT(edge_span_t) = edge_span_copy(line->pool, line->arguments[0].text);
    return true;
}

static bool set_path(const edge_conf_line_t *line, void *conf) {
    if (line->arguments[0].text.len == 0) {
        edge_conf_error(line, 0, "EDG10035", "\"%s\" needs a path, got an empty word", line->row->name);
        return false;
    }
    *SLOT(edge_span_t) = edge_conf_path(line, line->arguments[0].text);
    return true;
}

static const char *word_at(const void *context, unsigned index) { return ((const char *const *)context)[index]; }

static int find_word(const edge_directive_t *row, edge_span_t text) {
    for (int i = 0; row->words[i]; i++)
        if (edge_span_equal_nocase(text, edge_span_of(row->words[i])))
            return i;
    return -1;
}

static void report_word(const edge_conf_line_t *line, unsigned argument) {
    const edge_directive_t *row = line->row;
    const char *all = "", *near = edge_conf_nearest(line->arguments[argument].text, word_at, row->words);
    for (unsigned i = 0; row->words[i]; i++)
        all = apr_pstrcat(line->pool, all, i ? ", " : "", row->words[i], NULL);
    const char *advice = near ? apr_psprintf(line->pool, "did you mean \"%s\"?", near) : usage_advice(line);
    edge_conf_report_add(line->check->report, true, place_of(line, argument), "EDG10036", advice,
                         "\"%s\" does not know \"%s\"; allowed: %s", row->name, line->arguments[argument].text.at, all);
}

static bool set_word(const edge_conf_line_t *line, void *conf) {
    int word = find_word(line->row, line->arguments[0].text);
    if (word < 0) {
        report_word(line, 0);
        return false;
    }
    *SLOT(int) = word;
    return true;
}

/* +WORD and -WORD edit what holds so far: the default, or what the server's part says. */
static char edit_of(edge_span_t text) {
    return text.len > 1 && (text.at[0] == '+' || text.at[0] == '-') ? text.at[0] : '\0';
}

static bool edit_word(const edge_conf_line_t *line, unsigned argument, uint32_t *bits) {
    edge_span_t text = line->arguments[argument].text;
    int word = find_word(line->row, edge_span_after(text, 1));
    if (!edit_of(text)) {
        edge_conf_error(line, argument, "EDG10038",
                        "\"%s\" either lists words or edits them by +WORD and -WORD: \"%s\" does not go with \"%s\"",
                        line->row->name, text.at, line->arguments[0].text.at);
        return false;
    }
    if (word < 0) {
        report_word(line, argument);
        return false;
    }
    *bits = text.at[0] == '+' ? *bits | 1u << word : *bits & ~(1u << word);
    return true;
}

static bool list_word(const edge_conf_line_t *line, unsigned argument, uint32_t *bits) {
    edge_span_t text = line->arguments[argument].text;
    bool alone = line->count == 1;
    int word = find_word(line->row, text);
    if (word >= 0) {
        *bits |= 1u << word;
    } else if (alone && edge_span_equal_nocase(text, edge_span_of("all"))) {
        *bits = UINT32_MAX;
    } else if (!alone || !edge_span_equal_nocase(text, edge_span_of("none"))) {
        report_word(line, argument);
        return false;
    }
    return true;
}

static bool set_words(const edge_conf_line_t *line, void *conf) {
    bool edits = edit_of(line->arguments[0].text) != '\0', good = true;
    uint32_t bits = edits ? *SLOT(uint32_t) : 0;
    for (unsigned i = 0; i < line->count; i++)
        good &= edits ? edit_word(line, i, &bits) : list_word(line, i, &bits);
    *SLOT(uint32_t) = bits;
    return good;
}

typedef bool type_setter(const edge_conf_line_t *line, void *conf);

static type_setter *const setters[] = {
    [EDGE_CONF_SWITCH] = set_switch,     [EDGE_CONF_NUMBER] = set_number, [EDGE_CONF_SIZE] = set_size,
    [EDGE_CONF_DURATION] = set_duration, [EDGE_CONF_TEXT] = set_text,     [EDGE_CONF_PATH] = set_path,
    [EDGE_CONF_WORD] = set_word,         [EDGE_CONF_WORDS] = set_words,
};

static bool count_is_right(const edge_conf_line_t *line) {
    const edge_directive_t *row = line->row;
    if (row->type == EDGE_CONF_CUSTOM || (row->type == EDGE_CONF_WORDS ? line->count > 0 : line->count == 1))
        return true;
    edge_conf_error(line, line->count > 1 ? 1 : 0, "EDG10037", "\"%s\" takes %s, got %u", row->name,
                    row->type == EDGE_CONF_WORDS ? "one word or more" : "one value", line->count);
    return false;
}

static void apply(const edge_conf_line_t *line, void *conf) {
    EDGE_ASSERT(conf != NULL);
    if (!count_is_right(line))
        return;
    if (line->row->type == EDGE_CONF_CUSTOM)
        line->row->set(line, (char *)conf);
    else
        setters[line->row->type](line, conf);
}

void edge_conf_set(edge_conf_check_t *check, const edge_section_t *section, const edge_directive_t *row,
                   const edge_conf_node_t *node, bool silent, void *conf) {
    edge_conf_report_t unheard;
    edge_conf_check_t quiet = *check;
    edge_conf_report_start(&unheard, check->pool);
    quiet.report = &unheard;
    edge_conf_line_t line = {silent ? &quiet : check, row, section, node, node->arguments, node->count, check->pool};
    apply(&line, conf);
}

void edge_conf_set_default(edge_conf_check_t *check, const edge_section_t *section, const edge_directive_t *row,
                           void *conf) {
    edge_conf_argument_t words[EDGE_CONF_WORDS_MOST];
    unsigned count;
    if (!row->initial)
        return;
    edge_conf_file_t file = {.path = "(default)", .text = edge_span_of(row->initial)};
    edge_conf_cursor_t cursor = {&file, 0, 1, 1};
    bool some = edge_conf_words_next(&cursor, words, &count, check->report, check->pool);
    EDGE_ASSERT(some);
    edge_conf_line_t line = {check, row, section, NULL, words, count, check->pool};
    apply(&line, conf);
}

/* Showing */

static const char *show_words(const edge_directive_t *row, uint32_t bits, apr_pool_t *pool) {
    const char *text = "";
    uint32_t all = 0;
    for (unsigned i = 0; row->words[i]; i++) {
        all |= 1u << i;
        if (bits & (1u << i))
            text = apr_pstrcat(pool, text, *text ? " " : "", row->words[i], NULL);
    }
    if ((bits & all) == all)
        return "all";
    return *text ? text : "none";
}

const char *edge_conf_show(const edge_section_t *section, const edge_module_t *module, const edge_directive_t *row,
                           apr_pool_t *pool) {
    const char *conf = edge_section_conf(section, module);
    const void *slot = conf + row->slot;
    switch (row->type) {
    case EDGE_CONF_SWITCH: return *(const bool *)slot ? "on" : "off";
    case EDGE_CONF_NUMBER: return apr_psprintf(pool, "%u", *(const uint32_t *)slot);
    case EDGE_CONF_SIZE:
        return *(const uint64_t *)slot == 0 && row->min == 0 ? "none"
                                                             : edge_conf_show_size(*(const uint64_t *)slot, pool);
    case EDGE_CONF_DURATION:
        return *(const edge_mono_t *)slot == 0 && row->min == 0
                   ? "none"
                   : edge_conf_show_duration(*(const edge_mono_t *)slot, pool);
    case EDGE_CONF_TEXT:
    case EDGE_CONF_PATH:
        return ((const edge_span_t *)slot)->at ? edge_conf_quote(*(const edge_span_t *)slot, pool) : NULL;
    case EDGE_CONF_WORD: return row->words[*(const int *)slot];
    case EDGE_CONF_WORDS: return show_words(row, *(const uint32_t *)slot, pool);
    case EDGE_CONF_CUSTOM: return row->show ? row->show(conf, pool).at : NULL;
    }
    return NULL;
}
