/*
 * No listener relays for strangers by mistake.
 *
 * Concept:  what listens beyond this machine must have a check that keeps strangers from
 *           sending anywhere (its row says so by `guards`), or want a password, or say
 *           in so many words that it is open.
 * Owner:    nothing is kept.
 * Threads:  while loading.
 * Lifetime: none.
 * Errors:   EDG10330; EDG20012 warns of what is open on purpose, EDG20013 of what a script alone decides.
 */
#ifndef EDGE_CORE_RELAY_GUARD_H
#define EDGE_CORE_RELAY_GUARD_H

#include "core/conf_apply.h"

/* After the listener was resolved. */
void edge_relay_guard_check(edge_conf_check_t *check, const edge_section_t *listener);

#endif
