/*
 * What the logs tell of validators: refusals with the line they come from, and failures.
 *
 * Concept:  a refusal is a line of type "rejection" in the transaction log, and one of
 *           level info in the error log; both carry the reference that the client may
 *           have been given. A failure is a warning in the error log.
 * Owner, Lifetime: nothing is kept.
 * Threads:  the session's worker.
 * Errors:   none.
 */
#ifndef EDGE_CORE_POLICY_LOG_H
#define EDGE_CORE_POLICY_LOG_H

#include "core/policy.h"

void edge_policy_log_refusal(const edge_session_t *session, const edge_binding_t *binding, edge_binding_mode_t mode,
                             const edge_check_call_t *call, const edge_reply_t *reply, const char *reference);
void edge_policy_log_failure(const edge_session_t *session, const edge_binding_t *binding,
                             const edge_check_call_t *call, bool late);

#endif
