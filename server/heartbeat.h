/*
 * Whether all workers still turn.
 *
 * Concept:  a letter to each worker; only when all have been delivered is the next round
 *           sent. A worker that hangs keeps its letter, and no further beat is counted.
 * Owner:    the child.
 * Threads:  the child's main thread, while its workers run.
 * Lifetime: of the workers.
 * Errors:   none.
 */
#ifndef EDGE_HEARTBEAT_H
#define EDGE_HEARTBEAT_H

#include "edge_base.h"

/* True: every worker has answered the letters of the last true call (or there was none), and new ones are under way. */
bool edge_heartbeat(void);

#endif
