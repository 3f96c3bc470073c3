/*
 * The map behind edge_recall.h.
 *
 * Concept:  see there.
 * Owner:    the parent.
 * Threads:  before the first fork.
 * Lifetime: of the parent.
 * Errors:   the system's, when there is no memory.
 */
#ifndef EDGE_CORE_RECALL_H
#define EDGE_CORE_RECALL_H

#include "edge_recall.h"

#define EDGE_RECALL_WAYS 4u

apr_status_t edge_recall_map(void);

#endif
