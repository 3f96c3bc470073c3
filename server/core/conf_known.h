/*
 * Directives whose names are fixed, and the modules that bring them.
 *
 * Concept:  so that a missing LoadModule is told from a typing error.
 * Owner, Threads, Lifetime: static.
 * Errors:   none.
 */
#ifndef EDGE_CORE_CONF_KNOWN_H
#define EDGE_CORE_CONF_KNOWN_H

#include "edge_base.h"

/* "smtp_edge" for "Banner"; NULL when the name is not a fixed one. */
const char *edge_conf_known_module(edge_span_t directive);
/* Names of known modules ("smtp_edge"), some repeated; NULL behind the last. */
const char *edge_conf_known_module_at(unsigned index);
bool edge_conf_known_is_module(edge_span_t name);

#endif
