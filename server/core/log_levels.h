/*
 * LogLevel: a level for all areas of the log, and levels for some.
 *
 * Concept:  the directive's functions, and what it says put in force. What an area's
 *           level is by a configuration, edge_core_log_level tells (core/core_conf.h).
 * Owner:    levels stand in the server's conf struct.
 * Threads:  while a configuration is read; apply on the child's main thread.
 * Lifetime: of the snapshot.
 * Errors:   a word that is no level is an error, an area that no module has a warning.
 */
#ifndef EDGE_CORE_LOG_LEVELS_H
#define EDGE_CORE_LOG_LEVELS_H

#include "edge_conf.h"

bool edge_log_levels_set(const edge_conf_line_t *line, void *conf);
edge_span_t edge_log_levels_show(const void *conf, apr_pool_t *pool);
void edge_log_levels_check(edge_conf_check_t *check, const edge_snapshot_t *snapshot);
void edge_log_levels_apply(const edge_snapshot_t *snapshot);

#endif
