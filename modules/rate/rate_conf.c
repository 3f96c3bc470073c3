/* Rate as it is written, and whether each rule is asked where its thing happens. */
#include "rate.h"

#include <apr_strings.h>

#include "proto/conf_parse.h"

static const char *const option_words[] = {"by", "burst", "prefix", "exempt", NULL};

/* A word of a line that is being read, with what is to be told about it. */
typedef struct reading {
    const edge_conf_line_t *line;
    rate_rule_t *rule;
    unsigned argument; /* the one at hand */
    uint64_t count, burst;
    edge_mono_t period;
    bool wrong; /* a word that has been complained about */
} reading_t;

static int word_in(const char *const *words, edge_span_t text) {
    for (int i = 0; words[i]; i++)
        if (edge_span_equal_nocase(text, edge_span_of(words[i])))
            return i;
    return -1;
}

static bool read_what(reading_t *reading) {
    const edge_conf_line_t *line = reading->line;
    edge_span_t text = line->count > 0 ? line->arguments[0].text : edge_span_of("");
    for (unsigned i = 0; i < RATE_WHATS; i++)
        if (edge_span_equal_nocase(text, edge_span_of(rate_kinds[i].name))) {
            reading->rule->what = (rate_what_t)i;
            return true;
        }
    edge_conf_error(line, 0, "EDG10960", "Rate counts connections, messages, recipients or bytes, got \"%s\"", text.at);
    return false;
}

/* Octets may be written as sizes. */
static bool read_number(const reading_t *reading, edge_span_t text, uint64_t *number) {
    bool good = reading->rule->what == RATE_BYTES ? edge_conf_parse_size(text, number) : edge_span_number(text, number);
    return good && *number >= 1 && *number <= EDGE_BUCKET_COUNT_MOST;
}

/* "100/1h" */
static bool read_rate(reading_t *reading) {
    const edge_conf_line_t *line = reading->line;
    edge_span_t text = line->count > 1 ? line->arguments[1].text : edge_span_of("");
    const char *slash = text.len > 0 ? memchr(text.at, '/', text.len) : NULL;
    if (slash && read_number(reading, edge_span(text.at, (size_t)(slash - text.at)), &reading->count) &&
        edge_conf_parse_duration(edge_span_after(text, (size_t)(slash + 1 - text.at)), &reading->period) &&
        reading->period >= 1 && reading->period <= EDGE_BUCKET_PERIOD_MOST)
        return true;
    edge_conf_error(line, line->count > 1 ? 1 : 0, "EDG10961",
                    "Rate %s needs how many in what time, as %s, in at most 366 days; got \"%s\"",
                    rate_kinds[reading->rule->what].name, reading->rule->what == RATE_BYTES ? "500M/1d" : "100/1h",
                    text.at);
    return false;
}

static bool read_by(reading_t *reading, edge_span_t value) {
    int by = word_in(rate_by_words, value);
    if (by < 0)
        return false;
    reading->rule->by = (rate_by_t)by;
    return true;
}

/* One length, of the 128-bit form behind `before` bits. */
static bool read_prefix_one(edge_span_t text, unsigned before, unsigned *bits) {
    uint64_t number;
    if (text.len > 0 && text.at[0] == '/')
        text = edge_span_after(text, 1);
    if (!edge_span_number(text, &number) || number < 1 || number > 128 - before)
        return false;
    *bits = (unsigned)number + before;
    return true;
}

/* "24,64" */
static bool read_prefix(reading_t *reading, edge_span_t value) {
    const char *comma = memchr(value.at, ',', value.len);
    size_t first = comma ? (size_t)(comma - value.at) : value.len;
    return read_prefix_one(edge_span(value.at, first), 96, &reading->rule->bits4) &&
           (!comma || read_prefix_one(edge_span_after(value, first + 1), 0, &reading->rule->bits6));
}

/* What is wrong with a word has been said. */
static bool read_exempt(reading_t *reading, edge_span_t value) {
    bool some = value.len > 0;
    while (value.len > 0) {
        const char *comma = memchr(value.at, ',', value.len);
        edge_span_t one = edge_span(value.at, comma ? (size_t)(comma - value.at) : value.len);
        reading->wrong |= !edge_lookup_read_word(reading->line, reading->argument, one, EDGE_LOOKUP_ADDRESSES,
                                                 &reading->rule->exempt);
        value = edge_span_after(value, one.len + (comma ? 1 : 0));
    }
    return some;
}

static bool read_value(reading_t *reading, edge_span_t key, edge_span_t value) {
    switch (word_in(option_words, key)) {
    case 0: return read_by(reading, value);
    case 1: return read_number(reading, value, &reading->burst);
    case 2: return read_prefix(reading, value);
    case 3: return !reading->rule->exempt && read_exempt(reading, value);
    default: return false;
    }
}

static bool read_options(reading_t *reading) {
    const edge_conf_line_t *line = reading->line;
    for (reading->argument = 2; reading->argument < line->count; reading->argument++) {
        edge_span_t key, value, text = line->arguments[reading->argument].text;
        if (edge_conf_split_pair(text, &key, &value) && read_value(reading, key, value))
            continue;
        edge_conf_error(line, reading->argument, "EDG10962", "Rate does not understand \"%s\"", text.at);
        return false;
    }
    return !reading->wrong;
}

/* Who connects has said nothing yet. */
static bool can_know(const reading_t *reading) {
    const rate_rule_t *rule = reading->rule;
    if (rule->what != RATE_CONNECTIONS || (rule->by != RATE_IDENTITY && rule->by != RATE_SENDER))
        return true;
    edge_conf_error(reading->line, 0, "EDG10963",
                    "connections are counted before anything is said, so not by=%s; by=address, network or listener",
                    rate_by_words[rule->by]);
    return false;
}

static const char *joined(const edge_conf_line_t *line) {
    const char *text = line->arguments[0].text.at;
    for (unsigned i = 1; i < line->count; i++)
        text = apr_pstrcat(line->pool, text, " ", line->arguments[i].text.at, NULL);
    return text;
}

/* Who shares buckets: the same thing by the same key in the same validator. */
static bool make_bucket(const reading_t *reading) {
    rate_rule_t *rule = reading->rule;
    const edge_conf_line_t *line = reading->line;
    const char *name = apr_psprintf(line->pool, "%s\n%s\n%s\n%u %u", line->section->name.at,
                                    rate_kinds[rule->what].name, rate_by_words[rule->by], rule->bits4, rule->bits6);
    if (edge_bucket_rule_make(&rule->bucket, edge_span_of(name), reading->count, reading->period, reading->burst))
        return true;
    edge_conf_error(line, 1, "EDG10964", "Rate %s: a bucket that is empty would need more than 366 days to be full",
                    rule->text);
    return false;
}

static bool is_new(const edge_conf_line_t *line, const rate_conf_t *conf, const rate_rule_t *rule) {
    for (unsigned i = 0; i < conf->count; i++)
        if (memcmp(&conf->rules[i].bucket.id, &rule->bucket.id, sizeof(rule->bucket.id)) == 0) {
            edge_conf_error(line, 0, "EDG10965", "this Rate stands twice in <Validator %s>: each would count double",
                            line->section->name.at);
            return false;
        }
    if (conf->count < RATE_RULES_MOST)
        return true;
    edge_conf_error(line, 0, "EDG10966", "more than %d Rates in one <Validator>", RATE_RULES_MOST);
    return false;
}

static bool set_rate(const edge_conf_line_t *line, void *data) {
    rate_conf_t *conf = data;
    rate_rule_t rule = {.by = RATE_ADDRESS, .bits4 = 96 + 24, .bits6 = 64};
    reading_t reading = {.line = line, .rule = &rule};
    if (!read_what(&reading) || !read_rate(&reading) || !read_options(&reading) || !can_know(&reading))
        return false;
    rule.text = joined(line);
    reading.burst = reading.burst ? reading.burst : reading.count;
    if (!make_bucket(&reading) || !is_new(line, conf, &rule))
        return false;
    conf->rules[conf->count++] = rule;
    return true;
}

const edge_directive_t rate_directives[] = {
    {.name = "Rate",
     .scopes = EDGE_IN(VALIDATOR),
     .type = EDGE_CONF_CUSTOM,
     .words = option_words,
     .set = set_rate,
     .many = true,
     .when = EDGE_WHEN_RELOAD,
     .usage = "connections|messages|recipients|bytes COUNT/TIME [by=address|network|identity|sender|listener] "
              "[burst=COUNT] [prefix=IPV4,IPV6] [exempt=NETWORK|file:PATH|table:NAME,...]",
     .prose =
         "How often something may happen: COUNT in TIME for each key, from a bucket that holds burst= (COUNT unless "
         "said) and fills evenly. connections are counted at BANNER, messages at MAIL, recipients at RCPT, bytes at "
         "HAVE_DATA; the validator is bound there. by=address (the default) is an IPv4 address or the /64 of an IPv6 "
         "client; by=network the /24 or /64, or what prefix= says; by=identity who has authenticated, by=sender the "
         "reverse-path: without one, nothing is counted. exempt= names networks that are not counted. Of several "
         "Rates all must have room, or none is used."},
    {.name = NULL},
};

/* Where it is bound */

const rate_conf_t *rate_conf_of(const edge_section_t *validator) {
    const edge_conf_node_t *module = edge_section_written(validator, "Module");
    if (!module || module->count == 0 || !edge_span_equal(module->arguments[0].text, edge_span_of("rate_module")))
        return NULL;
    return edge_section_conf(validator, &rate_module);
}

static bool binds(const edge_section_t *on, edge_span_t validator) {
    for (const edge_conf_node_t *node = on->node->first; node; node = node->next)
        if (!node->is_section && node->count > 0 && edge_span_equal_nocase(node->name, edge_span_of("Validate")) &&
            edge_span_equal(node->arguments[0].text, validator))
            return true;
    return false;
}

/* The next <On> that binds it; NULL behind the last. */
static const edge_section_t *next_binding(const edge_snapshot_t *snapshot, const edge_section_t *validator,
                                          const edge_section_t *last) {
    const edge_section_t *listener = last ? last->parent : edge_snapshot_server(snapshot)->first;
    const edge_section_t *on = last ? last->next : NULL;
    for (bool first = last == NULL; listener; listener = listener->next, first = true) {
        if (listener->scope != EDGE_SCOPE_LISTENER)
            continue;
        for (on = first ? listener->first : on; on; on = on->next)
            if (on->scope == EDGE_SCOPE_ON && binds(on, validator->name))
                return on;
    }
    return NULL;
}

static bool is_phase(const edge_section_t *on, const rate_kind_t *kind) {
    return edge_span_equal_nocase(on->name, edge_span_of(kind->phase_name));
}

static void check_rule(edge_conf_check_t *check, const edge_snapshot_t *snapshot, const edge_section_t *validator,
                       const rate_rule_t *rule) {
    const rate_kind_t *kind = &rate_kinds[rule->what];
    const edge_section_t *first = next_binding(snapshot, validator, NULL);
    for (const edge_section_t *on = first; on; on = next_binding(snapshot, validator, on))
        if (is_phase(on, kind))
            return;
    if (first)
        edge_conf_error_in(
            check, validator, "Rate", "EDG10967",
            "Rate %s is never asked: %s are counted at %s; write <On %s> Validate %s </On> in a listener", rule->text,
            kind->name, kind->phase_name, kind->phase_name, validator->name.at);
}

static bool counts_at(const rate_conf_t *conf, const edge_section_t *on) {
    for (unsigned i = 0; i < conf->count; i++)
        if (is_phase(on, &rate_kinds[conf->rules[i].what]))
            return true;
    return false;
}

/* What would be counted where it is bound; NULL when nothing is counted there at all, which the core has told. */
static const rate_kind_t *kind_at(const edge_section_t *on) {
    for (unsigned i = 0; i < RATE_WHATS; i++)
        if (is_phase(on, &rate_kinds[i]))
            return &rate_kinds[i];
    return NULL;
}

static void check_binding(edge_conf_check_t *check, const edge_section_t *validator, const rate_conf_t *conf,
                          const edge_section_t *on) {
    const rate_kind_t *kind = kind_at(on), *own = &rate_kinds[conf->rules[0].what];
    if (kind && !counts_at(conf, on))
        edge_conf_error_in(check, on, "Validate", "EDG10968",
                           "<Validator %s> counts nothing at %s: there are %s, and it has no Rate %s; its Rate %s is "
                           "counted at %s",
                           validator->name.at, kind->phase_name, kind->name, kind->name, own->name, own->phase_name);
}

static void check_validator(edge_conf_check_t *check, const edge_snapshot_t *snapshot,
                            const edge_section_t *validator) {
    const rate_conf_t *conf = rate_conf_of(validator);
    if (!conf)
        return;
    if (conf->count == 0) {
        edge_conf_error_in(check, validator, NULL, "EDG10969", "<Validator %s> limits nothing: it has no Rate",
                           validator->name.at);
        return;
    }
    for (unsigned i = 0; i < conf->count; i++)
        check_rule(check, snapshot, validator, &conf->rules[i]);
    for (const edge_section_t *on = next_binding(snapshot, validator, NULL); on;
         on = next_binding(snapshot, validator, on))
        check_binding(check, validator, conf, on);
}

void rate_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_VALIDATOR)
            check_validator(check, snapshot, section);
}
