/*
 * DnsServers as it is written, and all settings of DNS as the resolver takes them.
 *
 * Concept:  a list of addresses with ports becomes the text that io/dns.h takes.
 * Owner:    the snapshot.
 * Threads:  the one that reads the configuration.
 * Lifetime: of the snapshot.
 * Errors:   reported with what was got and what is allowed.
 */
#ifndef EDGE_CORE_DNS_SETTINGS_H
#define EDGE_CORE_DNS_SETTINGS_H

#include "edge_conf.h"

#include "io/dns.h"

/* `servers` becomes "ADDRESS:PORT,..."; empty for "system". */
bool edge_dns_settings_set_servers(const edge_conf_line_t *line, edge_span_t *servers);
edge_span_t edge_dns_settings_show_servers(edge_span_t servers, apr_pool_t *pool);
edge_dns_settings_t edge_dns_settings_of(const edge_snapshot_t *snapshot);

#endif
