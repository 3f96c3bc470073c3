/*
 * The <Handoff> sections of a queue.
 *
 * Concept:  `Protocol` names the provider of a next hop (edge_relay.h), which makes settings
 *           of what else is written there.
 * Owner:    the snapshot.
 * Threads:  while loading.
 * Lifetime: of the snapshot; the section's instance is an edge_relay_t.
 * Errors:   reported; the section then has no instance.
 */
#ifndef EDGE_CORE_CONF_HANDOFF_H
#define EDGE_CORE_CONF_HANDOFF_H

#include "edge_conf.h"

/* What the queue's next hops carry on, all of them. */
uint32_t edge_conf_handoff_carries(const edge_section_t *queue);
/* `sound`: structs hold what providers expect, so they are asked to prepare. */
void edge_conf_handoff_resolve(edge_conf_check_t *check, const edge_section_t *queue, bool sound);
/* Whether the row has a meaning in this section: false for one of another protocol's. */
bool edge_conf_handoff_reads(const edge_section_t *section, const edge_directive_t *row);

#endif
