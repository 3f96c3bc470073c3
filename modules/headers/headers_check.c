/* Walks a message's header block and judges it by the rules. */
#include "headers.h"

#include <apr_strings.h>

#include "edge_session.h"
#include "proto/header.h"

typedef struct walk {
    const edge_check_call_t *call;
    const headers_conf_t *conf;
    unsigned fields, own_received;
    size_t longest; /* line, without its end */
    unsigned seen[HEADERS_RULES_MOST];
    const headers_rule_t *matched; /* the first rule in the order written, of those that matched */
    bool gave_up;                  /* a pattern took too long */
} walk_t;

static bool matches(walk_t *walk, const headers_rule_t *rule, edge_span_t value) {
    edge_pattern_match_t match = edge_pattern_match(rule->pattern, value);
    walk->gave_up |= match == EDGE_PATTERN_GAVE_UP;
    return match == EDGE_PATTERN_YES;
}

static void measure_lines(walk_t *walk, edge_span_t whole) {
    while (whole.len) {
        const char *end = memchr(whole.at, '\n', whole.len);
        size_t len = end ? (size_t)(end - whole.at) : whole.len, shown = len;
        shown -= shown > 0 && whole.at[shown - 1] == '\r';
        walk->longest = shown > walk->longest ? shown : walk->longest;
        whole = edge_span_after(whole, end ? len + 1 : len);
    }
}

static bool is_blank(char octet) { return octet == ' ' || octet == '\t'; }

/* "Received: from x by OUR.NAME with ...": the host behind "by" took the message. A fold, of which the tab is left, may stand
 * at either side. */
static bool names_us(const walk_t *walk, edge_span_t value) {
    edge_span_t own = walk->call->client->receiver;
    for (size_t at = 0; at + 3 + own.len <= value.len; at++) {
        edge_span_t behind = edge_span_after(value, at + 3 + own.len);
        if ((at == 0 || is_blank(value.at[at - 1])) && is_blank(value.at[at + 2]) &&
            edge_span_equal_nocase(edge_span(value.at + at, 2), edge_span_of("by")) &&
            edge_span_equal_nocase(edge_span(value.at + at + 3, own.len), own) &&
            (behind.len == 0 || strchr(" ;(\t", behind.at[0])))
            return true;
    }
    return false;
}

static void take_field(walk_t *walk, const edge_header_field_t *field) {
    edge_span_t value = edge_header_value(field, walk->call->pool);
    walk->fields++;
    measure_lines(walk, field->whole);
    if (walk->conf->loop_most && edge_span_equal_nocase(field->name, edge_span_of("Received")))
        walk->own_received += names_us(walk, value);
    for (unsigned i = 0; i < walk->conf->rule_count; i++) {
        const headers_rule_t *rule = &walk->conf->rules[i];
        if (!edge_span_equal_nocase(field->name, rule->field))
            continue;
        walk->seen[i]++;
        if (rule->kind == HEADERS_MATCH && (!walk->matched || rule < walk->matched) && matches(walk, rule, value))
            walk->matched = rule;
    }
}

static edge_check_answer_t refuse(edge_reply_t *reply, unsigned code, const char *enhanced, const char *text) {
    edge_reply_set(reply, code, edge_span_of(enhanced), edge_span_of(text));
    return EDGE_CHECK_REPLY;
}

static edge_check_answer_t judge_size(const walk_t *walk, edge_reply_t *reply) {
    const headers_conf_t *conf = walk->conf;
    /* What was not kept cannot be judged; no honest message has so much. */
    if (walk->call->headers_cut || (conf->size_most && walk->call->headers.len > conf->size_most))
        return refuse(reply, 552, "5.3.4", "The header block is too large");
    if (conf->count_most && walk->fields > conf->count_most)
        return refuse(reply, 550, "5.6.0", "The message has too many header fields");
    if (conf->line_most && walk->longest > conf->line_most)
        return refuse(reply, 550, "5.6.0", "A line of the header is too long");
    if (conf->loop_most && walk->own_received > conf->loop_most)
        return refuse(reply, 554, "5.4.6", "This message has been here before: a mail loop");
    return EDGE_CHECK_PASS;
}

static edge_check_answer_t judge_rule(const walk_t *walk, const headers_rule_t *rule, unsigned seen,
                                      edge_reply_t *reply) {
    apr_pool_t *pool = walk->call->pool;
    const char *field = rule->field.at;
    switch (rule->kind) {
    case HEADERS_REQUIRED:
        return seen ? EDGE_CHECK_PASS
                    : refuse(reply, 550, "5.6.0", apr_psprintf(pool, "The message has no %s field", field));
    case HEADERS_FORBIDDEN:
        return !seen ? EDGE_CHECK_PASS
                     : refuse(reply, 550, "5.6.0", apr_psprintf(pool, "A %s field is not accepted", field));
    case HEADERS_ONCE:
        return seen < 2
                   ? EDGE_CHECK_PASS
                   : refuse(reply, 550, "5.6.0", apr_psprintf(pool, "The message has more than one %s field", field));
    case HEADERS_MATCH: break;
    }
    if (rule != walk->matched)
        return EDGE_CHECK_PASS;
    if (!rule->code)
        return refuse(reply, 550, "5.7.1", apr_psprintf(pool, "The %s field is not accepted", field));
    edge_reply_set(reply, rule->code, rule->enhanced, rule->text);
    return EDGE_CHECK_REPLY;
}

edge_check_answer_t headers_check(const edge_check_call_t *call, edge_reply_t *reply) {
    walk_t walk = {.call = call, .conf = call->conf};
    edge_span_t rest = call->headers;
    edge_header_field_t field;
    while (edge_header_next(&rest, &field))
        take_field(&walk, &field);
    edge_check_answer_t answer = judge_size(&walk, reply);
    for (unsigned i = 0; i < walk.conf->rule_count && answer == EDGE_CHECK_PASS; i++)
        answer = judge_rule(&walk, &walk.conf->rules[i], walk.seen[i], reply);
    return answer == EDGE_CHECK_PASS && walk.gave_up ? EDGE_CHECK_ERROR : answer;
}
