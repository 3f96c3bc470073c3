/* The shared limits: where they are, and Timeout as it is written. */
#include "core/limits.h"

#include <apr_strings.h>

#include "core/core_conf.h"

const char *const edge_limits_timeout_words[] = {"command", "data", "tls", "session", "data-total", NULL};
const char *const edge_limits_add_missing_words[] = {"off", "on", "authenticated", "auto", NULL};

const edge_limits_t *edge_limits_of(const edge_section_t *section) {
    return &((const struct edge_core_conf *)edge_section_conf(section, &edge_core_module))->limits;
}

static edge_mono_t *timeout_slot(edge_timeouts_t *timeouts, edge_span_t key) {
    edge_mono_t *slots[] = {&timeouts->command, &timeouts->data, &timeouts->tls, &timeouts->session,
                            &timeouts->data_total};
    for (unsigned i = 0; edge_limits_timeout_words[i]; i++)
        if (edge_span_equal_nocase(key, edge_span_of(edge_limits_timeout_words[i])))
            return slots[i];
    return NULL;
}

static bool set_one_timeout(const edge_conf_line_t *line, unsigned argument, edge_timeouts_t *timeouts) {
    static const edge_span_t none = EDGE_SPAN("none");
    edge_span_t key, value;
    edge_mono_t *slot = NULL, duration = 0;
    edge_span_t text = line->arguments[argument].text;
    if (edge_conf_split_pair(text, &key, &value))
        slot = timeout_slot(timeouts, key);
    else
        value = EDGE_NO_SPAN;
    if (!slot) {
        edge_conf_error(
            line, argument, "EDG10604",
            "\"%s\" is no time limit: one duration (30s) or none, or command= data= tls= session= data-total=",
            text.at);
        return false;
    }
    if (!edge_span_equal_nocase(value, none) &&
        (!edge_conf_parse_duration(value, &duration) || duration < EDGE_MS(10))) {
        edge_conf_error(line, argument, "EDG10605",
                        "\"%s\" needs a duration with a unit of at least 10ms, or none: for example 300s", text.at);
        return false;
    }
    *slot = duration;
    return true;
}

bool edge_limits_set_timeout(const edge_conf_line_t *line, edge_timeouts_t *timeouts) {
    static const edge_span_t none = EDGE_SPAN("none");
    edge_mono_t one = 0;
    if (line->count == 1 && edge_span_equal_nocase(line->arguments[0].text, none)) {
        memset(timeouts, 0, sizeof(*timeouts));
        return true;
    }
    if (line->count == 1 && edge_conf_parse_duration(line->arguments[0].text, &one) && one >= EDGE_MS(10)) {
        timeouts->command = timeouts->data = one;
        return true;
    }
    if (line->count == 0)
        edge_conf_error(line, 0, "EDG10606",
                        "Timeout needs a duration (30s), none, or command= data= tls= session= data-total=");
    bool good = line->count > 0;
    for (unsigned i = 0; i < line->count; i++)
        good &= set_one_timeout(line, i, timeouts);
    return good;
}

static const char *duration_text(apr_pool_t *pool, edge_mono_t value) {
    if (value == 0)
        return "none";
    if (value % EDGE_SECONDS(1) == 0)
        return apr_psprintf(pool, "%" APR_INT64_T_FMT "s", (apr_int64_t)(value / EDGE_SECONDS(1)));
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "ms", (apr_int64_t)(value / EDGE_MS(1)));
}

edge_span_t edge_limits_show_timeout(const edge_timeouts_t *timeouts, apr_pool_t *pool) {
    return edge_span_of(apr_pstrcat(
        pool, "command=", duration_text(pool, timeouts->command), " data=", duration_text(pool, timeouts->data),
        " tls=", duration_text(pool, timeouts->tls), " session=", duration_text(pool, timeouts->session),
        " data-total=", duration_text(pool, timeouts->data_total), NULL));
}

void edge_limits_check(edge_conf_check_t *check, const edge_section_t *listener) {
    const edge_timeouts_t *timeouts = &edge_limits_of(listener)->timeouts;
    if (timeouts->session && timeouts->command > timeouts->session)
        edge_conf_warn_in(check, listener, "Timeout", "EDG20601",
                          "Timeout command= is longer than session=, which ends it first");
}
