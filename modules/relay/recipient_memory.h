/*
 * What a next hop has said of recipients, remembered for a while.
 *
 * Concept:  a table of bounded size. An address that is not in it is unknown; where its
 *           place is taken, what would be forgotten first goes. Addresses are hashed with a
 *           key of the table's own, so nobody can aim at a place.
 * Owner:    the <Validator> it is made for.
 * Threads:  any, for some instructions under a lock.
 * Lifetime: its pool. Memory is taken with the first that is kept.
 * Errors:   without memory nothing is kept.
 */
#ifndef EDGE_MODULE_RECIPIENT_MEMORY_H
#define EDGE_MODULE_RECIPIENT_MEMORY_H

#include <apr_pools.h>

#include "edge_clock.h"
#include "edge_keyed_hash.h"
#include "edge_reply.h"

typedef struct recipient_memory recipient_memory_t;

typedef enum recipient_known {
    RECIPIENT_NOT_KNOWN, /* nothing is remembered */
    RECIPIENT_TAKEN,
    RECIPIENT_REFUSED /* `reply` is what was said */
} recipient_known_t;

recipient_memory_t *recipient_memory_make(unsigned most, edge_keyed_hash_t key, apr_pool_t *pool);
/* The text of a reply is made in `pool`. */
recipient_known_t recipient_memory_find(recipient_memory_t *memory, edge_span_t address, edge_mono_t now,
                                        edge_reply_t *reply, apr_pool_t *pool);
/* `reply` is what refused it; NULL: it was taken. */
void recipient_memory_keep(recipient_memory_t *memory, edge_span_t address, edge_mono_t now, edge_mono_t until,
                           const edge_reply_t *reply);
/* Addresses that are remembered, those included that would not be believed any more. */
unsigned recipient_memory_count(recipient_memory_t *memory);

#endif
