/*
 * The envelope: who sent a message, to whom, and how it came.
 *
 * Concept:  one record from MAIL to the last delivery: filled by an edge, kept in
 *           the queue with the message, shown to the operator. The encoded form
 *           (server/proto/envelope.c) is versioned, and unknown fields of a later
 *           version are skipped.
 * Owner:    the pool it was made in; every span lives in that pool.
 * Threads:  one at a time; it is handed over with its pool.
 * Lifetime: its pool.
 * Errors:   decoding says what is wrong with a record.
 */
#ifndef EDGE_MESSAGE_H
#define EDGE_MESSAGE_H

#include "edge_id.h"

/* What a message needs on its further way; also what a queue can carry (edge_queue.h). */
#define EDGE_CARRIES_8BITMIME 0x01u
#define EDGE_CARRIES_SMTPUTF8 0x02u
#define EDGE_CARRIES_BINARYMIME 0x04u
#define EDGE_CARRIES_DSN 0x08u
#define EDGE_CARRIES_REQUIRETLS 0x10u

typedef struct edge_parameter {
    edge_span_t name;  /* upper case */
    edge_span_t value; /* absent when there was no "=" */
} edge_parameter_t;

typedef struct edge_parameters {
    edge_parameter_t *list;
    unsigned count;
} edge_parameters_t;

typedef enum edge_recipient_state {
    EDGE_RECIPIENT_WAITING,
    EDGE_RECIPIENT_DONE,
    EDGE_RECIPIENT_FAILED
} edge_recipient_state_t;

typedef struct edge_recipient {
    edge_span_t address;
    edge_parameters_t parameters;
    edge_recipient_state_t state;
    uint32_t attempts;
    edge_span_t last_reply; /* of the next hop; absent before the first attempt */
} edge_recipient_t;

typedef struct edge_client_facts {
    edge_span_t protocol; /* "ESMTP", "ESMTPS" ...; registered "with" names (RFC 3848, RFC 6531) */
    edge_span_t ehlo;
    edge_span_t ip; /* plain text form */
    uint16_t port;
    edge_span_t security; /* "none" | "TLS" */
    edge_span_t tls_version, tls_cipher;
    edge_span_t receiver; /* ServerName */
    edge_span_t auth;     /* identity; absent when not authenticated */
    edge_span_t listener;
    edge_span_t session;
} edge_client_facts_t;

typedef struct edge_envelope {
    edge_uuid_t id;
    apr_time_t received; /* UTC, microseconds */
    edge_client_facts_t client;
    edge_span_t sender; /* empty: the null reverse-path */
    edge_parameters_t sender_parameters;
    edge_recipient_t *recipients;
    unsigned recipient_count, recipient_room;
    uint64_t size;                    /* octets of the whole message, headers that were put in front included */
    uint32_t needs;                   /* EDGE_CARRIES_* */
    uint32_t attempts;                /* deliveries tried */
    apr_time_t next_attempt, expires; /* 0 = not set */
    bool given_up;                    /* by an operator: who has not got it yet shall not, and the sender is told */
} edge_envelope_t;

/* Grows the array in `pool`; the new recipient is zero-filled but for its address. */
EDGE_API edge_recipient_t *edge_envelope_add(edge_envelope_t *envelope, apr_pool_t *pool, edge_span_t address);

#endif
