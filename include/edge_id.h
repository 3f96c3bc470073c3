/*
 * Names for sessions and messages.
 *
 * Concept:  a message id is a UUID of version 7 (RFC 9562 5.7), so ids sort by
 *           time; a session id is 13 characters of Crockford base 32 that hold
 *           milliseconds and a per-process sequence, unique on this host.
 * Owner:    values only.
 * Threads:  any; randomness comes from a per-thread block that is refilled by
 *           apr_generate_random_bytes.
 * Lifetime: none.
 * Errors:   no randomness from the system is a failed assertion: without it
 *           nothing can be promised.
 */
#ifndef EDGE_ID_H
#define EDGE_ID_H

#include "edge_base.h"

typedef struct edge_uuid {
    uint8_t bytes[16];
} edge_uuid_t;

#define EDGE_UUID_TEXT 37 /* 36 characters and a NUL */
#define EDGE_SESSION_ID_TEXT 14

EDGE_API edge_uuid_t edge_uuid_make(apr_time_t now);
EDGE_API void edge_uuid_format(edge_uuid_t id, char out[EDGE_UUID_TEXT]);
/* Accepts exactly the 36-character form, either case. */
EDGE_API bool edge_uuid_parse(edge_span_t text, edge_uuid_t *id);
EDGE_API bool edge_uuid_equal(edge_uuid_t a, edge_uuid_t b);
EDGE_API void edge_session_id_make(apr_time_t now, char out[EDGE_SESSION_ID_TEXT]);

#endif
