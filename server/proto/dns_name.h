/*
 * Domain names as text.
 *
 * Concept:  one plain form in which names are compared and asked for: lower case, no
 *           dot at the end, labels of 1 to 63 octets, 253 octets in all (RFC 1035
 *           2.3.4, RFC 2181 11). And the names under which addresses are asked for:
 *           their octets, or nibbles, backwards below a zone.
 * Owner:    the caller owns all memory.
 * Threads:  plain values.
 * Lifetime: none.
 * Errors:   false: the text is no domain name, or the result would be too long.
 */
#ifndef EDGE_PROTO_DNS_NAME_H
#define EDGE_PROTO_DNS_NAME_H

#include "edge_base.h"
#include "edge_ipaddr.h"

#define EDGE_DNS_NAME_MOST 253
#define EDGE_DNS_NAME_SIZE 256

typedef struct edge_dns_name {
    char text[EDGE_DNS_NAME_SIZE]; /* NUL-terminated */
    size_t len;
} edge_dns_name_t;

/* Visible ASCII but backslash; a dot at the end is taken off. The empty name is none. */
EDGE_API bool edge_dns_name_read(edge_span_t text, edge_dns_name_t *name);
/* "4.3.2.1.ZONE", or 32 nibbles for IPv6 (RFC 5782 2.1, 2.4); `zone` in plain form, or empty. */
EDGE_API bool edge_dns_name_of_address(edge_ipaddr_t address, edge_span_t zone, edge_dns_name_t *name);
/* Below in-addr.arpa or ip6.arpa. */
EDGE_API void edge_dns_name_reverse(edge_ipaddr_t address, edge_dns_name_t *name);
static inline edge_span_t edge_dns_name_span(const edge_dns_name_t *name) { return edge_span(name->text, name->len); }

#endif
