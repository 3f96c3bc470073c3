/* Looks at password files once a second and takes what has changed, when it is sound. */
#include "edge_watch.h"
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

static store_look_t reload(store_file_t *file, const edge_file_stamp_t *now) {
    refusal_t refusal = {.file = file};
    edge_file_stamp_t stamp;
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
    unsigned users = table->user_count;
    store_file_put(file, table);
    EDGE_LOG(&sasl_log, EDGE_LOG_NOTICE, 854, "<AuthBackend %s> is read anew: %u users", file->name, users);
    return STORE_LOOK_RELOADED;
}

store_look_t store_watch_look(store_file_t *file) {
    edge_file_stamp_t now = edge_file_stamp(file->path);
    bool loaded = edge_file_stamp_equal(&now, &file->loaded);
    if (loaded)
        file->refusing = false; /* the old one is back */
    if (loaded || (file->refusing && edge_file_stamp_equal(&now, &file->refused))) {
        file->seen = now;
        return STORE_LOOK_SAME;
    }
    if (!edge_file_stamp_equal(&now, &file->seen)) {
        file->seen = now;
        return STORE_LOOK_CHANGING; /* an editor may be writing it */
    }
    return reload(file, &now);
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
