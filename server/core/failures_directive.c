/* AuthFailures as it is written. */
#include <apr_strings.h>

#include "core/bans.h"
#include "core/conf_value.h"
#include "core/failures.h"

static const char usage[] =
    "COUNT/PERIOD [ban=DURATION] [identity=COUNT/PERIOD|off] [delay=DURATION] [except=NETWORK,...] | off";

#define LONGEST (EDGE_SECONDS(86400) * 366) /* of periods and bans */
#define LONGEST_DELAY EDGE_SECONDS(60)      /* the connection stays open meanwhile */

static bool read_time(edge_span_t text, edge_mono_t most, edge_mono_t *time) {
    return edge_conf_parse_duration(text, time) && *time <= most;
}

/* "5/10m" */
static bool read_count(edge_span_t text, uint32_t *count, edge_mono_t *period) {
    const char *slash = memchr(text.at, '/', text.len);
    uint64_t number;
    if (!slash || !edge_span_number(edge_span(text.at, (size_t)(slash - text.at)), &number) || number < 1 ||
        number > 1000000)
        return false;
    *count = (uint32_t)number;
    return read_time(edge_span_after(text, (size_t)(slash + 1 - text.at)), LONGEST, period) && *period > 0;
}

static bool read_networks(edge_span_t text, edge_failures_rule_t *rule) {
    rule->except_count = 0;
    while (text.len > 0) {
        const char *comma = memchr(text.at, ',', text.len);
        edge_span_t one = edge_span(text.at, comma ? (size_t)(comma - text.at) : text.len);
        if (rule->except_count == EDGE_FAILURES_EXCEPT_MOST ||
            !edge_ipaddr_parse_network(one, &rule->except[rule->except_count].address,
                                       &rule->except[rule->except_count].bits))
            return false;
        rule->except_count++;
        text = edge_span_after(text, one.len + (comma ? 1 : 0));
    }
    return rule->except_count > 0;
}

static bool read_identity(edge_span_t text, edge_failures_rule_t *rule) {
    if (!edge_span_equal_nocase(text, edge_span_of("off")))
        return read_count(text, &rule->identity_count, &rule->identity_period);
    rule->identity_count = 0;
    return true;
}

static bool read_pair(edge_span_t key, edge_span_t value, edge_failures_rule_t *rule) {
    if (edge_span_equal_nocase(key, edge_span_of("ban")))
        return read_time(value, LONGEST, &rule->ban);
    if (edge_span_equal_nocase(key, edge_span_of("delay")))
        return read_time(value, LONGEST_DELAY, &rule->delay);
    if (edge_span_equal_nocase(key, edge_span_of("identity")))
        return read_identity(value, rule);
    return edge_span_equal_nocase(key, edge_span_of("except")) && read_networks(value, rule);
}

bool edge_failures_set(const edge_conf_line_t *line, edge_failures_rule_t *rule) {
    edge_span_t first = line->count > 0 ? line->arguments[0].text : edge_span_of("");
    if (line->count == 1 && edge_span_equal_nocase(first, edge_span_of("off"))) {
        rule->count = 0;
        return true;
    }
    if (!read_count(first, &rule->count, &rule->period)) {
        edge_conf_error(line, 0, "EDG10900",
                        "AuthFailures needs a number and a time, as 5/10m, or off; got \"%s\" (%s)", first.at, usage);
        return false;
    }
    for (unsigned i = 1; i < line->count; i++) {
        edge_span_t key, value;
        if (edge_conf_split_pair(line->arguments[i].text, &key, &value) && read_pair(key, value, rule))
            continue;
        edge_conf_error(line, i, "EDG10901", "AuthFailures does not understand \"%s\"; allowed: %s",
                        line->arguments[i].text.at, usage);
        return false;
    }
    return true;
}

edge_span_t edge_failures_show(const edge_failures_rule_t *rule, apr_pool_t *pool) {
    char network[EDGE_IPADDR_NETWORK_TEXT];
    if (rule->count == 0)
        return edge_span_of("off");
    const char *identity =
        rule->identity_count == 0
            ? "off"
            : apr_psprintf(pool, "%u/%s", rule->identity_count, edge_conf_show_duration(rule->identity_period, pool));
    const char *text = apr_psprintf(
        pool, "%u/%s ban=%s identity=%s delay=%s", rule->count, edge_conf_show_duration(rule->period, pool),
        edge_conf_show_duration(rule->ban, pool), identity, edge_conf_show_duration(rule->delay, pool));
    for (unsigned i = 0; i < rule->except_count; i++) {
        edge_ipaddr_format_network(rule->except[i].address, rule->except[i].bits, network);
        text = apr_pstrcat(pool, text, i ? "," : " except=", network, NULL);
    }
    return edge_span_of(text);
}
