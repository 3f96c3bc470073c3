/*
 * Keys of lists in the one form in which they are compared.
 *
 * Concept:  "Ann"@Bücher.Example. and ann@xn--bcher-kva.example are the same mailbox. A
 *           domain is written in small letters, as A-labels, without a dot at its end; a
 *           local part in small letters (ASCII; other octets as they are), without
 *           quotes and backslashes. A client cannot slip past a list by another way to
 *           write the same.
 * Owner:    values.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   false: it has no such form, so nothing can be it.
 */
#ifndef EDGE_CORE_LOOKUP_KEY_H
#define EDGE_CORE_LOOKUP_KEY_H

#include "edge_ipaddr.h"

/* A command line has at most 2048 octets, a line of a list 4096. */
#define EDGE_LOOKUP_KEY_MOST 4608

typedef struct edge_lookup_plain {
    char text[EDGE_LOOKUP_KEY_MOST]; /* LOCAL@DOMAIN, or DOMAIN, or LOCAL@ */
    size_t len;
    size_t domain; /* where the domain begins; len: there is none */
    bool literal;  /* the domain is an address literal: */
    edge_ipaddr_t address;
} edge_lookup_plain_t;

bool edge_lookup_plain_name(edge_span_t name, edge_lookup_plain_t *plain);
/* An absent domain: the local part with its "@" alone. */
bool edge_lookup_plain_mailbox(edge_span_t local, edge_span_t domain, edge_lookup_plain_t *plain);

#endif
