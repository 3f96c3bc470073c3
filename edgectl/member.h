/*
 * Members of an answer, as cells of a table.
 *
 * Concept:  one call for each kind; what is not there is NULL, which a table shows as "-".
 * Owner:    texts of the answer stay its own; others are made in the pool.
 * Threads:  one.
 * Lifetime: of the answer, or of the pool.
 * Errors:   none: a value that is NULL or no object has no members.
 */
#ifndef EDGECTL_MEMBER_H
#define EDGECTL_MEMBER_H

#include "proto/json_in.h"

const char *ctl_member_text(const edge_json_value_t *value, const char *name);
/* "0" when it is not there. */
const char *ctl_member_number(const edge_json_value_t *value, const char *name, apr_pool_t *pool);
/* How long ago that time is, or how far ahead. */
const char *ctl_member_age(const edge_json_value_t *value, const char *name, apr_pool_t *pool);
const char *ctl_member_ahead(const edge_json_value_t *value, const char *name, apr_pool_t *pool);
/* How far ahead an end is; "never" when it is not there. */
const char *ctl_member_end(const edge_json_value_t *value, const char *name, apr_pool_t *pool);

#endif
