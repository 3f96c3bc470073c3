/* The store's read side as a queue provider for tools. */
#include "spool_tool.h"

#include "edge_spool.h"

const edge_queue_provider_t *ctl_spool_tool(void) { return &edge_spool_tool; }
