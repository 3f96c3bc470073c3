/*
 * The spool of a stopped server, as a queue.
 *
 * Concept:  the read side of edge_queue.h over the store, without workers: opening
 *           takes the lock of the whole spool, or is APR_EBUSY when a server has it.
 * Owner:    static.
 * Threads:  one.
 * Lifetime: static.
 * Errors:   those of edge_queue.h.
 */
#ifndef EDGECTL_SPOOL_TOOL_H
#define EDGECTL_SPOOL_TOOL_H

#include "edge_queue.h"

const edge_queue_provider_t *ctl_spool_tool(void);

#endif
