/* The settings of DNS: as written, and as the resolver takes them. */
#include "core/dns_settings.h"

#include <apr_strings.h>

#include "core/core_conf.h"

#define PORT 53
#define SERVERS_MOST 8

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:53" -> one form, with the port. */
static const char *read_server(edge_span_t text, apr_pool_t *pool) {
    char plain[EDGE_IPADDR_TEXT];
    edge_ipaddr_t address;
    uint64_t port = PORT;
    edge_span_t host = text;
    const char *bracket = text.len > 0 && text.at[0] == '[' ? memchr(text.at, ']', text.len) : NULL;
    const char *colon = memrchr(text.at, ':', text.len);
    bool one_colon = colon && memchr(text.at, ':', text.len) == colon;
    if (colon && ((bracket && colon == bracket + 1) || one_colon)) {
        host.len = (size_t)(colon - text.at);
        if (!edge_span_number(edge_span_after(text, host.len + 1), &port) || port < 1 || port > 65535)
            return NULL;
    }
    if (bracket && host.at[host.len - 1] == ']')
        host = edge_span(host.at + 1, host.len - 2);
    if (!edge_ipaddr_parse(host, &address) || (bracket && edge_ipaddr_is_v4(address)))
        return NULL;
    edge_ipaddr_format(address, plain);
    return apr_psprintf(pool, edge_ipaddr_is_v4(address) ? "%s:%u" : "[%s]:%u", plain, (unsigned)port);
}

bool edge_dns_settings_set_servers(const edge_conf_line_t *line, edge_span_t *servers) {
    const char *joined = "";
    if (line->count == 1 && edge_span_equal_nocase(line->arguments[0].text, edge_span_of("system"))) {
        *servers = edge_span_of("");
        return true;
    }
    if (line->count < 1 || line->count > SERVERS_MOST) {
        edge_conf_error(line, 0, "EDG10905", "DnsServers needs 1 to %d addresses, or system; got %u words",
                        SERVERS_MOST, line->count);
        return false;
    }
    for (unsigned i = 0; i < line->count; i++) {
        const char *one = read_server(line->arguments[i].text, line->pool);
        if (!one) {
            edge_conf_error(line, i, "EDG10906",
                            "\"%s\" is no name server: an IPv4 address, or an IPv6 address, each with a port behind it "
                            "when it is not %d, as 192.0.2.1:5353 or [2001:db8::1]:5353; or the one word system",
                            line->arguments[i].text.at, PORT);
            return false;
        }
        joined = apr_pstrcat(line->pool, joined, i ? "," : "", one, NULL);
    }
    *servers = edge_span_of(joined);
    return true;
}

edge_span_t edge_dns_settings_show_servers(edge_span_t servers, apr_pool_t *pool) {
    if (servers.len == 0)
        return edge_span_of("system");
    char *text = apr_pstrmemdup(pool, servers.at, servers.len);
    for (char *comma = text; (comma = strchr(comma, ',')) != NULL;)
        *comma = ' ';
    return edge_span_of(text);
}

edge_dns_settings_t edge_dns_settings_of(const edge_snapshot_t *snapshot) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(snapshot);
    return (edge_dns_settings_t){.servers = conf->dns.servers.len ? conf->dns.servers.at : "",
                                 .timeout = conf->dns.timeout,
                                 .tries = conf->dns.tries,
                                 .in_flight = conf->dns.in_flight,
                                 .per_session = conf->dns.per_session,
                                 .cached = conf->dns.cached,
                                 .longest = conf->dns.longest};
}
