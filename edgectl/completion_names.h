/*
 * The names at places of a command line that only the running server knows.
 *
 * Concept:  a row says which list of the API has the names for a place, and which member of
 *           its items is the name.
 * Owner:    the pool of the invocation.
 * Threads:  one.
 * Lifetime: of the pool.
 * Errors:   none: a server that does not answer knows no names.
 */
#ifndef EDGECTL_COMPLETION_NAMES_H
#define EDGECTL_COMPLETION_NAMES_H

#include "completion.h"

void ctl_completion_names(ctl_t *ctl, const ctl_completion_place_t *place, const char *last,
                          apr_array_header_t *candidates);

#endif
