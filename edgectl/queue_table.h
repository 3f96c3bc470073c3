/*
 * What queues hold, as tables for people.
 *
 * Concept:  made from the same JSON that scripts get, whatever its source.
 * Owner:    the pool.
 * Threads:  one.
 * Lifetime: of the pool.
 * Errors:   members that are missing are shown as "-".
 */
#ifndef EDGECTL_QUEUE_TABLE_H
#define EDGECTL_QUEUE_TABLE_H

#include <apr_pools.h>

#include "human.h"
#include "proto/json_in.h"

/* One line a queue; `queues` is an array of objects. */
void ctl_queue_table_stat(const edge_json_value_t *queues, apr_pool_t *pool);
/* The list's columns, and a line of it. */
ctl_table_t *ctl_queue_table_list(apr_pool_t *pool);
void ctl_queue_table_add(ctl_table_t *table, const edge_json_value_t *entry, apr_pool_t *pool);
/* Whose mail waits: a line a domain, below the sum. */
void ctl_queue_table_shape(const edge_json_value_t *shape, apr_pool_t *pool);
/* An operator has given the message up. */
bool ctl_queue_is_given_up(const edge_json_value_t *entry);
/* One message, a line a fact. `giver` is the line of the audit trail that tells who has given it up; NULL: there is none. */
void ctl_queue_table_show(const edge_json_value_t *entry, const edge_json_value_t *giver, apr_pool_t *pool);

#endif
