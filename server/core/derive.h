/*
 * A snapshot with overrides: the files' one, with some settings filled anew.
 *
 * Concept:  sections are linked anew, structs of modules that have an overridden row are
 *           filled again by the same rows and setters as from files, and the listeners
 *           concerned are prepared again by their protocol. All else is shared with the
 *           snapshot it stands on: queues, TLS, stores of credentials, policies. No file
 *           is read and no module is asked to check.
 * Owner:    its counts; it holds one of its base.
 * Threads:  any that may block; what is published is never changed.
 * Lifetime: until the last count is dropped.
 * Errors:   to the report, with the override's line as the place; also for keys that do
 *           not exist and for settings that cannot be changed while running.
 */
#ifndef EDGE_CORE_DERIVE_H
#define EDGE_CORE_DERIVE_H

#include "core/override.h"
#include "core/snapshot.h"

/* Gives a snapshot with one count, of which nothing may be used when there are errors. `base` is one of files. */
edge_snapshot_t *edge_derive(edge_snapshot_t *base, const apr_array_header_t *overrides, edge_conf_report_t *report,
                             apr_pool_t *report_pool);
/* "override of max_hops": what the place of a diagnostic calls an override. NULL: it is not about one. */
const char *edge_derive_key(const edge_conf_diagnostic_t *diagnostic);

#endif
