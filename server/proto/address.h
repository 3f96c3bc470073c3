/*
 * Addresses as MAIL and RCPT write them (RFC 5321 4.1.2, RFC 6531 3.3).
 *
 * Concept:  the grammar in full: dot-strings and quoted local parts, domains and
 *           address literals (IPv4, IPv6, general), source routes (read and left
 *           out of the result), the null path for MAIL, <Postmaster> for RCPT.
 *           UTF-8 is accepted where valid and reported, so that the caller can ask
 *           for SMTPUTF8. Kinder than the grammar, as Postfix is: "_" in domains;
 *           local parts over 64 octets and paths over 256 (RFC 5321 4.5.3.1 asks
 *           for no upper limit; VERP and SRS make long ones), the command line
 *           bounds them. A domain has at most 255 octets, a label 63: DNS holds
 *           no more.
 * Owner:    results are spans of the text.
 * Threads:  any.
 * Lifetime: that of the text.
 * Errors:   false.
 */
#ifndef EDGE_PROTO_ADDRESS_H
#define EDGE_PROTO_ADDRESS_H

#include "edge_base.h"

#define EDGE_ADDRESS_DOMAIN_MOST 255
#define EDGE_ADDRESS_LABEL_MOST 63

typedef struct edge_address {
    edge_span_t mailbox; /* bare, quotes kept; empty: the null path */
    edge_span_t local;   /* as written, quotes included */
    edge_span_t domain;  /* absent for the null path and <Postmaster>; a literal with its brackets */
    bool utf8;           /* holds octets over 127 */
} edge_address_t;

typedef enum edge_address_path_kind { EDGE_ADDRESS_REVERSE, EDGE_ADDRESS_FORWARD } edge_address_path_kind_t;

/* "<...>" off the front of `text`; on false `text` is as it was. */
EDGE_API bool edge_address_path(edge_span_t *text, edge_address_path_kind_t kind, edge_address_t *address);
/* The whole of `text` is Local-part "@" ( Domain / address-literal ). */
EDGE_API bool edge_address_mailbox(edge_span_t text, edge_address_t *address);
/* The whole of `text` is a Domain (no literal). */
EDGE_API bool edge_address_domain(edge_span_t text);
/* The whole of `text` is an address-literal with its brackets. */
EDGE_API bool edge_address_literal(edge_span_t text);

#endif
