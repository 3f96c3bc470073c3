/*
 * The envelope as JSON, as the admin's answers and edgectl show it.
 *
 * Concept:  one form for both, so that a list looks the same whether the server runs or
 *           its stopped spool is read. `recipients` are plain addresses; what is known
 *           of each delivery stands in `deliveries`, which only the full form has.
 * Owner:    the caller owns the writer.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   none.
 */
#ifndef EDGE_PROTO_ENVELOPE_JSON_H
#define EDGE_PROTO_ENVELOPE_JSON_H

#include "edge_json.h"
#include "edge_message.h"

/* Members of an object that the caller has opened and will close: id, received, size, protocol, sender, recipients, client;
 * with `full` also parameters, deliveries, needs, attempts, next_attempt, expires. */
EDGE_API void edge_envelope_json(edge_json_t *json, const edge_envelope_t *envelope, bool full);
/* The same members for a record whose envelope cannot be read: the id, all else null. */
EDGE_API void edge_envelope_json_unreadable(edge_json_t *json, edge_uuid_t id);

#endif
