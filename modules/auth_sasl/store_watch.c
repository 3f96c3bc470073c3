/* Looks at password files once a second and takes what has changed, when it is sound. */
#include "edge_watch.h"
#include "store.h"

#define LOOK_EVERY 1 /* seconds */

static bool read_anew(void *context, edge_file_stamp_t *stamp) {
    store_file_t *file = context;
    edge_file_faults_t faults = {.area = &sasl_log, .number = 851, .path = file->path};
    store_table_t *table = store_read(file->path, stamp, edge_file_fault, &faults);
    sasl_count(table ? SASL_C_RELOADS : SASL_C_RELOADS_FAILED);
    if (!table) {
        EDGE_LOG(&sasl_log, EDGE_LOG_ERROR, 853, "<AuthBackend %s> is not read anew, the old one stays in use",
                 file->name);
        return false;
    }
    unsigned users = table->user_count;
    store_file_put(file, table);
    EDGE_LOG(&sasl_log, EDGE_LOG_NOTICE, 854, "<AuthBackend %s> is read anew: %u users", file->name, users);
    return true;
}

edge_followed_look_t store_watch_look(store_file_t *file) {
    return edge_followed_look(&file->followed, file->path, read_anew, file);
}

/* The thread that looks. The list is changed only while it does not run. */

static edge_watch_t watch;
static store_file_t *files;

static unsigned look(void *unused) {
    (void)unused;
    for (store_file_t *file = files; file; file = file->next)
        store_watch_look(file);
    return LOOK_EVERY;
}

apr_status_t store_watch_start(store_file_t *file) {
    edge_watch_stop(&watch);
    file->next = files;
    files = file;
    return edge_watch_start(&watch, "auth-files", LOOK_EVERY, look, NULL);
}

void store_watch_stop(store_file_t *file) {
    edge_watch_stop(&watch);
    store_file_t **link = &files;
    while (*link && *link != file)
        link = &(*link)->next;
    if (*link)
        *link = file->next;
}
