/*
 * Drift: whether the files on disk are still those that are in force.
 *
 * Concept:  the parent kept what reading the configuration took from outside, and a child
 *           has that record from its fork: asked again, the machine gives other answers
 *           when somebody has edited a file since.
 * Owner:    the record is the parent's copy in this process.
 * Threads:  use on the main thread; the rest on any that may block.
 * Lifetime: of the child.
 * Errors:   a file that this process may not read any more says nothing.
 */
#ifndef EDGE_CORE_DRIFT_H
#define EDGE_CORE_DRIFT_H

#include "core/conf_record.h"
#include "edge_clock.h"

/* NULL: nothing is known. */
void edge_drift_use(const edge_conf_record_t *record);
/* What differs: an array of edge_conf_difference_t, empty when nothing does; `since`: the last edit, 0 when it is not known. */
apr_array_header_t *edge_drift_look(apr_time_t *since, apr_pool_t *pool);
/* The same as yes or no, looked at every few seconds at most. */
bool edge_drift_is_unloaded(void);

#endif
