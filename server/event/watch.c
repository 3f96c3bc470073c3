/* A thread that looks, waits, and looks again. */
#include "edge_watch.h"

#include "edge_cond.h"

static bool wait_for_next(edge_watch_t *watch) {
    edge_mono_t until = edge_clock_mono() + EDGE_SECONDS(watch->wait);
    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping && edge_cond_wait(&watch->ending, &watch->lock, until))
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
    *watch = (edge_watch_t){.wait = wait, .look = look, .context = context};
    pthread_mutex_init(&watch->lock, NULL);
    edge_cond_make(&watch->ending);
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
