/*
 * Tallies: how often something happened lately, by key, in memory that all children share.
 *
 * Concept:  a key counts up in a window of time that begins with its first event and is
 *           forgotten when the window is over. The table has a fixed size; when there is
 *           no room, the key that was quiet for longest gives way: nobody can fill it.
 * Owner:    the parent maps tables before its first fork; they survive a reload and a
 *           crash of the child.
 * Threads:  any; each set of keys is under a robust lock that survives its holder.
 * Lifetime: of the parent.
 * Errors:   none; forgetting is the answer to want of room.
 */
#ifndef EDGE_CORE_TALLY_H
#define EDGE_CORE_TALLY_H

#include "edge_clock.h"

#define EDGE_TALLY_SETS 1024u
#define EDGE_TALLY_WAYS 16u /* keys of one set */

typedef struct edge_tally edge_tally_t;

typedef struct edge_tally_key {
    uint64_t bits[2];
} edge_tally_key_t;

apr_status_t edge_tally_map(edge_tally_t **tally);
/* Of any octets; two different runs have one key with a chance of 2^-64, and differently after each start. */
edge_tally_key_t edge_tally_key(const void *octets, size_t len, const void *more, size_t more_len);
/* One more event at `now`; returns how many there are in the window of `period`, this one included. */
uint32_t edge_tally_add(edge_tally_t *tally, edge_tally_key_t key, edge_mono_t now, edge_mono_t period);
uint32_t edge_tally_count(edge_tally_t *tally, edge_tally_key_t key, edge_mono_t now, edge_mono_t period);
void edge_tally_forget(edge_tally_t *tally, edge_tally_key_t key);

#endif
