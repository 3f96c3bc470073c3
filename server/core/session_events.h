/*
 * Telling watchers of sessions that open and close.
 *
 * Concept:  an event for each, as long as anybody watches and there are few: above
 *           EDGE_SESSION_EVENTS_MOST in a second the rates of `tick` tell it better.
 * Owner:    nothing is kept.
 * Threads:  on the session's worker.
 * Lifetime: one call.
 * Errors:   none.
 */
#ifndef EDGE_CORE_SESSION_EVENTS_H
#define EDGE_CORE_SESSION_EVENTS_H

#include "edge_session.h"

#define EDGE_SESSION_EVENTS_MOST 50u

void edge_session_tell_opened(const edge_session_t *session);
void edge_session_tell_closed(const edge_session_t *session, edge_close_reason_t reason);

/* Whether one more may be told in that second, which it then counts as. Seconds may come a little out of order. */
bool edge_session_events_take(uint64_t second);

#endif
