/*
 * The pulse: once a second somebody looks at the server.
 *
 * Concept:  a thread of the newest child that takes a sample for the history, tells a
 *           `tick` to whoever reads events, and ends what is left of a drain at its
 *           deadline.
 * Owner:    the child; edge_pulse_start when it serves, edge_pulse_stop when it is
 *           replaced or ends.
 * Threads:  the main thread starts and stops.
 * Lifetime: of the child's service.
 * Errors:   those of making a thread.
 */
#ifndef EDGE_CONTROL_PULSE_H
#define EDGE_CONTROL_PULSE_H

#include "control/history.h"
#include "edge_json.h"

apr_status_t edge_pulse_start(void);
void edge_pulse_stop(void);

/* What stands and what has been counted so far. */
void edge_pulse_sample(edge_history_sample_t *sample);
/* "rates", "sessions" and "queue" as the overview and a tick show them: members of an open object. */
void edge_pulse_put(edge_json_t *json);

#endif
