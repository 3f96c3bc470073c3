/* Header lines: what is required, forbidden, may stand once, or is refused when it matches. */
#include "headers.h"

#include <apr_strings.h>

static const char *const kinds[] = {[HEADERS_REQUIRED] = "required",
                                    [HEADERS_FORBIDDEN] = "forbidden",
                                    [HEADERS_ONCE] = "once",
                                    [HEADERS_MATCH] = "match"};

static int kind_of(edge_span_t text) {
    for (unsigned i = 0; i < EDGE_COUNT(kinds); i++)
        if (edge_span_equal_nocase(text, edge_span_of(kinds[i])))
            return (int)i;
    return -1;
}

/* RFC 5322 2.2: printable characters but the colon. */
static bool is_field_name(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == ':')
            return false;
    return text.len > 0;
}

static headers_rule_t *add_rule(const edge_conf_line_t *line, headers_conf_t *conf, headers_kind_t kind,
                                unsigned argument) {
    if (!is_field_name(line->arguments[argument].text)) {
        edge_conf_error(line, argument, "EDG10942", "\"%s\" is no name of a header field; write it without its colon",
                        line->arguments[argument].text.at);
        return NULL;
    }
    if (conf->rule_count == HEADERS_RULES_MOST) {
        edge_conf_error(line, argument, "EDG10943", "more than %u header rules in one validator", HEADERS_RULES_MOST);
        return NULL;
    }
    headers_rule_t *rule = &conf->rules[conf->rule_count++];
    *rule = (headers_rule_t){.kind = kind, .field = edge_span_copy(line->pool, line->arguments[argument].text)};
    return rule;
}

static apr_status_t free_pattern(void *pattern) {
    edge_pattern_free(pattern);
    return APR_SUCCESS;
}

/* /REGEX/ or /REGEX/i */
static bool set_pattern(const edge_conf_line_t *line, headers_rule_t *rule) {
    edge_span_t text = line->arguments[2].text;
    bool nocase = text.len > 2 && text.at[text.len - 1] == 'i' && text.at[text.len - 2] == '/';
    size_t len = text.len - nocase;
    char why[EDGE_PATTERN_WHY];
    size_t at;
    if (len < 3 || text.at[0] != '/' || text.at[len - 1] != '/') {
        edge_conf_error(line, 2, "EDG10944", "\"%s\" is no pattern: write /REGEX/ or /REGEX/i", text.at);
        return false;
    }
    rule->pattern = edge_pattern_make(edge_span(text.at + 1, len - 2), nocase, why, &at);
    if (!rule->pattern) {
        edge_conf_error(line, 2, "EDG10945", "the pattern is wrong at its character %zu: %s", at, why);
        return false;
    }
    apr_pool_cleanup_register(line->pool, rule->pattern, free_pattern, apr_pool_cleanup_null);
    return true;
}

/* Behind the pattern: CODE [ENHANCED] TEXT */
static bool set_refusal(const edge_conf_line_t *line, headers_rule_t *rule) {
    uint64_t code = 0;
    unsigned last = line->count - 1;
    if (line->count == 3)
        return true;
    if (line->count < 5 || line->count > 6 || !edge_span_number(line->arguments[3].text, &code) || code < 400 ||
        code > 599) {
        edge_conf_error(
            line, 3, "EDG10946",
            "behind the pattern may stand a refusal: a code from 400 to 599, perhaps an enhanced code, and a "
            "text in quotes; got \"%s\"",
            line->arguments[3].text.at);
        return false;
    }
    rule->code = (unsigned)code;
    rule->enhanced = line->count == 6 ? edge_span_copy(line->pool, line->arguments[4].text) : EDGE_NO_SPAN;
    rule->text = edge_span_copy(line->pool, line->arguments[last].text);
    return true;
}

bool headers_set_rule(const edge_conf_line_t *line, void *conf) {
    int kind = line->count ? kind_of(line->arguments[0].text) : -1;
    if (kind < 0 || line->count < 2 || (kind == HEADERS_MATCH && line->count < 3)) {
        edge_conf_error(line, 0, "EDG10941",
                        "Header needs required, forbidden or once with names of fields, or match with a name and a "
                        "pattern; got \"%s\"",
                        line->count ? line->arguments[0].text.at : "");
        return false;
    }
    if (kind == HEADERS_MATCH) {
        headers_rule_t *rule = add_rule(line, conf, HEADERS_MATCH, 1);
        return rule && set_pattern(line, rule) && set_refusal(line, rule);
    }
    bool good = true;
    for (unsigned i = 1; i < line->count; i++)
        good &= add_rule(line, conf, (headers_kind_t)kind, i) != NULL;
    return good;
}
