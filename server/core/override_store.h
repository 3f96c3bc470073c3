/*
 * Where overrides are kept: in memory that all children share, and in the file of Overrides.
 *
 * Concept:  one text (core/override.h) in shared memory, which a reload and a crash of the
 *           child survive; and the persistent part of it in a file, which a restart
 *           survives. Both are replaced whole: the memory by turning to its other half,
 *           the file by a rename behind a sync.
 * Owner:    the parent maps; the youngest child that serves is the owner, and the only one
 *           that changes anything.
 * Threads:  any that may block; what changes is changed under the lock.
 * Lifetime: of the parent.
 * Errors:   errno; APR_ENOSPC: more than EDGE_OVERRIDE_STORE_MOST octets.
 */
#ifndef EDGE_CORE_OVERRIDE_STORE_H
#define EDGE_CORE_OVERRIDE_STORE_H

#include "core/override.h"
#include "edge_clock.h"

#define EDGE_OVERRIDE_STORE_MOST ((size_t)256 * 1024)

/* Before the first fork. */
apr_status_t edge_override_store_map(void);
void edge_override_store_lock(void);
void edge_override_store_unlock(void);

/* Under the lock. */

/* Whether anything was ever put: until then the file is what there is. */
bool edge_override_store_begun(void);
uint64_t edge_override_store_revision(void);
apr_array_header_t *edge_override_store_list(apr_pool_t *pool);
apr_status_t edge_override_store_put(const apr_array_header_t *list, apr_pool_t *pool);
/* 0: nobody yet. */
uint64_t edge_override_store_owner(void);
void edge_override_store_set_owner(uint64_t generation);

/* Without the lock */

/* How long a stop may take, for the parent; 0: not known. */
edge_mono_t edge_override_store_graceful(void);
void edge_override_store_set_graceful(edge_mono_t timeout);
/* How many there are. */
unsigned edge_override_store_count(bool persistent);

/* The file. No file gives an empty list. */
apr_status_t edge_override_file_read(const char *path, apr_array_header_t **list, unsigned *bad, apr_pool_t *pool);
apr_status_t edge_override_file_write(const char *path, const apr_array_header_t *list, apr_pool_t *pool);

#endif
