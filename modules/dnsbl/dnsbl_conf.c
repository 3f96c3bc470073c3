/* List and Allow as they are written. */
#include <apr_strings.h>
#include <stdlib.h>

#include "dnsbl.h"

#define WEIGHT_MOST 1000

static const char form[] = "ZONE [weight=NUMBER] [answers=ADDRESS|FIRST-LAST|NETWORK/BITS,...]";

/* Every list answers with 127.0.0.0/8 (RFC 5782 2.1); what comes from elsewhere is a domain that was sold. */
static bool is_answer(edge_ipaddr_t address) { return edge_ipaddr_is_v4(address) && edge_ipaddr_is_loopback(address); }

static bool read_network(edge_span_t text, const char *slash, dnsbl_range_t *range) {
    uint64_t bits;
    size_t len = (size_t)(slash - text.at);
    if (!edge_ipaddr_parse(edge_span(text.at, len), &range->first) || !is_answer(range->first) ||
        !edge_span_number(edge_span_after(text, len + 1), &bits) || bits < 8 || bits > 32)
        return false;
    range->last = range->first;
    for (unsigned bit = 96 + (unsigned)bits; bit < 128; bit++) {
        range->first.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
        range->last.bytes[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    }
    return true;
}

static bool read_range(edge_span_t text, dnsbl_range_t *range) {
    const char *slash = memchr(text.at, '/', text.len), *dash = memchr(text.at, '-', text.len);
    if (slash)
        return read_network(text, slash, range);
    size_t first = dash ? (size_t)(dash - text.at) : text.len;
    if (!edge_ipaddr_parse(edge_span(text.at, first), &range->first) || !is_answer(range->first))
        return false;
    range->last = range->first;
    if (dash && (!edge_ipaddr_parse(edge_span_after(text, first + 1), &range->last) || !is_answer(range->last)))
        return false;
    return memcmp(&range->first, &range->last, sizeof(range->first)) <= 0;
}

static bool read_ranges(edge_span_t text, dnsbl_list_t *list) {
    list->range_count = 0;
    while (list->range_count < DNSBL_RANGES_MOST) {
        const char *comma = memchr(text.at, ',', text.len);
        size_t len = comma ? (size_t)(comma - text.at) : text.len;
        if (!read_range(edge_span(text.at, len), &list->ranges[list->range_count]))
            return false;
        list->range_count++;
        if (!comma)
            return true;
        text = edge_span_after(text, len + 1);
    }
    return false;
}

/* Above zero for List, below for Allow. */
static bool read_weight(edge_span_t text, int sign, int32_t *weight) {
    uint64_t number;
    bool minus = text.len > 0 && text.at[0] == '-';
    if (minus)
        text = edge_span_after(text, 1);
    if (!edge_span_number(text, &number) || number < 1 || number > WEIGHT_MOST || minus != (sign < 0))
        return false;
    *weight = sign * (int32_t)number;
    return true;
}

static bool read_pair(const edge_conf_line_t *line, unsigned at, int sign, dnsbl_list_t *list) {
    edge_span_t key = EDGE_NO_SPAN, value = EDGE_NO_SPAN, text = line->arguments[at].text;
    bool is_pair = edge_conf_split_pair(text, &key, &value);
    if (is_pair && edge_span_equal_nocase(key, edge_span_of("weight"))) {
        if (read_weight(value, sign, &list->weight))
            return true;
        edge_conf_error(line, at, "EDG10911", "%s needs a weight from %d to %d, got \"%s\"", line->row->name,
                        sign > 0 ? 1 : -WEIGHT_MOST, sign > 0 ? WEIGHT_MOST : -1, value.at);
        return false;
    }
    if (is_pair && edge_span_equal_nocase(key, edge_span_of("answers"))) {
        if (read_ranges(value, list))
            return true;
        edge_conf_error(line, at, "EDG10912",
                        "\"%s\" are no answers of a list: up to %d addresses, ranges and networks of 127.0.0.0/8, as "
                        "127.0.0.2,127.0.0.4-127.0.0.7,127.0.1.0/24",
                        value.at, DNSBL_RANGES_MOST);
        return false;
    }
    edge_conf_error(line, at, "EDG10913", "%s does not understand \"%s\"; it takes %s", line->row->name, text.at, form);
    return false;
}

static bool set(const edge_conf_line_t *line, int sign, dnsbl_conf_t *conf) {
    dnsbl_list_t *list = &conf->lists[conf->count];
    edge_dns_name_t name;
    if (line->count < 1 || !edge_dns_name_read(line->arguments[0].text, &name)) {
        edge_conf_error(line, 0, "EDG10914", "%s needs the domain of a list, got \"%s\": %s", line->row->name,
                        line->count ? line->arguments[0].text.at : "", form);
        return false;
    }
    if (conf->count == DNSBL_LISTS_MOST) {
        edge_conf_error(line, 0, "EDG10915", "more than %d lists in one <Validator>", DNSBL_LISTS_MOST);
        return false;
    }
    memset(list, 0, sizeof(*list));
    list->zone = edge_span_copy(line->pool, edge_dns_name_span(&name));
    list->weight = sign;
    list->health = apr_pcalloc(line->pool, sizeof(*list->health));
    /* 127.0.0.1 is no answer of a list that works (RFC 5782 5). */
    read_ranges(edge_span_of("127.0.0.2-127.0.255.255"), list);
    for (unsigned i = 1; i < line->count; i++)
        if (!read_pair(line, i, sign, list))
            return false;
    conf->count++;
    return true;
}

bool dnsbl_conf_set_list(const edge_conf_line_t *line, void *conf) { return set(line, 1, conf); }

bool dnsbl_conf_set_allow(const edge_conf_line_t *line, void *conf) { return set(line, -1, conf); }

bool dnsbl_conf_counts(const dnsbl_list_t *list, edge_ipaddr_t answer) {
    for (unsigned i = 0; i < list->range_count; i++)
        if (memcmp(&answer, &list->ranges[i].first, sizeof(answer)) >= 0 &&
            memcmp(&answer, &list->ranges[i].last, sizeof(answer)) <= 0)
            return true;
    return false;
}
