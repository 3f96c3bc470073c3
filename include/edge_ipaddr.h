/*
 * An IP address as a value.
 *
 * Concept:  IPv4 and IPv6 in one 16-byte form (IPv4 as ::ffff:a.b.c.d), so that
 *           tables and masks need one code path. Text is always the plain form:
 *           a mapped address prints as IPv4.
 * Owner:    values only.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   parsers return false.
 */
#ifndef EDGE_IPADDR_H
#define EDGE_IPADDR_H

#include "edge_base.h"

struct sockaddr;

typedef struct edge_ipaddr {
    uint8_t bytes[16];
} edge_ipaddr_t;

#define EDGE_IPADDR_TEXT 46

EDGE_API bool edge_ipaddr_parse(edge_span_t text, edge_ipaddr_t *address);
EDGE_API void edge_ipaddr_format(edge_ipaddr_t address, char out[EDGE_IPADDR_TEXT]);
EDGE_API bool edge_ipaddr_is_v4(edge_ipaddr_t address);
EDGE_API bool edge_ipaddr_is_loopback(edge_ipaddr_t address);
/* Of no use beyond one's own network, as loopback is: RFC 1918, RFC 6598 (behind a carrier's NAT), link-local, RFC 4193. */
EDGE_API bool edge_ipaddr_is_private(edge_ipaddr_t address);
EDGE_API bool edge_ipaddr_equal(edge_ipaddr_t a, edge_ipaddr_t b);
/* `bits` counts from the front of the 128-bit form. */
EDGE_API bool edge_ipaddr_in_network(edge_ipaddr_t address, edge_ipaddr_t network, unsigned bits);
/* The first address of the network that it is in. */
EDGE_API edge_ipaddr_t edge_ipaddr_network(edge_ipaddr_t address, unsigned bits);
/* "192.0.2.7", "192.0.2.0/24", "2001:db8::/64"; false: neither address nor network. Bits behind the mask are cleared;
 * *bits counts as above, 128 for an address. */
EDGE_API bool edge_ipaddr_parse_network(edge_span_t text, edge_ipaddr_t *address, unsigned *bits);
#define EDGE_IPADDR_NETWORK_TEXT (EDGE_IPADDR_TEXT + 4)
EDGE_API void edge_ipaddr_format_network(edge_ipaddr_t address, unsigned bits, char out[EDGE_IPADDR_NETWORK_TEXT]);
/* Any other family gives false. */
EDGE_API bool edge_ipaddr_from_sockaddr(const struct sockaddr *from, edge_ipaddr_t *address, uint16_t *port);

#endif
