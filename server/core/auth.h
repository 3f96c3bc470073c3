/*
 * AUTH between protocol and module, beside edge_session.h and edge_auth.h.
 *
 * Concept:  one exchange at a time for a session. The module says whether credentials
 *           are right; here it is decided what that means: a wrong one is counted and
 *           its answer delayed, a right one of a guesser is none.
 * Owner:    the session, from edge_session_auth to the answer that ends the exchange.
 * Threads:  the session's worker.
 * Lifetime: an exchange; edge_session_auth_cancel when the session goes first.
 * Errors:   none of its own.
 */
#ifndef EDGE_CORE_AUTH_H
#define EDGE_CORE_AUTH_H

#include "edge_session.h"

/* What a loaded module gives; NULL without one. */
const edge_auth_provider_t *edge_auth_provider(void);

/* Since when the client waits for word about its credentials; 0: it does not. */
edge_mono_t edge_session_auth_asked(const edge_session_t *session);

#endif
