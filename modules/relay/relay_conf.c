/* The directives of a <Handoff> that read their own arguments. */
#include <apr_strings.h>

#include "proto/address.h"
#include "relay_conf.h"

bool relay_conf_retry(const edge_conf_line_t *line, void *to) {
    relay_conf_t *conf = to;
    if (line->count == 0 || line->count > RELAY_RETRIES_MOST) {
        edge_conf_error(line, 0, "EDG10940", "Retry takes 1 to %u durations, got %u", RELAY_RETRIES_MOST, line->count);
        return false;
    }
    conf->retry_count = 0;
    for (unsigned i = 0; i < line->count; i++) {
        edge_mono_t *delay = &conf->retries[conf->retry_count++];
        if (!edge_conf_parse_duration(line->arguments[i].text, delay) || *delay < EDGE_MS(100) ||
            *delay > EDGE_SECONDS(7 * 86400)) {
            edge_conf_error(line, i, "EDG10941", "\"%s\" is no pause: write 100ms to 7d, such as 30s, 5m or 2h",
                            line->arguments[i].text.at);
            return false;
        }
    }
    return true;
}

/* Addresses */

static bool parse_port(edge_span_t text, uint16_t *port) {
    uint64_t number;
    if (!edge_span_number(text, &number) || number == 0 || number > 65535)
        return false;
    *port = (uint16_t)number;
    return true;
}

/* "192.0.2.1:25", "[2001:db8::1]:25", "mx.example.net:25"; the host alone means port 25. */
static bool parse_host(relay_address_t *address, apr_pool_t *pool) {
    edge_span_t host = address->text;
    const char *colon = memrchr(host.at, ':', host.len);
    address->port = 25;
    if (host.len > 0 && host.at[0] == '[') {
        const char *end = memchr(host.at, ']', host.len);
        if (!end || (end + 1 < host.at + host.len &&
                     (end + 1 != colon || !parse_port(edge_span_of(colon + 1), &address->port))))
            return false;
        return edge_ipaddr_parse(edge_span(host.at + 1, (size_t)(end - host.at) - 1), &address->address);
    }
    if (colon) {
        if (!parse_port(edge_span_of(colon + 1), &address->port))
            return false;
        host.len = (size_t)(colon - host.at);
    }
    if (edge_ipaddr_parse(host, &address->address))
        return edge_ipaddr_is_v4(address->address);
    address->host = edge_span_copy(pool, host);
    return edge_address_domain(host);
}

static bool parse_address(const edge_conf_line_t *line, edge_span_t text, relay_address_t *address) {
    static const edge_span_t local = EDGE_SPAN("unix:");
    *address = (relay_address_t){.text = text};
    if (edge_span_starts_nocase(text, local)) {
        address->path = edge_conf_path(line, edge_span_after(text, local.len)).at;
        return text.len > local.len && strlen(address->path) < 108;
    }
    return parse_host(address, line->pool);
}

bool relay_conf_address(const edge_conf_line_t *line, void *to) {
    relay_conf_t *conf = to;
    if (line->count == 0 || line->count > RELAY_ADDRESSES_MOST) {
        edge_conf_error(line, 0, "EDG10942", "Address takes 1 to %u addresses, got %u", RELAY_ADDRESSES_MOST,
                        line->count);
        return false;
    }
    conf->address_count = 0;
    for (unsigned i = 0; i < line->count; i++)
        if (!parse_address(line, line->arguments[i].text, &conf->addresses[conf->address_count++])) {
            edge_conf_error(line, i, "EDG10943",
                            "\"%s\" is no address of a next hop: write HOST:PORT, ADDRESS:PORT, [IPV6]:PORT or "
                            "unix:PATH",
                            line->arguments[i].text.at);
            return false;
        }
    return true;
}

bool relay_conf_local(const edge_conf_line_t *line, void *to) {
    relay_conf_t *conf = to;
    conf->local_address = line->arguments[0].text;
    if (line->count == 1 && edge_ipaddr_parse(conf->local_address, &conf->local))
        return true;
    edge_conf_error(line, 0, "EDG10944", "LocalAddress takes one IP address, got \"%s\"", line->arguments[0].text.at);
    return false;
}

/* TLS off | opportunistic | required | verify [immediate] [name=HOST] */

const char *const relay_conf_encrypt_words[] = {"off",       "opportunistic", "required", "verify",
                                                "immediate", "name",          NULL};

static bool parse_encrypt_mode(edge_span_t text, relay_encrypt_t *mode) {
    static const relay_encrypt_t modes[] = {RELAY_ENCRYPT_OFF, RELAY_ENCRYPT_OPPORTUNISTIC, RELAY_ENCRYPT_REQUIRED,
                                            RELAY_ENCRYPT_VERIFIED};
    for (unsigned i = 0; i < EDGE_COUNT(modes); i++)
        if (edge_span_equal_nocase(text, edge_span_of(relay_conf_encrypt_words[i]))) {
            *mode = modes[i];
            return true;
        }
    return false;
}

static bool parse_encrypt_option(const edge_conf_line_t *line, edge_span_t text, relay_conf_t *conf) {
    edge_span_t key, value;
    edge_ipaddr_t address;
    if (edge_span_equal_nocase(text, edge_span_of("immediate"))) {
        conf->encrypt_at_once = true;
        return true;
    }
    if (!edge_conf_split_pair(text, &key, &value) || !edge_span_equal_nocase(key, edge_span_of("name")))
        return false;
    conf->encrypt_name = edge_span_copy(line->pool, value);
    return edge_address_domain(value) || edge_ipaddr_parse(value, &address);
}

bool relay_conf_encrypt(const edge_conf_line_t *line, void *to) {
    relay_conf_t *conf = to;
    if (line->count == 0 || !parse_encrypt_mode(line->arguments[0].text, &conf->encrypt)) {
        edge_conf_error(line, 0, "EDG10954", "TLS is off, opportunistic, required or verify, got \"%s\"",
                        line->count ? line->arguments[0].text.at : "");
        return false;
    }
    for (unsigned i = 1; i < line->count; i++)
        if (!parse_encrypt_option(line, line->arguments[i].text, conf)) {
            edge_conf_error(line, i, "EDG10954", "TLS takes immediate and name=HOST behind the mode, got \"%s\"",
                            line->arguments[i].text.at);
            return false;
        }
    if (conf->encrypt_at_once && conf->encrypt < RELAY_ENCRYPT_REQUIRED) {
        edge_conf_error(line, 0, "EDG10955",
                        "TLS that begins with the handshake has no clear text to fall back to: "
                        "write required immediate or verify immediate");
        return false;
    }
    return true;
}

/* Times */

const char *const relay_conf_time_names[] = {"connect", "greeting", "command", "data", "end", "idle", NULL};

bool relay_conf_times(const edge_conf_line_t *line, void *to) {
    relay_times_t *times = &((relay_conf_t *)to)->times;
    edge_mono_t *const slots[] = {&times->connect, &times->greeting, &times->command,
                                  &times->data,    &times->end,      &times->idle};
    for (unsigned i = 0; i < line->count; i++) {
        edge_span_t key, value;
        edge_mono_t time;
        unsigned at = 0;
        bool pair = edge_conf_split_pair(line->arguments[i].text, &key, &value);
        while (pair && relay_conf_time_names[at] &&
               !edge_span_equal_nocase(key, edge_span_of(relay_conf_time_names[at])))
            at++;
        if (!pair || !relay_conf_time_names[at] || !edge_conf_parse_duration(value, &time) || time < EDGE_MS(10) ||
            time > EDGE_SECONDS(86400)) {
            edge_conf_error(line, i, "EDG10946",
                            "\"%s\" is no time limit: write connect=, greeting=, command=, data=, end= or idle= with "
                            "10ms to 1d",
                            line->arguments[i].text.at);
            return false;
        }
        *slots[at] = time;
    }
    return true;
}
