/*
 * The name of a client, verified.
 *
 * Concept:  the names that the client's address has (PTR) are looked at in their
 *           order, a few at most; the first whose own addresses (A, or AAAA for an
 *           IPv6 client) hold the client's is its verified name. Anybody can write
 *           any name into the zone of his own addresses: only this tells who says
 *           the truth (RFC 8601 2.7.3, "iprev").
 * Owner:    the asker embeds it, and cancels it before its memory goes.
 * Threads:  the worker's own.
 * Lifetime: zero-filled memory with `found` set is one that is not asked. The result's
 *           name is good as long as the embedding memory, until it is asked again.
 * Errors:   outcomes; `found` is called exactly once, never inside the asking call.
 */
#ifndef EDGE_CLIENT_NAME_H
#define EDGE_CLIENT_NAME_H

#include "edge_dns.h"

typedef enum edge_client_name_outcome {
    EDGE_CLIENT_NAME_VERIFIED,
    EDGE_CLIENT_NAME_NONE,        /* the address has no name */
    EDGE_CLIENT_NAME_UNCONFIRMED, /* it has, and none of those looked at has this address */
    EDGE_CLIENT_NAME_FAILED,      /* nobody knows, for the time being */
    EDGE_CLIENT_NAME_LIMITED      /* not all was asked: a limit of edge_dns.h */
} edge_client_name_outcome_t;

#define EDGE_CLIENT_NAME_NAMES_MOST 5
#define EDGE_CLIENT_NAME_TEXT 256

typedef struct edge_client_name edge_client_name_t;

typedef struct edge_client_name_forward {
    edge_dns_question_t question;
    edge_client_name_t *asker;
    char name[EDGE_CLIENT_NAME_TEXT];
    bool confirmed;
} edge_client_name_forward_t;

struct edge_client_name {
    void (*found)(edge_client_name_t *asked, edge_client_name_outcome_t outcome, edge_span_t name);
    edge_worker_t *worker; /* private from here on */
    edge_ipaddr_t address;
    edge_dns_question_t reverse;
    edge_client_name_forward_t forward[EDGE_CLIENT_NAME_NAMES_MOST];
    unsigned count;
    bool failed, limited;
};

/* `spent`: see edge_dns.h; may be NULL. In `found`: the verified name; for UNCONFIRMED the first that
 * was claimed; else absent. */
EDGE_API void edge_client_name_ask(edge_worker_t *worker, edge_client_name_t *asked, edge_ipaddr_t address,
                                   uint32_t *spent);
EDGE_API void edge_client_name_cancel(edge_client_name_t *asked);

#endif
