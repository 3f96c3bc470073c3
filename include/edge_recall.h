/*
 * Clients remembered for a time, over reloads and crashes.
 *
 * Concept:  "this address is known for that until then", in shared memory of bounded size
 *           that all generations of the child have. An address of IPv6 stands for its
 *           /64: that is what a client has to come from. Where a place is taken, what
 *           would be forgotten first goes. Hashed with a secret, so nobody can aim at a
 *           place.
 * Owner:    the parent maps; everyone asks.
 * Threads:  any, for some instructions under a lock.
 * Lifetime: of the parent: a restart forgets.
 * Errors:   none: without the map nobody is known.
 */
#ifndef EDGE_RECALL_H
#define EDGE_RECALL_H

#include "edge_clock.h"
#include "edge_ipaddr.h"

#define EDGE_RECALL_PLACES 65536u

/* `purpose` is the name of what it is known for. */
EDGE_API bool edge_recall_knows(edge_span_t purpose, edge_ipaddr_t client, edge_mono_t now);
EDGE_API void edge_recall_keep(edge_span_t purpose, edge_ipaddr_t client, edge_mono_t until);
EDGE_API void edge_recall_forget(edge_span_t purpose, edge_ipaddr_t client);

#endif
