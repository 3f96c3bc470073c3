/*
 * Values of directives as text, both ways; parsers for modules are in edge_conf.h.
 *
 * Concept:  what is shown can be written, and means the same.
 * Owner:    the pool.
 * Threads:  any.
 * Lifetime: of the pool.
 * Errors:   parsers return false.
 */
#ifndef EDGE_CORE_CONF_VALUE_H
#define EDGE_CORE_CONF_VALUE_H

#include "edge_conf.h"

const char *edge_conf_show_duration(edge_mono_t value, apr_pool_t *pool);
const char *edge_conf_show_size(uint64_t value, apr_pool_t *pool);
/* In quotes where a plain word would be read otherwise. */
const char *edge_conf_quote(edge_span_t text, apr_pool_t *pool);

#endif
