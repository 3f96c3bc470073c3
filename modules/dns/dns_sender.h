/*
 * Whether mail can be sent to a domain, as far as DNS tells.
 *
 * Concept:  a domain that has MX takes mail there, or nowhere (null MX, RFC 7505); one
 *           without takes it at its own addresses (RFC 5321 5.1).
 * Owner:    the asker embeds it, and cancels it before its memory goes.
 * Threads:  the worker's own.
 * Lifetime: zero-filled memory with `told` set is one that is not asked.
 * Errors:   UNKNOWN: name servers that fail, or a limit.
 */
#ifndef EDGE_DNS_SENDER_H
#define EDGE_DNS_SENDER_H

#include "edge_dns.h"

typedef enum dns_sender_verdict {
    DNS_SENDER_RESOLVES,
    DNS_SENDER_NO_DOMAIN,  /* it does not exist */
    DNS_SENDER_NO_RECORDS, /* it exists, without MX, A and AAAA */
    DNS_SENDER_NULL_MX,
    DNS_SENDER_UNKNOWN
} dns_sender_verdict_t;

typedef struct dns_sender dns_sender_t;
struct dns_sender {
    void (*told)(dns_sender_t *sender, dns_sender_verdict_t verdict);
    edge_worker_t *worker; /* private from here on */
    edge_dns_question_t exchange, address4, address6;
    bool unknown;
};

/* `told` is called exactly once, never inside this call. `spent`: edge_dns.h. */
void dns_sender_ask(edge_worker_t *worker, dns_sender_t *sender, edge_span_t domain, uint32_t *spent);
void dns_sender_cancel(dns_sender_t *sender);

#endif
