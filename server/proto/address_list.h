/*
 * Addresses as a header field lists them (RFC 5322 3.4).
 *
 * Concept:  takes one mailbox after the other off the front of a To, Cc or Bcc value:
 *           bare addresses, names before <angles>, groups, quoted strings, comments,
 *           folds, and the routes and empty members of old mail. What it gives is
 *           the address as MAIL and RCPT write it, without names and comments.
 * Owner:    the caller's buffer.
 * Threads:  any.
 * Lifetime: of the buffer.
 * Errors:   a member that is no address is given as such, and the next one is found all
 *           the same: what stands between the commas that count.
 */
#ifndef EDGE_PROTO_ADDRESS_LIST_H
#define EDGE_PROTO_ADDRESS_LIST_H

#include "edge_base.h"

#define EDGE_ADDRESS_LIST_MOST 1024 /* octets of one address */

typedef enum edge_address_list_result {
    EDGE_ADDRESS_LIST_END,     /* no further member */
    EDGE_ADDRESS_LIST_ADDRESS, /* `address` is a mailbox, or a local part alone */
    EDGE_ADDRESS_LIST_BAD      /* `address` is the beginning of what stands there */
} edge_address_list_result_t;

typedef struct edge_address_list {
    char text[EDGE_ADDRESS_LIST_MOST];
    edge_span_t address; /* in `text` */
} edge_address_list_t;

/* Eats one member, and what separates it from the next, off the front of `value`. */
EDGE_API edge_address_list_result_t edge_address_list_next(edge_span_t *value, edge_address_list_t *found);

#endif
