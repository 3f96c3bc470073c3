/*
 * Condition variables whose time limits are of the monotonic clock.
 *
 * Concept:  what waits "so long at most" must not wait longer because somebody set the date.
 * Owner:    the caller's variable and lock.
 * Threads:  as with pthread_cond_timedwait: the lock is held by whoever waits.
 * Lifetime: from edge_cond_make to pthread_cond_destroy.
 * Errors:   none; a wait may end without a reason, as any such wait.
 */
#ifndef EDGE_COND_H
#define EDGE_COND_H

#include <pthread.h>

#include "edge_clock.h"

EDGE_API void edge_cond_make(pthread_cond_t *cond);
/* False: that time has come. */
EDGE_API bool edge_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, edge_mono_t until);

#endif
