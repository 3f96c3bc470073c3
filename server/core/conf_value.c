/* Values of directives as text: durations, sizes, pairs, paths. */
#include "core/conf_value.h"

#include <apr_lib.h>
#include <apr_strings.h>

typedef struct unit {
    const char *name;
    int64_t factor;
} unit_t;

static const unit_t durations[] = {{"ms", 1000},        {"s", 1000000},       {"m", 60000000LL},
                                   {"h", 3600000000LL}, {"d", 86400000000LL}, {NULL, 0}};
static const unit_t sizes[] = {{"", 1},          {"K", 1LL << 10}, {"M", 1LL << 20},
                               {"G", 1LL << 30}, {"T", 1LL << 40}, {NULL, 0}};

/* A number with one of the units behind it. */
static bool parse_unit(edge_span_t text, const unit_t *units, int64_t *value) {
    size_t digits = 0;
    uint64_t number;
    while (digits < text.len && apr_isdigit(text.at[digits]))
        digits++;
    if (!edge_span_number(edge_span(text.at, digits), &number))
        return false;
    edge_span_t unit = edge_span_after(text, digits);
    for (; units->name; units++)
        if (edge_span_equal_nocase(unit, edge_span_of(units->name))) {
            if (number > (uint64_t)(INT64_MAX / units->factor))
                return false;
            *value = (int64_t)number * units->factor;
            return true;
        }
    return false;
}

bool edge_conf_parse_duration(edge_span_t text, edge_mono_t *microseconds) {
    return parse_unit(text, durations, microseconds);
}

bool edge_conf_parse_size(edge_span_t text, uint64_t *octets) {
    int64_t value;
    if (!parse_unit(text, sizes, &value))
        return false;
    *octets = (uint64_t)value;
    return true;
}

bool edge_conf_split_pair(edge_span_t text, edge_span_t *key, edge_span_t *value) {
    const char *equals = text.len ? memchr(text.at, '=', text.len) : NULL;
    if (!equals)
        return false;
    *key = edge_span(text.at, (size_t)(equals - text.at));
    *value = edge_span_after(text, key->len + 1);
    return true;
}

/* The largest unit that divides it, so that it reads as people write it. */
static const char *show_unit(int64_t value, const unit_t *units, apr_pool_t *pool) {
    const unit_t *best = units;
    if (value == 0)
        return apr_psprintf(pool, "0%s", units->name);
    for (; units->name; units++)
        if (value % units->factor == 0)
            best = units;
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "%s", (apr_int64_t)(value / best->factor), best->name);
}

const char *edge_conf_show_duration(edge_mono_t value, apr_pool_t *pool) {
    if (value % 1000 != 0)
        return apr_psprintf(pool, "%" APR_INT64_T_FMT "us", (apr_int64_t)value);
    return show_unit(value, durations, pool);
}

const char *edge_conf_show_size(uint64_t value, apr_pool_t *pool) { return show_unit((int64_t)value, sizes, pool); }

const char *edge_conf_escape(edge_span_t text, apr_pool_t *pool) {
    char *out = apr_palloc(pool, text.len * 2 + 1), *at = out;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\')
            *at++ = '\\';
        *at++ = text.at[i];
    }
    *at = '\0';
    return out;
}

const char *edge_conf_quote(edge_span_t text, apr_pool_t *pool) {
    bool plain = text.len > 0 && text.at[0] != '#' && text.at[0] != '<';
    for (size_t i = 0; i < text.len; i++)
        plain &= (unsigned char)text.at[i] > ' ' && text.at[i] != '"' && text.at[i] != '\\';
    if (plain)
        return apr_pstrmemdup(pool, text.at, text.len);
    return apr_pstrcat(pool, "\"", edge_conf_escape(text, pool), "\"", NULL);
}
