/* Compares the files on disk with those in force. */
#include "core/drift.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_EVERY EDGE_SECONDS(5)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const edge_conf_record_t *in_force;
static edge_mono_t looked;
static bool unloaded;

void edge_drift_use(const edge_conf_record_t *record) { in_force = record; }

/* Root may have read what User may not. */
static bool is_out_of_sight(const edge_conf_difference_t *difference) {
    return difference->trouble && strstr(difference->trouble, strerror(EACCES)) != NULL;
}

static apr_time_t edited(const char *path) {
    struct stat facts;
    if (path[0] != '/' || stat(path, &facts) < 0)
        return 0;
    return (apr_time_t)facts.st_mtim.tv_sec * 1000000 + facts.st_mtim.tv_nsec / 1000;
}

apr_array_header_t *edge_drift_look(apr_time_t *since, apr_pool_t *pool) {
    apr_array_header_t *seen = apr_array_make(pool, 4, sizeof(edge_conf_difference_t));
    *since = 0;
    pthread_mutex_lock(&lock);
    apr_array_header_t *all = in_force ? edge_conf_record_differences(in_force, pool) : seen;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < all->nelts && all != seen; i++) {
        const edge_conf_difference_t *one = &APR_ARRAY_IDX(all, i, edge_conf_difference_t);
        apr_time_t when = edited(one->about);
        if (is_out_of_sight(one))
            continue;
        *(edge_conf_difference_t *)apr_array_push(seen) = *one;
        *since = when > *since ? when : *since;
    }
    return seen;
}

bool edge_drift_is_unloaded(void) {
    edge_mono_t now = edge_clock_mono();
    apr_time_t since;
    apr_pool_t *pool;
    pthread_mutex_lock(&lock);
    bool fresh = looked != 0 && now - looked < LOOK_EVERY, known = unloaded;
    pthread_mutex_unlock(&lock);
    if (fresh)
        return known;
    apr_pool_create(&pool, NULL);
    known = edge_drift_look(&since, pool)->nelts > 0;
    apr_pool_destroy(pool);
    pthread_mutex_lock(&lock);
    looked = now;
    unloaded = known;
    pthread_mutex_unlock(&lock);
    return known;
}
