/*
 * What a queue tells, as JSON.
 *
 * Concept:  one form of an entry and of the figures for the running server's answers
 *           and for tools that open a stopped spool.
 * Owner:    the caller owns the writer.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   none.
 */
#ifndef EDGE_STORE_QUEUE_JSON_H
#define EDGE_STORE_QUEUE_JSON_H

#include "edge_json.h"
#include "edge_queue.h"

/* A whole object: queue, state and the envelope's members; `full` as for edge_envelope_json. */
void edge_queue_json_entry(edge_json_t *json, const char *queue, const edge_queue_entry_t *entry, bool full);
/* Members of an object that the caller has opened and will close. */
void edge_queue_json_stat(edge_json_t *json, const edge_queue_stat_t *stat);

#endif
