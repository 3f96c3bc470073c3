/*
 * Places: how many connections are open, in all and by key.
 *
 * Concept:  one table in shared memory counts open connections per address and
 *           per listener, for every generation of the child together. Each child
 *           counts in a column of its own, so that the parent can take back what
 *           a crashed child held.
 * Owner:    the parent maps it before the first fork.
 * Threads:  any; the table is striped, each stripe under a robust lock that
 *           survives the death of its holder.
 * Lifetime: of the parent.
 * Errors:   a stripe without room for another key: NO_ROOM.
 */
#ifndef EDGE_CORE_PLACES_H
#define EDGE_CORE_PLACES_H

#include "edge_counter.h"
#include "edge_ipaddr.h"

/* Children alive at one time: the serving one and those still draining. */
#define EDGE_PLACES_CHILDREN EDGE_COUNTER_CHILDREN

typedef enum edge_place {
    EDGE_PLACE_TAKEN,
    EDGE_PLACE_TOO_MANY,
    EDGE_PLACE_TOO_MANY_FOR_KEY,
    EDGE_PLACE_NO_ROOM /* where the key would be counted */
} edge_place_t;

apr_status_t edge_places_map(void);
/* In the child, before any worker runs. */
void edge_places_use_child(unsigned child);
/* In the parent, after that child has ended. */
void edge_places_forget_child(unsigned child);

/* Takes a place in all and one for `key`; a bound of 0 is no bound. Nothing is taken unless TAKEN. */
edge_place_t edge_places_take(edge_ipaddr_t key, uint32_t most, uint32_t most_for_key);
void edge_places_give(edge_ipaddr_t key);
/* A place for `key` only, not counted in all: for a listener's own bound. */
bool edge_places_take_key(edge_ipaddr_t key, uint32_t most);
void edge_places_give_key(edge_ipaddr_t key);
/* A key that no address can have. */
edge_ipaddr_t edge_places_key_of(edge_span_t name);
uint32_t edge_places_taken(void);
uint32_t edge_places_taken_for(edge_ipaddr_t key);

#endif
