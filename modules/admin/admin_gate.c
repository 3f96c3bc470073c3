/* The gate: which requests are looked at, whoever sends them. Pure. */
#include "admin.h"

#include "proto/http_target.h"

edge_span_t admin_gate_field(const admin_gate_t *gate, const char *name, unsigned index) {
    for (unsigned i = 0; i < gate->count; i++)
        if (edge_span_equal_nocase(gate->fields[i].name, edge_span_of(name)) && index-- == 0)
            return edge_span_trim(gate->fields[i].value);
    return EDGE_NO_SPAN;
}

static bool is_safe(edge_span_t method) {
    return edge_span_equal(method, edge_span_of("GET")) || edge_span_equal(method, edge_span_of("HEAD"));
}

/* "mail.example.net:8090" without the port; "[::1]:8090" keeps its brackets. */
static edge_span_t without_port(edge_span_t host) {
    size_t end = host.len;
    while (end > 0 && host.at[end - 1] >= '0' && host.at[end - 1] <= '9')
        end--;
    return end > 0 && end < host.len && host.at[end - 1] == ':' ? edge_span(host.at, end - 1) : host;
}

static bool is_allowed(const admin_gate_t *gate, edge_span_t host) {
    host = without_port(host);
    for (unsigned i = 0; i < gate->host_count; i++)
        if (edge_span_equal_nocase(host, gate->hosts[i]))
            return true;
    return false;
}

static bool is_own_origin(edge_span_t origin, edge_span_t host) {
    static const edge_span_t schemes[] = {EDGE_SPAN("http://"), EDGE_SPAN("https://")};
    for (unsigned i = 0; i < EDGE_COUNT(schemes); i++)
        if (edge_span_starts_nocase(origin, schemes[i]) &&
            edge_span_equal_nocase(edge_span_after(origin, schemes[i].len), host))
            return true;
    return false;
}

/* A browser says from which page a request comes. */
static bool is_of_own_page(edge_span_t site) {
    return !site.at || edge_span_equal(site, edge_span_of("same-origin")) ||
           edge_span_equal(site, edge_span_of("none"));
}

static bool has_token(edge_span_t query) {
    edge_span_t name, value;
    while (edge_http_target_next(&query, &name, &value))
        if (edge_span_equal_nocase(name, edge_span_of("token")) ||
            edge_span_equal_nocase(name, edge_span_of("access_token")))
            return true;
    return false;
}

/* What only a page of another site would send. An unsafe request without Origin is none of a browser's; it must not be by a
 * cookie alone, which the caller sees to by the token that goes with it. */
static admin_refusal_t check_origin(const admin_gate_t *gate, edge_span_t host) {
    static const admin_refusal_t refused = {403, "csrf", "This request comes from a page of another site."};
    edge_span_t origin = admin_gate_field(gate, "Origin", 0);
    if (!is_of_own_page(admin_gate_field(gate, "Sec-Fetch-Site", 0)))
        return refused;
    if (origin.at && (admin_gate_field(gate, "Origin", 1).at || !is_own_origin(origin, host)))
        return refused;
    if (!origin.at && !is_safe(gate->method) && gate->cookie && !gate->bearer)
        return (admin_refusal_t){403, "csrf", "A change by a session of the console needs the Origin of its page."};
    return (admin_refusal_t){0, NULL, NULL};
}

admin_refusal_t admin_gate_check(const admin_gate_t *gate) {
    edge_span_t host = admin_gate_field(gate, "Host", 0);
    if (!host.at || host.len == 0 || admin_gate_field(gate, "Host", 1).at)
        return (admin_refusal_t){400, "host-not-allowed", "A request needs one Host."};
    if (!is_allowed(gate, host))
        return (admin_refusal_t){400, "host-not-allowed",
                                 "This server is not known by that name: write AllowedHosts in <Admin>."};
    if (admin_gate_field(gate, "Transfer-Encoding", 0).at || admin_gate_field(gate, "Content-Length", 1).at)
        return (admin_refusal_t){400, "bad-request", "The content must have one length, and no transfer coding."};
    if (has_token(gate->query))
        return (admin_refusal_t){400, "token-in-query",
                                 "A token in a URL ends up in logs: send Authorization: Bearer TOKEN."};
    return check_origin(gate, host);
}

edge_span_t admin_gate_cookie(edge_span_t field, const char *name) {
    edge_span_t wanted = edge_span_of(name);
    while (field.len > 0) {
        const char *end = memchr(field.at, ';', field.len);
        edge_span_t pair = edge_span(field.at, end ? (size_t)(end - field.at) : field.len);
        field = edge_span_after(field, end ? pair.len + 1 : pair.len);
        pair = edge_span_trim(pair);
        if (pair.len > wanted.len && pair.at[wanted.len] == '=' &&
            edge_span_equal(edge_span(pair.at, wanted.len), wanted))
            return edge_span_after(pair, wanted.len + 1);
    }
    return EDGE_NO_SPAN;
}

edge_span_t admin_gate_bearer(edge_span_t field) {
    static const edge_span_t scheme = EDGE_SPAN("Bearer ");
    if (!field.at || !edge_span_starts_nocase(field, scheme))
        return EDGE_NO_SPAN;
    return edge_span_trim(edge_span_after(field, scheme.len));
}
