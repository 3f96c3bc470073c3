/* Files of lists, and the thread that looks at them. */
#include "core/lookup_file.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/lookup_read.h"
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_obj.h"
#include "edge_watch.h"

EDGE_LOG_AREA(edge_lookup_log, "lookup")

#define LOOK_EVERY 1 /* seconds */

struct edge_lookup_file {
    char *path;
    unsigned users;       /* under `all_files` */
    pthread_mutex_t lock; /* of `table` */
    edge_lookup_table_t *table;
    edge_followed_t followed; /* the looker's, from the opening on */
    edge_lookup_file_t *next;
};

/* The list is changed while configurations are read and forgotten, and walked by the thread, which keeps the file that it looks
 * at by a use of its own. */
static pthread_mutex_t all_files = PTHREAD_MUTEX_INITIALIZER;
static edge_lookup_file_t *files;
static edge_watch_t watch;
static bool serving;

/* Tables */

edge_lookup_table_t *edge_lookup_file_take(edge_lookup_file_t *file) {
    pthread_mutex_lock(&file->lock);
    edge_lookup_table_t *table = edge_lookup_table_hold(file->table);
    pthread_mutex_unlock(&file->lock);
    return table;
}

static void put(edge_lookup_file_t *file, edge_lookup_table_t *table) {
    pthread_mutex_lock(&file->lock);
    edge_lookup_table_t *before = file->table;
    file->table = table;
    pthread_mutex_unlock(&file->lock);
    if (before)
        edge_lookup_table_drop(before);
}

/* Looking */

static bool read_anew(void *context, edge_file_stamp_t *stamp) {
    edge_lookup_file_t *file = context;
    edge_file_faults_t faults = {.area = &edge_lookup_log, .number = 680, .path = file->path};
    edge_lookup_table_t *table = edge_lookup_read_file(file->path, stamp, edge_file_fault, &faults);
    edge_counter_add(table ? EDGE_C_LISTS_READ : EDGE_C_LISTS_REFUSED, 1);
    if (!table) {
        EDGE_LOG(&edge_lookup_log, EDGE_LOG_ERROR, 682,
                 "%s is not read anew (faults: %u), its old %u entries stay in use", file->path, faults.count,
                 edge_lookup_table_count(file->table));
        return false;
    }
    EDGE_LOG(&edge_lookup_log, EDGE_LOG_NOTICE, 683, "%s is read anew: %u entries", file->path,
             edge_lookup_table_count(table));
    put(file, table);
    return true;
}

static void count_stale(bool before, bool now) {
    if (before != now)
        edge_counter_add(EDGE_C_LISTS_STALE, now ? 1 : -1);
}

edge_followed_look_t edge_lookup_file_look(edge_lookup_file_t *file) {
    bool refusing = file->followed.refusing;
    edge_followed_look_t look = edge_followed_look(&file->followed, file->path, read_anew, file);
    count_stale(refusing, file->followed.refusing);
    return look;
}

/* All files */

static void release(edge_lookup_file_t *file) {
    count_stale(file->followed.refusing, false);
    edge_lookup_table_drop(file->table);
    pthread_mutex_destroy(&file->lock);
    free(file->path);
    free(file);
}

void edge_lookup_file_close(edge_lookup_file_t *file) {
    pthread_mutex_lock(&all_files);
    bool last = --file->users == 0;
    edge_lookup_file_t **link = &files;
    while (*link != file)
        link = &(*link)->next;
    if (last)
        *link = file->next;
    pthread_mutex_unlock(&all_files);
    if (last)
        release(file);
}

/* The file behind `file`, kept by a use; NULL: the first. */
static edge_lookup_file_t *next_file(edge_lookup_file_t *file) {
    pthread_mutex_lock(&all_files);
    edge_lookup_file_t *next = file ? file->next : files;
    if (next)
        next->users++;
    pthread_mutex_unlock(&all_files);
    return next;
}

static unsigned look(void *unused) {
    (void)unused;
    edge_lookup_file_t *file = next_file(NULL);
    while (file) {
        edge_lookup_file_look(file);
        edge_lookup_file_t *next = next_file(file);
        edge_lookup_file_close(file);
        file = next;
    }
    return LOOK_EVERY;
}

/* A server without lists has no thread for them. */
static apr_status_t watch_if_any(void) {
    return serving && files && !watch.running ? edge_watch_start(&watch, "lists", LOOK_EVERY, look, NULL) : APR_SUCCESS;
}

static edge_lookup_file_t *find(const char *path) {
    for (edge_lookup_file_t *file = files; file; file = file->next)
        if (strcmp(file->path, path) == 0)
            return file;
    return NULL;
}

static edge_lookup_file_t *make(const char *path, edge_lookup_table_t *table, const edge_file_stamp_t *stamp) {
    edge_lookup_file_t *file = calloc(1, sizeof(*file));
    EDGE_ASSERT(file != NULL);
    file->path = strdup(path);
    EDGE_ASSERT(file->path != NULL);
    file->table = table;
    edge_followed_took(&file->followed, *stamp);
    file->users = 1;
    pthread_mutex_init(&file->lock, NULL);
    return file;
}

edge_lookup_file_t *edge_lookup_file_open(const char *path, edge_lookup_complain_fn *complain, void *context) {
    edge_file_stamp_t stamp;
    pthread_mutex_lock(&all_files);
    edge_lookup_file_t *file = find(path);
    if (file)
        file->users++;
    pthread_mutex_unlock(&all_files);
    if (file)
        return file;
    edge_lookup_table_t *table = edge_lookup_read_file(path, &stamp, complain, context);
    if (!table)
        return NULL;
    edge_reopen_allow(path);
    file = make(path, table, &stamp);
    pthread_mutex_lock(&all_files);
    file->next = files;
    files = file;
    pthread_mutex_unlock(&all_files);
    apr_status_t status = watch_if_any();
    if (status != APR_SUCCESS)
        EDGE_LOG_STATUS(&edge_lookup_log, EDGE_LOG_ERROR, 684, status, "changes of %s will not be seen", path);
    return file;
}

apr_status_t edge_lookup_files_start(void) {
    serving = true;
    return watch_if_any();
}

void edge_lookup_files_stop(void) {
    serving = false;
    edge_watch_stop(&watch);
}
