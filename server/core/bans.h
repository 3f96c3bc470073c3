/*
 * Bans: addresses and networks that are not served for a while.
 *
 * Concept:  a list in shared memory, the same for every generation of the child. A ban
 *           comes from the server itself (AuthFailures) or from an operator, and ends
 *           by itself.
 * Owner:    the parent maps it before the first fork.
 * Threads:  any; one robust lock. While nobody is banned, looking costs one read.
 * Lifetime: of the parent.
 * Errors:   where the list is full the ban of the server's own that would end first
 *           gives way; an operator's never does, and where there is none but such the
 *           new one is refused.
 */
#ifndef EDGE_CORE_BANS_H
#define EDGE_CORE_BANS_H

#include "edge_clock.h"
#include "edge_ipaddr.h"

#define EDGE_BANS_MOST 8192u
#define EDGE_BANS_REASON 96 /* octets with its NUL */
#define EDGE_BANS_FOREVER INT64_MAX

typedef struct edge_ban {
    edge_ipaddr_t address; /* the network's first */
    unsigned bits;         /* of the 128-bit form; 128: one address */
    bool manual;           /* an operator's */
    edge_mono_t until;     /* 0: the place is free */
    apr_time_t since;      /* wall clock */
    uint32_t hits;         /* connections refused */
    char reason[EDGE_BANS_REASON];
} edge_ban_t;

apr_status_t edge_bans_map(void);
/* The time comes from outside, so that it can be any. A ban of the same network is replaced. False: no room. */
bool edge_bans_add(const edge_ban_t *ban, edge_mono_t now);
/* Whether the address is in a ban; counts a hit. */
bool edge_bans_hold(edge_ipaddr_t address, edge_mono_t now);
/* How many were lifted: those of exactly this network, or all when `bits` is 0. */
unsigned edge_bans_lift(edge_ipaddr_t address, unsigned bits, edge_mono_t now);
/* Copies up to `most` that hold now, in no order; returns how many there are. */
unsigned edge_bans_list(edge_ban_t *into, unsigned most, edge_mono_t now);

/* The network that one client can have addresses in: itself, or its /64 (IPv6). */
unsigned edge_bans_clients_network(edge_ipaddr_t *address);

#endif
