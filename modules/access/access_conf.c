/* Access as it is written, and whether they are asked where what they are about is known. */
#include <apr_strings.h>

#include "access.h"

#include "edge_phase.h"
#include "proto/conf_parse.h"

#define AT(phase) (1u << EDGE_PHASE_##phase)
#define MAILBOXES (EDGE_LOOKUP_MAILBOXES | EDGE_LOOKUP_NAMES | EDGE_LOOKUP_LITERALS | EDGE_LOOKUP_PATTERNS)

const access_thing_t access_things[ACCESS_WHATS] = {
    [ACCESS_CLIENT] = {"client", EDGE_LOOKUP_ADDRESSES | EDGE_LOOKUP_LITERALS | EDGE_LOOKUP_PATTERNS,
                       AT(BANNER) | AT(EHLO) | AT(HELO) | AT(MAIL) | AT(RCPT)},
    [ACCESS_CLIENT_NAME] = {"client-name", EDGE_LOOKUP_NAMES | EDGE_LOOKUP_PATTERNS,
                            AT(BANNER) | AT(EHLO) | AT(HELO) | AT(MAIL) | AT(RCPT)},
    [ACCESS_HELO] = {"helo", EDGE_LOOKUP_NAMES | EDGE_LOOKUP_LITERALS | EDGE_LOOKUP_PATTERNS,
                     AT(EHLO) | AT(HELO) | AT(MAIL) | AT(RCPT)},
    [ACCESS_SENDER] = {"sender", MAILBOXES, AT(MAIL) | AT(RCPT)},
    [ACCESS_RECIPIENT] = {"recipient", MAILBOXES, AT(RCPT)},
};

static int what_of(edge_span_t text) {
    for (unsigned i = 0; i < ACCESS_WHATS; i++)
        if (edge_span_equal_nocase(text, edge_span_of(access_things[i].word)))
            return (int)i;
    return -1;
}

static bool is_code(edge_span_t text, unsigned *code) {
    uint64_t number;
    if (text.len != 3 || !edge_span_number(text, &number))
        return false;
    *code = (unsigned)number;
    return true;
}

/* Where the words of the list end: the first of three digits begins a refusal. */
static unsigned list_end(const edge_conf_line_t *line) {
    unsigned at = 2, code;
    while (at < line->count && !is_code(line->arguments[at].text, &code))
        at++;
    return at;
}

/* CODE [ENHANCED] [TEXT] */
static bool read_refusal(const edge_conf_line_t *line, unsigned at, access_rule_t *rule) {
    unsigned count = line->count - at, code = 0;
    if (count == 0)
        return true;
    if (count > 3 || !is_code(line->arguments[at].text, &code) || code < 400 || code > 599) {
        edge_conf_error(line, at, "EDG10982",
                        "behind the list may stand a refusal: a code from 400 to 599, perhaps an enhanced code, and "
                        "perhaps a text in quotes; got \"%s\"%s",
                        line->arguments[at].text.at, count > 3 ? " and more than that" : "");
        return false;
    }
    rule->code = code;
    rule->enhanced = count == 3 ? edge_span_copy(line->pool, line->arguments[at + 1].text) : EDGE_NO_SPAN;
    rule->text = count > 1 ? edge_span_copy(line->pool, line->arguments[line->count - 1].text) : EDGE_NO_SPAN;
    return true;
}

/* permit or refuse, and what it is about */
static bool read_head(const edge_conf_line_t *line, access_rule_t *rule) {
    edge_span_t action = line->count > 0 ? line->arguments[0].text : edge_span_of("");
    edge_span_t word = line->count > 1 ? line->arguments[1].text : edge_span_of("");
    int what = what_of(word);
    rule->permits = edge_span_equal_nocase(action, edge_span_of("permit"));
    if (!rule->permits && !edge_span_equal_nocase(action, edge_span_of("refuse"))) {
        edge_conf_error(line, 0, "EDG10985", "Access needs permit or refuse, got \"%s\"", action.at);
        return false;
    }
    if (what < 0) {
        edge_conf_error(line, line->count > 1 ? 1 : 0, "EDG10980",
                        "Access %s is about client, client-name, helo, sender or recipient, got \"%s\"", action.at,
                        word.at);
        return false;
    }
    rule->what = (access_what_t)what;
    return true;
}

bool access_set(const edge_conf_line_t *line, void *data) {
    access_conf_t *conf = data;
    access_rule_t rule = {.file = line->node->file->path, .line = line->node->line};
    if (!read_head(line, &rule))
        return false;
    if (conf->count == ACCESS_RULES_MOST) {
        edge_conf_error(line, 0, "EDG10981", "more than %u Access lines in one validator; a list may hold any number",
                        ACCESS_RULES_MOST);
        return false;
    }
    unsigned end = rule.permits ? line->count : list_end(line);
    bool good = edge_lookup_read(line, 2, end - 2, access_things[rule.what].kinds, &rule.list);
    good &= rule.permits || read_refusal(line, end, &rule);
    if (good)
        conf->rules[conf->count++] = rule;
    return good;
}

/* Where it is bound */

static bool binds(const edge_section_t *on, edge_span_t validator) {
    for (const edge_conf_node_t *node = on->node->first; node; node = node->next)
        if (!node->is_section && node->count > 0 && edge_span_equal_nocase(node->name, edge_span_of("Validate")) &&
            edge_span_equal(node->arguments[0].text, validator))
            return true;
    return false;
}

static const struct {
    edge_phase_t phase;
    const char *name;
} phases[] = {
    {EDGE_PHASE_BANNER, "BANNER"}, {EDGE_PHASE_EHLO, "EHLO"}, {EDGE_PHASE_HELO, "HELO"},
    {EDGE_PHASE_MAIL, "MAIL"},     {EDGE_PHASE_RCPT, "RCPT"},
};

static const char *phases_text(unsigned bits, apr_pool_t *pool) {
    const char *text = "";
    for (unsigned i = 0; i < EDGE_COUNT(phases); i++)
        if (bits & (1u << phases[i].phase))
            text = apr_pstrcat(pool, text, *text ? ", " : "", phases[i].name, NULL);
    return text;
}

/* A rule that is passed over in silence would be taken for one that holds. */
static void check_binding(edge_conf_check_t *check, const edge_section_t *validator, const access_conf_t *conf,
                          const edge_section_t *on, apr_pool_t *pool) {
    for (unsigned p = 0; p < EDGE_COUNT(phases); p++)
        for (unsigned i = 0; i < conf->count && edge_span_equal_nocase(on->name, edge_span_of(phases[p].name)); i++) {
            const access_thing_t *thing = &access_things[conf->rules[i].what];
            if (thing->phases & (1u << phases[p].phase))
                continue;
            edge_conf_error_in(check, on, "Validate", "EDG10984",
                               "<Validator %s> asks for the %s (%s:%u), which is not known at %s; it is at %s",
                               validator->name.at, thing->word, conf->rules[i].file, conf->rules[i].line,
                               phases[p].name, phases_text(thing->phases, pool));
            return;
        }
}

static void check_validator(edge_conf_check_t *check, const edge_snapshot_t *snapshot, const edge_section_t *validator,
                            apr_pool_t *pool) {
    const access_conf_t *conf = edge_section_conf(validator, &access_module);
    if (conf->count == 0 && conf->otherwise == ACCESS_DEFAULT_PERMIT)
        edge_conf_error_in(check, validator, "Module", "EDG10983",
                           "<Validator %s> refuses nobody: it has no Access, and Default is permit",
                           validator->name.at);
    for (const edge_section_t *listener = edge_snapshot_server(snapshot)->first; listener; listener = listener->next)
        for (const edge_section_t *on = listener->scope == EDGE_SCOPE_LISTENER ? listener->first : NULL; on;
             on = on->next)
            if (on->scope == EDGE_SCOPE_ON && binds(on, validator->name))
                check_binding(check, validator, conf, on, pool);
}

void access_check_sections(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next)
        if (edge_validator_is_of(section, &access_module))
            check_validator(check, snapshot, section, pool);
    apr_pool_destroy(pool);
}
