/*
 * A message's bytes for a next hop that does not take all of them.
 *
 * Concept:  a look over the whole message says what it really needs of what its client
 *           asked for, and whether the rest can be had by a conversion
 *           (proto/mime_convert.h); then `source` gives the bytes, converted or not.
 * Owner:    the giver.
 * Threads:  the delivery's worker.
 * Lifetime: of the delivery.
 * Errors:   `why` says what stands against a conversion.
 */
#ifndef EDGE_MODULE_RELAY_CONVERT_H
#define EDGE_MODULE_RELAY_CONVERT_H

#include "edge_relay.h"
#include "proto/mime_convert.h"

typedef enum relay_survey {
    RELAY_SURVEY_MORE, /* to be called again: others had to have their turn */
    RELAY_SURVEY_WAIT, /* `ready` of the delivery's source will be called */
    RELAY_SURVEY_OVER,
    RELAY_SURVEY_BROKEN /* the message cannot be read, or not again */
} relay_survey_t;

typedef struct relay_convert {
    uint32_t needs;       /* EDGE_CARRIES_*, once it has been surveyed: what the message needs as `source` gives it */
    const char *why;      /* it needs what the next hop lacks, because of this; NULL */
    bool converts;        /* `source` gives other bytes than those of the delivery */
    edge_source_t source; /* its size is that of what it gives */
    /* Private. */
    edge_source_t *from;
    uint32_t lacks;
    bool counting; /* it is known what is converted: this is how much comes of it */
    bool ascii, ended;
    edge_span_t out; /* what has come out and was not eaten */
    edge_mime_convert_t mime;
} relay_convert_t;

/* `lacks`: what the next hop does not offer. In the delivery's pool. */
relay_convert_t *relay_convert_make(const edge_delivery_t *delivery, uint32_t lacks);
/* A turn; the giver has set `ready` of the delivery's source. */
relay_survey_t relay_convert_survey(relay_convert_t *convert);

#endif
