/*
 * The limits that every way in shares.
 *
 * Concept:  how large, how many and how long: one set of directives of the core, so
 *           that each protocol finds the same ones whether the others are loaded or
 *           not. A protocol looks at those that mean something to it.
 * Owner:    the snapshot.
 * Threads:  read-only.
 * Lifetime: of the snapshot.
 * Errors:   none; what is written is checked while loading.
 */
#ifndef EDGE_LIMITS_H
#define EDGE_LIMITS_H

#include "edge_conf.h"

/* Microseconds; 0 = none. */
typedef struct edge_timeouts {
    edge_mono_t command; /* for a whole command line, or a whole head of a request */
    edge_mono_t data;    /* for progress of a message */
    edge_mono_t tls;     /* for the handshake */
    edge_mono_t session, data_total;
} edge_timeouts_t;

/* Whether From, Date and Message-Id are put in front of a message that lacks them. */
typedef enum edge_add_missing {
    EDGE_ADD_MISSING_OFF,
    EDGE_ADD_MISSING_ON,
    EDGE_ADD_MISSING_AUTHENTICATED,
    EDGE_ADD_MISSING_AUTO /* as usual for the protocol: SMTP for authenticated clients, HTTP always */
} edge_add_missing_t;

typedef struct edge_limits {
    uint64_t max_message_size; /* octets; 0 = none */
    uint32_t max_recipients, max_hops;
    uint32_t min_rate; /* octets per second; 0 = none */
    edge_timeouts_t timeouts;
    int add_missing; /* edge_add_missing_t */
} edge_limits_t;

/* Of a <Listener>, or of the server. */
EDGE_API const edge_limits_t *edge_limits_of(const edge_section_t *section);

#endif
