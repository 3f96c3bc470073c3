/*
 * Body files that no record names: left by bodies that were arriving, and by removals
 * that were interrupted between the done record and the unlink.
 *
 * Swept only at a start that finds no other process, with the door shut to any other: a
 * body whose record is just being written by somebody else must not be taken for one.
 */
#include "store/spool_priv.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static bool is_named(edge_spool_t *spool, const char *name) {
    edge_uuid_t id;
    if (!edge_uuid_parse(edge_span_of(name), &id)) {
        return false;
    }
    pthread_mutex_lock(&spool->lock);
    const edge_index_entry_t *entry = edge_index_find(&spool->index, id);
    bool named = entry != NULL && (entry->filed || entry->state == EDGE_MESSAGE_DAMAGED);
    pthread_mutex_unlock(&spool->lock);
    return named;
}

/* Whether damage may hide which files are named: then none is removed. */
static bool has_regions(edge_spool_t *spool) {
    bool found = false;
    pthread_mutex_lock(&spool->lock);
    for (uint32_t i = 0; i < edge_index_places(&spool->index) && spool->index.damaged > 0 && !found; i++) {
        const edge_index_entry_t *entry = edge_index_at(&spool->index, i);
        found = entry != NULL && entry->state == EDGE_MESSAGE_DAMAGED && entry->id.bytes[6] >> 4 == 8;
    }
    pthread_mutex_unlock(&spool->lock);
    return found;
}

static unsigned sweep(edge_spool_t *spool, const char *path, bool all) {
    char file[EDGE_SPOOL_PATH + 260];
    unsigned removed = 0;
    struct dirent *found;
    DIR *directory = opendir(path);
    while (directory != NULL && (found = readdir(directory)) != NULL) {
        if (found->d_name[0] != '.' && (all || !is_named(spool, found->d_name))) {
            snprintf(file, sizeof file, "%s/%s", path, found->d_name);
            removed += spool->files->unlink(file) == 0 ? 1 : 0;
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return removed;
}

void edge_sweep_bodies(edge_spool_t *spool) {
    char path[EDGE_SPOOL_PATH];
    unsigned removed;
    if (!edge_lock_close_gate(spool)) {
        return;
    }
    snprintf(path, sizeof path, "%s/new", spool->body_directory);
    removed = sweep(spool, path, true);
    bool hidden = has_regions(spool);
    for (unsigned i = 0; i < 256 && !hidden; i++) {
        snprintf(path, sizeof path, "%s/%02x", spool->body_directory, i);
        removed += sweep(spool, path, false);
    }
    edge_lock_open_gate(spool);
    if (removed > 0) {
        EDGE_LOG(&edge_spool_log, EDGE_LOG_INFO, 220, "spool %s: removed %u body files that no record names",
                 spool->name, removed);
    }
}
