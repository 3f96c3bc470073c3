/*
 * What a name server has answered, as plain data.
 *
 * Concept:  a question is a type and a name. Its answer is one of a few outcomes,
 *           with records when there are any. Names stand in lower case without the
 *           dot at their end; the root is the empty name.
 * Owner:    whoever hands an answer out.
 * Threads:  plain values.
 * Lifetime: of what hands it out; nothing of an answer may be kept without copying.
 * Errors:   an outcome like any other, with a few words for logs in `trouble`.
 */
#ifndef EDGE_DNS_ANSWER_H
#define EDGE_DNS_ANSWER_H

#include "edge_base.h"
#include "edge_ipaddr.h"

/* The numbers of RFC 1035 3.2.2 and RFC 3596. */
typedef enum edge_dns_type {
    EDGE_DNS_A = 1,
    EDGE_DNS_PTR = 12,
    EDGE_DNS_MX = 15,
    EDGE_DNS_TXT = 16,
    EDGE_DNS_AAAA = 28
} edge_dns_type_t;

typedef enum edge_dns_outcome {
    EDGE_DNS_FOUND,
    EDGE_DNS_NO_NAME, /* no such domain, or the text can be none */
    EDGE_DNS_NO_DATA, /* the domain exists, with no record of this type */
    EDGE_DNS_FAILED,  /* nobody knows: no answer in time, a server that fails or refuses, garbage, a loop of CNAMEs */
    EDGE_DNS_LIMITED  /* not asked: too many questions are open, or this session has asked its share */
} edge_dns_outcome_t;

#define EDGE_DNS_RECORDS_MOST 64 /* of one answer; those behind them are left out */
#define EDGE_DNS_TEXTS_MOST 4096 /* octets of the texts of one answer; a record that does not fit is left out */

typedef struct edge_dns_record {
    edge_ipaddr_t address; /* A, AAAA */
    uint16_t preference;   /* MX */
    edge_span_t text;      /* MX: the exchange, empty in a null MX (RFC 7505); PTR: the name; TXT: its strings, joined,
                              any octets. NUL behind it. */
} edge_dns_record_t;

typedef struct edge_dns_answer {
    edge_dns_outcome_t outcome;
    edge_dns_type_t type;
    edge_span_t name; /* that was asked for */
    const edge_dns_record_t *records;
    unsigned count;
    uint32_t ttl;        /* seconds for which it may be kept from now on */
    const char *trouble; /* FAILED, LIMITED: in a few words; else "" */
} edge_dns_answer_t;

/* "A", "MX" ... */
static inline const char *edge_dns_type_name(edge_dns_type_t type) {
    switch (type) {
    case EDGE_DNS_A: return "A";
    case EDGE_DNS_PTR: return "PTR";
    case EDGE_DNS_MX: return "MX";
    case EDGE_DNS_TXT: return "TXT";
    case EDGE_DNS_AAAA: return "AAAA";
    }
    return "?";
}

#endif
