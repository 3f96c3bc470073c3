/*
 * Overrides as edits of the files, for version control.
 *
 * Concept:  each override becomes the edit that an operator would make: of the value where
 *           the directive stands in its own section, or a line of its own in there.
 * Owner:    the caller's pool.
 * Threads:  any that holds the snapshot.
 * Lifetime: of the pool.
 * Errors:   none; what stands in no file that can be edited is said in a comment.
 */
#ifndef EDGE_CORE_OVERRIDE_DIFF_H
#define EDGE_CORE_OVERRIDE_DIFF_H

#include "core/override.h"
#include "edge_conf.h"

/* A unified diff of the files of `base`, with who changed what, when and why in front; "" when there are no overrides. */
const char *edge_override_diff(const edge_snapshot_t *base, const apr_array_header_t *overrides, apr_pool_t *pool);

#endif
