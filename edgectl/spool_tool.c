/* The store's read side as a queue provider for tools. */
#include "spool_tool.h"

const edge_queue_provider_t *ctl_spool_tool(void) { return NULL; }
