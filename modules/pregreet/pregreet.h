/*
 * Clients that have waited for the banner once.
 *
 * Concept:  a table of bounded size: an address (of IPv6 its /64) falls into a set of four
 *           places; where all are taken, the one that would be forgotten first goes.
 * Owner:    the module.
 * Threads:  any, under one lock for some instructions; once a connection.
 * Lifetime: from start to stop: of one generation of the child.
 * Errors:   start gives APR_ENOMEM.
 */
#ifndef EDGE_PREGREET_H
#define EDGE_PREGREET_H

#include "edge_clock.h"
#include "edge_ipaddr.h"

#define PREGREET_SETS 16384u
#define PREGREET_WAYS 4u

apr_status_t pregreet_start(void);
void pregreet_stop(void);
bool pregreet_knows(edge_ipaddr_t address, edge_mono_t now);
void pregreet_remember(edge_ipaddr_t address, edge_mono_t until);
void pregreet_forget(edge_ipaddr_t address);

#endif
