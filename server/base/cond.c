/* Waits on condition variables, until a time of the monotonic clock at most. */
#include "edge_cond.h"

#include <time.h>

void edge_cond_make(pthread_cond_t *cond) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

bool edge_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, edge_mono_t until) {
    struct timespec at = {.tv_sec = until / EDGE_SECONDS(1), .tv_nsec = until % EDGE_SECONDS(1) * 1000};
    return pthread_cond_timedwait(cond, lock, &at) == 0;
}
