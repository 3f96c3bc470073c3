/*
 * The domains that a server takes mail for.
 *
 * Concept:  a set of exact names, and one of names whose subdomains count; asked label by
 *           label from the front, so a look costs as much with ten as with a million.
 * Owner:    the snapshot's pool.
 * Threads:  read-only once made.
 * Lifetime: of the snapshot.
 * Errors:   what is no domain is not added.
 */
#ifndef EDGE_RELAY_DOMAINS_H
#define EDGE_RELAY_DOMAINS_H

#include "edge_ipaddr.h"
#include "edge_module.h"

#define RELAY_NETWORKS_MOST 64u

typedef struct relay_domains relay_domains_t;

typedef struct relay_network {
    edge_ipaddr_t address;
    unsigned bits;
} relay_network_t;

typedef struct relay_conf {
    relay_domains_t *domains;
    relay_network_t networks[RELAY_NETWORKS_MOST];
    unsigned network_count;
    bool authenticated, percent_hack;
} relay_conf_t;

extern edge_module_t relay_domains_module;

relay_domains_t *relay_domains_make(apr_pool_t *pool);
/* "example.org", ".example.org", "[192.0.2.1]". */
bool relay_domains_add(relay_domains_t *domains, edge_span_t text);
/* NULL has none. A dot at the end is left out. */
bool relay_domains_have(const relay_domains_t *domains, edge_span_t domain);

#endif
