/* A thread that looks, waits, and looks again. */
#include "edge_watch.h"

#include <errno.h>
#include <time.h>

static bool wait_for_next(edge_watch_t *watch) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += watch->wait;
    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping && pthread_cond_timedwait(&watch->ending, &watch->lock, &until) != ETIMEDOUT)
        ;
    bool go_on = !watch->stopping;
    pthread_mutex_unlock(&watch->lock);
    return go_on;
}

static void *live(void *argument) {
    edge_watch_t *watch = argument;
    while (wait_for_next(watch))
        watch->wait = watch->look(watch->context);
    return NULL;
}

apr_status_t edge_watch_start(edge_watch_t *watch, const char *name, unsigned wait, unsigned (*look)(void *context),
                              void *context) {
    pthread_condattr_t monotonic;
    *watch = (edge_watch_t){.wait = wait, .look = look, .context = context};
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->ending, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int failed = pthread_create(&watch->thread, NULL, live, watch);
    watch->running = failed == 0;
    if (watch->running)
        pthread_setname_np(watch->thread, name);
    return APR_FROM_OS_ERROR(failed);
}

void edge_watch_stop(edge_watch_t *watch) {
    if (!watch->running)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->ending);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->ending);
    pthread_mutex_destroy(&watch->lock);
    watch->running = false;
}
