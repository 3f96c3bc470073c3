/*
 * Reading what a name server has sent (RFC 1035 4).
 *
 * Concept:  one pass over a whole message says what it answers to one question: it
 *           is checked against the question, aliases (CNAME) are followed inside the
 *           message, records of the wanted type are taken out, and it is said for
 *           how long the answer may be kept, also when it says no (RFC 2308 5).
 * Owner:    the caller owns the message and the reading.
 * Threads:  plain values.
 * Lifetime: the reading holds its texts itself.
 * Errors:   any octets are a reading: FAILED with the trouble in words. A record whose
 *           name holds octets that no host name has is left out.
 */
#ifndef EDGE_PROTO_DNS_MESSAGE_H
#define EDGE_PROTO_DNS_MESSAGE_H

#include "edge_dns_answer.h"

#include "proto/dns_name.h"

#define EDGE_DNS_MESSAGE_ALIASES_MOST 16  /* CNAMEs followed */
#define EDGE_DNS_MESSAGE_ENTRIES_MOST 256 /* entries of a section looked at */

typedef struct edge_dns_reading {
    edge_dns_outcome_t outcome; /* FOUND, NO_NAME, NO_DATA, FAILED */
    const char *trouble;        /* of FAILED; else "" */
    uint32_t ttl;               /* seconds; 0 = not to be kept */
    unsigned count;
    edge_dns_record_t records[EDGE_DNS_RECORDS_MOST]; /* their texts point into `texts` */
    char texts[EDGE_DNS_TEXTS_MOST];
    size_t texts_len;
} edge_dns_reading_t;

EDGE_API void edge_dns_message_read(edge_span_t message, edge_dns_type_t type, const edge_dns_name_t *name,
                                    edge_dns_reading_t *reading);

#endif
