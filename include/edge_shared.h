/*
 * Memory and locks that all generations of the child share.
 *
 * Concept:  the parent maps anonymous memory before its first fork; who is forked later
 *           finds it at the same place, and it outlives them all. A lock in it survives
 *           the process that holds it when it is killed.
 * Owner:    the parent; it is never unmapped.
 * Threads:  map and make before the first fork; the rest anywhere.
 * Lifetime: of the parent.
 * Errors:   map gives NULL with errno; make those of the system.
 */
#ifndef EDGE_SHARED_H
#define EDGE_SHARED_H

#include "edge_base.h"

#include <pthread.h>

/* Filled with zeros. */
EDGE_API void *edge_shared_map(size_t size);
EDGE_API apr_status_t edge_shared_lock_make(pthread_mutex_t *lock);
/* Ends with pthread_mutex_unlock. What a holder that was killed has left half done must mean no harm to its next one. */
EDGE_API void edge_shared_lock(pthread_mutex_t *lock);

#endif
