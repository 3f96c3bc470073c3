/* Which hosts take a destination's mail: addresses of the configuration, address literals, MX records (RFC 5321 5.1). */
#include <apr_lib.h>
#include <apr_strings.h>

#include "relay_smtp.h"

static void give_up(relay_route_t *route, edge_relay_outcome_t outcome, unsigned subject, unsigned detail,
                    const char *text) {
    unsigned code = outcome == EDGE_RELAY_FAILED ? 550 : 451;
    route->trouble = relay_result_own(outcome, EDGE_RELAY_HOST, code, subject, detail, edge_span_of(text));
    route->count = 0;
    route->found(route);
}

static void add_target(relay_route_t *route, edge_span_t name, edge_ipaddr_t address, uint16_t port, bool named) {
    if (route->count < RELAY_TARGETS_MOST)
        route->targets[route->count++] =
            (relay_target_t){.name = name, .named = named, .address = address, .port = port};
}

/* The order of MX hosts */

static bool is_before(const relay_host_t *a, const relay_host_t *b) { return a->preference < b->preference; }

void relay_route_order(relay_host_t *hosts, unsigned *count, edge_span_t own_name, uint32_t random) {
    for (unsigned i = *count; i > 1; i--) { /* shuffled, then sorted stably */
        random = random * 1664525u + 1013904223u;
        unsigned other = (random >> 8) % i;
        relay_host_t host = hosts[i - 1];
        hosts[i - 1] = hosts[other];
        hosts[other] = host;
    }
    for (unsigned i = 1; i < *count; i++) {
        relay_host_t host = hosts[i];
        unsigned at = i;
        for (; at > 0 && is_before(&host, &hosts[at - 1]); at--)
            hosts[at] = hosts[at - 1];
        hosts[at] = host;
    }
    for (unsigned i = 0; i < *count; i++)
        if (edge_span_equal_nocase(hosts[i].name, own_name)) {
            while (i > 0 && hosts[i - 1].preference == hosts[i].preference)
                i--;
            *count = i;
        }
}

/* Addresses of hosts, one question after the other */

static void ask_next_host(relay_route_t *route);

static void ask(relay_route_t *route, edge_dns_type_t type, edge_span_t name) {
    route->asked = type;
    edge_dns_ask(route->worker, &route->question, type, name);
}

static void addresses_answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    relay_route_t *route = EDGE_CONTAINER(question, relay_route_t, question);
    const relay_host_t *host = &route->hosts[route->host];
    for (unsigned i = 0; answer->outcome == EDGE_DNS_FOUND && i < answer->count; i++)
        add_target(route, host->name, answer->records[i].address, host->port, true);
    route->unknown = route->unknown || answer->outcome == EDGE_DNS_FAILED || answer->outcome == EDGE_DNS_LIMITED;
    if (route->asked == EDGE_DNS_AAAA) {
        ask(route, EDGE_DNS_A, host->name);
        return;
    }
    route->host++;
    ask_next_host(route);
}

static void ask_next_host(relay_route_t *route) {
    if (route->host < route->host_count && route->count < RELAY_TARGETS_MOST) {
        route->question.answered = addresses_answered;
        ask(route, EDGE_DNS_AAAA, route->hosts[route->host].name);
    } else if (route->count > 0) {
        route->found(route);
    } else if (route->unknown) {
        give_up(route, EDGE_RELAY_DEFERRED, 4, 3, "no name server tells the address of the next hop");
    } else if (!route->domain.at) {
        give_up(route, EDGE_RELAY_DEFERRED, 4, 4, "the next hop has no address");
    } else {
        give_up(route, EDGE_RELAY_FAILED, 4, 4, "no host of this domain has an address");
    }
}

/* MX */

static void take_exchanges(relay_route_t *route, const edge_dns_answer_t *answer) {
    for (unsigned i = 0; i < answer->count && route->host_count < RELAY_HOSTS_MOST; i++)
        if (answer->records[i].text.len > 0)
            route->hosts[route->host_count++] =
                (relay_host_t){edge_span_copy(route->pool, answer->records[i].text), answer->records[i].preference,
                               (uint16_t)route->smtp->conf->port};
}

static void exchanges_found(relay_route_t *route, const edge_dns_answer_t *answer) {
    take_exchanges(route, answer);
    if (route->host_count == 0) {
        give_up(route, EDGE_RELAY_FAILED, 1, 10, "this domain takes no mail (null MX)");
        return;
    }
    uint32_t random = (uint32_t)edge_worker_clock(route->worker).mono;
    relay_route_order(route->hosts, &route->host_count, route->own_name, random);
    if (route->host_count == 0)
        give_up(route, EDGE_RELAY_FAILED, 4, 6, "the best host for this domain is this server itself");
    else
        ask_next_host(route);
}

static void exchanges_answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    relay_route_t *route = EDGE_CONTAINER(question, relay_route_t, question);
    switch (answer->outcome) {
    case EDGE_DNS_FOUND: exchanges_found(route, answer); return;
    case EDGE_DNS_NO_DATA: /* the domain itself is the host */
        route->hosts[route->host_count++] = (relay_host_t){route->domain, 0, (uint16_t)route->smtp->conf->port};
        ask_next_host(route);
        return;
    case EDGE_DNS_NO_NAME: give_up(route, EDGE_RELAY_FAILED, 1, 2, "there is no such domain"); return;
    case EDGE_DNS_FAILED:
    case EDGE_DNS_LIMITED: break;
    }
    give_up(route, EDGE_RELAY_DEFERRED, 4, 3, "no name server tells who takes the mail of this domain");
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" */
static void find_literal(relay_route_t *route) {
    edge_span_t text = edge_span(route->domain.at + 1, route->domain.len - 2);
    edge_ipaddr_t address;
    if (edge_span_starts_nocase(text, edge_span_of("IPv6:")))
        text = edge_span_after(text, 5);
    if (!edge_ipaddr_parse(text, &address)) {
        give_up(route, EDGE_RELAY_FAILED, 1, 2, "this address literal is of a kind that is not known here");
        return;
    }
    add_target(route, route->domain, address, (uint16_t)route->smtp->conf->port, false);
    route->found(route);
}

static void find_configured(relay_route_t *route) {
    const relay_conf_t *conf = route->smtp->conf;
    unsigned first =
        atomic_fetch_add_explicit((_Atomic unsigned *)(uintptr_t)&route->smtp->turn, 1, memory_order_relaxed);
    for (unsigned i = 0; i < conf->address_count; i++) {
        const relay_address_t *address = &conf->addresses[(first + i) % conf->address_count];
        if (address->host.at && route->host_count < RELAY_HOSTS_MOST)
            route->hosts[route->host_count++] = (relay_host_t){address->host, 0, address->port};
        else if (!address->host.at && route->count < RELAY_TARGETS_MOST)
            route->targets[route->count++] = (relay_target_t){
                .name = address->text, .address = address->address, .port = address->port, .path = address->path};
    }
    ask_next_host(route);
}

void relay_route_find(relay_route_t *route, edge_worker_t *worker, apr_pool_t *pool, const relay_smtp_t *smtp,
                      edge_span_t domain, edge_span_t own_name) {
    route->worker = worker;
    route->pool = pool;
    route->smtp = smtp;
    route->domain = domain;
    route->own_name = own_name;
    route->count = route->host_count = route->host = 0;
    route->unknown = false;
    if (!domain.at) {
        find_configured(route);
    } else if (domain.len == 0) {
        give_up(route, EDGE_RELAY_FAILED, 1, 3, "the address has no domain");
    } else if (domain.at[0] == '[') {
        find_literal(route);
    } else {
        route->question.answered = exchanges_answered;
        ask(route, EDGE_DNS_MX, domain);
    }
}

void relay_route_cancel(relay_route_t *route) { edge_dns_cancel(&route->question); }
