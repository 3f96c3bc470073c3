/*
 * The last sessions that have ended.
 *
 * Concept:  a ring of EDGE_CLOSED_SESSIONS stories in memory that all children share, so
 *           that what a session came to can be looked up also behind a reload or a crash
 *           of the child. Each has a number, counted from 1; the newest have the highest.
 * Owner:    the parent maps the ring before its first fork.
 * Threads:  adding on the session's worker; reading on any thread; each story is under
 *           a lock that is held for one copy.
 * Lifetime: of the parent.
 * Errors:   none; without a ring (in tools) nothing is kept.
 */
#ifndef EDGE_CORE_CLOSED_SESSIONS_H
#define EDGE_CORE_CLOSED_SESSIONS_H

#include "core/session_record.h"

#define EDGE_CLOSED_SESSIONS 2000u

apr_status_t edge_closed_sessions_map(void);
void edge_closed_sessions_add(const edge_session_t *session, edge_close_reason_t reason);
/* The number of the newest; 0: none has ended yet. */
uint64_t edge_closed_sessions_newest(void);
/* False: that one has given way to a newer one, or is just being written. */
bool edge_closed_sessions_record(uint64_t number, edge_session_record_t *record);
/* The newest with that id. */
bool edge_closed_sessions_find(edge_span_t id, edge_session_story_t *story);

#endif
