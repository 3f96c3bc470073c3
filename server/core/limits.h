/*
 * Timeout as it is written, for the core's rows; see edge_limits.h.
 *
 * Concept:  setter and printer of the one directive whose arguments are several.
 * Owner:    the snapshot.
 * Threads:  while loading.
 * Lifetime: none.
 * Errors:   reported as diagnostics.
 */
#ifndef EDGE_CORE_LIMITS_H
#define EDGE_CORE_LIMITS_H

#include "edge_limits.h"

extern const char *const edge_limits_timeout_words[];
extern const char *const edge_limits_add_missing_words[]; /* in the order of edge_add_missing_t */

/* Timeout 30s | none | command=300s data=180s ... What is not named keeps its value. */
bool edge_limits_set_timeout(const edge_conf_line_t *line, edge_timeouts_t *timeouts);
edge_span_t edge_limits_show_timeout(const edge_timeouts_t *timeouts, apr_pool_t *pool);
/* What only the whole can show. */
void edge_limits_check(edge_conf_check_t *check, const edge_section_t *listener);

#endif
