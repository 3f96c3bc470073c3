/*
 * Joins what a snapshot's sections say of each other.
 *
 * Concept:  names become pointers: a listener gets its protocol, queue and policy,
 *           a queue its provider; what is missing or contradicts is reported.
 * Owner:    the snapshot.
 * Threads:  one, while loading.
 * Lifetime: of the snapshot.
 * Errors:   to the report.
 */
#ifndef EDGE_CORE_CONF_RESOLVE_H
#define EDGE_CORE_CONF_RESOLVE_H

#include "core/conf_apply.h"

void edge_conf_resolve(edge_conf_check_t *check);
/* What only the whole can show of a listener's limits. */
void edge_conf_resolve_limits(edge_conf_check_t *check, const edge_section_t *listener);

#endif
