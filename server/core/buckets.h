/*
 * The table behind edge_bucket.h.
 *
 * Concept:  made by the parent, with room for a number of keys.
 * Owner:    the parent.
 * Threads:  before the first fork.
 * Lifetime: of the parent.
 * Errors:   of the system.
 */
#ifndef EDGE_CORE_BUCKETS_H
#define EDGE_CORE_BUCKETS_H

#include "edge_bucket.h"

#define EDGE_BUCKETS_WAYS 16u

/* Room for at least `keys`; memory is used as keys come, about 110 octets for each. */
apr_status_t edge_buckets_map(uint32_t keys);
/* For tests: locks the key's place in the table, as whoever is killed there does. */
void edge_buckets_lock(const edge_bucket_rule_t *rule, edge_span_t key);

#endif
