/* Looks at password files once a second and takes what has changed, when it is sound. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "store.h"

#define LOOK_EVERY 1 /* seconds */
#define COMPLAINTS_LOGGED 5

typedef struct refusal {
    const store_file_t *file;
    unsigned complaints;
} refusal_t;

static void log_complaint(void *context, unsigned line, const char *what) {
    refusal_t *refusal = context;
    if (refusal->complaints++ >= COMPLAINTS_LOGGED)
        return;
    if (line > 0)
        EDGE_LOG(&sasl_log, EDGE_LOG_ERROR, 851, "%s:%u: %s", refusal->file->path, line, what);
    else
        EDGE_LOG(&sasl_log, EDGE_LOG_ERROR, 852, "%s: %s", refusal->file->path, what);
}

static store_look_t reload(store_file_t *file, const store_stamp_t *now) {
    refusal_t refusal = {.file = file};
    store_stamp_t stamp;
    store_table_t *table = store_read(file->path, &stamp, log_complaint, &refusal);
    sasl_count(table ? SASL_C_RELOADS : SASL_C_RELOADS_FAILED);
    if (!table) {
        file->refusing = true;
        file->refused = *now; /* said once; it is tried again when the file changes again */
        EDGE_LOG(&sasl_log, EDGE_LOG_ERROR, 853, "<AuthBackend %s> is not read anew, the old one stays in use",
                 file->name);
        return STORE_LOOK_REFUSED;
    }
    file->loaded = stamp;
    file->refusing = false;
    EDGE_LOG(&sasl_log, EDGE_LOG_NOTICE, 854, "<AuthBackend %s> is read anew: %u users", file->name, table->user_count);
    store_file_put(file, table);
    return STORE_LOOK_RELOADED;
}

store_look_t store_watch_look(store_file_t *file) {
    store_stamp_t now = store_stamp_of(file->path);
    bool loaded = store_stamp_equal(&now, &file->loaded);
    if (loaded)
        file->refusing = false; /* the old one is back */
    if (loaded || (file->refusing && store_stamp_equal(&now, &file->refused))) {
        file->seen = now;
        return STORE_LOOK_SAME;
    }
    if (!store_stamp_equal(&now, &file->seen)) {
        file->seen = now;
        return STORE_LOOK_CHANGING; /* an editor may be writing it */
    }
    return reload(file, &now);
}

/* The thread that looks */

static struct {
    pthread_mutex_t lock; /* of the members below */
    pthread_cond_t ending;
    pthread_t thread;
    bool running, stop;
    store_file_t *files; /* changed only while the thread does not run */
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool wait_for_next(void) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_EVERY;
    pthread_mutex_lock(&watch.lock);
    while (!watch.stop && pthread_cond_timedwait(&watch.ending, &watch.lock, &until) != ETIMEDOUT)
        ;
    bool go_on = !watch.stop;
    pthread_mutex_unlock(&watch.lock);
    return go_on;
}

static void *look_again_and_again(void *unused) {
    (void)unused;
    while (wait_for_next())
        for (store_file_t *file = watch.files; file; file = file->next)
            store_watch_look(file);
    return NULL;
}

static apr_status_t run(void) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch.ending, &monotonic);
    pthread_condattr_destroy(&monotonic);
    watch.stop = false;
    int failed = pthread_create(&watch.thread, NULL, look_again_and_again, NULL);
    watch.running = failed == 0;
    if (watch.running)
        pthread_setname_np(watch.thread, "auth-files");
    return APR_FROM_OS_ERROR(failed);
}

static void end(void) {
    if (!watch.running)
        return;
    pthread_mutex_lock(&watch.lock);
    watch.stop = true;
    pthread_cond_signal(&watch.ending);
    pthread_mutex_unlock(&watch.lock);
    pthread_join(watch.thread, NULL);
    pthread_cond_destroy(&watch.ending);
    watch.running = false;
}

apr_status_t store_watch_start(store_file_t *file) {
    end();
    file->next = watch.files;
    watch.files = file;
    return run();
}

void store_watch_stop(store_file_t *file) {
    end();
    store_file_t **link = &watch.files;
    while (*link && *link != file)
        link = &(*link)->next;
    if (*link)
        *link = file->next;
}
