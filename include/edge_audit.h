/*
 * The audit trail: who changed what of the running server, why, and what came of it.
 *
 * Concept:  every route that changes something calls edge_audit once, whether it was
 *           done or refused by its handler. A line of JSON is appended to AuditLog and
 *           synced before the call returns; nothing is ever taken out of it.
 * Owner:    the log is the core's; all texts stay the caller's.
 * Threads:  any that may block, never a worker's.
 * Lifetime: of the file: the server only appends.
 * Errors:   a line that cannot be written goes to the error log instead, whole, and is
 *           counted in log_dropped_total; what was asked for has been done already.
 */
#ifndef EDGE_AUDIT_H
#define EDGE_AUDIT_H

#include "edge_admin.h"

/* `action` is a word for scripts: "ban.add", "setting.change". `target` is what it was done to. `before` and `after` are NULL where
 * they say nothing. `result`: "done", or the code of the problem that was answered. */
EDGE_API void edge_audit(const edge_admin_request_t *request, const char *action, const char *target,
                         const char *before, const char *after, const char *result);

#endif
