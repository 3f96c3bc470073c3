/*
 * Finding what is on the disk: at the start, and while an older generation still writes.
 *
 * Footers say what sealed segments hold, the others are scanned. Messages of all segments
 * come first, then states, then done records, because a record about a message may stand in
 * any segment. See lock.c for who reads what, and when, during a graceful reload.
 */
#include "store/spool_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 15 /* seconds a reader waits for the index */

static apr_status_t make_directories(edge_spool_t *spool) {
    char path[EDGE_SPOOL_PATH];
    apr_status_t status = edge_files_make_directory(spool->directory);
    if (status == APR_SUCCESS) {
        status = edge_files_make_directory(spool->log_directory);
    }
    if (status == APR_SUCCESS) {
        status = edge_files_make_directory(spool->body_directory);
    }
    for (unsigned i = 0; i <= 256 && status == APR_SUCCESS; i++) {
        snprintf(path, sizeof path, i == 256 ? "%s/new" : "%s/%02x", spool->body_directory, i);
        status = edge_files_make_directory(path);
    }
    if (status == APR_SUCCESS) {
        status = edge_files_sync_directory(spool->files, spool->body_directory);
    }
    return status == APR_SUCCESS ? edge_files_sync_directory(spool->files, spool->directory) : status;
}

apr_status_t edge_recover_attach(edge_spool_t *spool, const char **why) {
    *why = "its directories cannot be made";
    apr_status_t status = spool->options.tool ? APR_SUCCESS : make_directories(spool);
    if (status == APR_SUCCESS) {
        *why = "its lock cannot be taken";
        status = edge_lock_open(spool);
    }
    if (status == APR_SUCCESS) {
        pthread_mutex_lock(&spool->lock);
        spool->attached = true;
        pthread_mutex_unlock(&spool->lock);
    }
    return status;
}

/* Segments of the directory */

typedef struct numbers {
    uint32_t *list;
    unsigned count, room;
} numbers_t;

static int compare_numbers(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool read_number(const char *name, uint32_t *number) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(name, &end, 10);
    *number = (uint32_t)value;
    return name[0] >= '0' && name[0] <= '9' && errno == 0 && value <= UINT32_MAX && strcmp(end, ".seg") == 0;
}

/* A half-made segment of a process that is gone. */
static void remove_unfinished(edge_spool_t *spool, const char *name) {
    char path[EDGE_SPOOL_PATH];
    size_t len = strlen(name);
    if (len < 5 || strcmp(name + len - 4, ".new") != 0) {
        return;
    }
    snprintf(path, sizeof path, "%s/%s", spool->log_directory, name);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        if (edge_lock_segment(fd)) {
            spool->files->unlink(path);
        }
        close(fd);
    }
}

static apr_status_t list_numbers(edge_spool_t *spool, bool tidy, numbers_t *numbers) {
    DIR *directory = opendir(spool->log_directory);
    struct dirent *found;
    uint32_t number;
    if (directory == NULL) {
        return APR_FROM_OS_ERROR(errno);
    }
    while ((found = readdir(directory)) != NULL) {
        if (!read_number(found->d_name, &number)) {
            if (tidy) {
                remove_unfinished(spool, found->d_name);
            }
            continue;
        }
        if (numbers->count == numbers->room) {
            numbers->room = numbers->room == 0 ? 64 : numbers->room * 2;
            numbers->list = realloc(numbers->list, numbers->room * sizeof numbers->list[0]);
            EDGE_ASSERT(numbers->list != NULL);
        }
        numbers->list[numbers->count++] = number;
    }
    closedir(directory);
    if (numbers->count > 0) {
        qsort(numbers->list, numbers->count, sizeof numbers->list[0], compare_numbers);
    }
    return APR_SUCCESS;
}

/* Also one that this process has just named and not yet put into the list: taken for a foreign one it would be in it twice. */
static bool is_known(edge_spool_t *spool, uint32_t number) {
    pthread_mutex_lock(&spool->lock);
    const edge_segment_t *segment = spool->segments;
    while (segment != NULL && segment->head.number != number) {
        segment = segment->next;
    }
    bool given = spool->given[number % EDGE_COUNT(spool->given)] == number;
    pthread_mutex_unlock(&spool->lock);
    return segment != NULL || given;
}

/* No header can be read: what is in it cannot be told apart from anything. It is kept under another name. */
static void put_aside(edge_spool_t *spool, uint32_t number) {
    char path[EDGE_SPOOL_PATH], aside[EDGE_SPOOL_PATH + 16];
    edge_segment_path(spool, number, path, sizeof path);
    snprintf(aside, sizeof aside, "%s.damaged", path);
    spool->files->rename(path, aside);
    edge_spool_count(spool, EDGE_SPOOL_DAMAGES, 1);
    EDGE_LOG(&edge_spool_log, EDGE_LOG_ERROR, 210, "spool %s: both headers of a segment are damaged; it is kept as %s",
             spool->name, aside);
}

/* NULL: there is nothing to be had of it. */
static edge_segment_t *open_segment(edge_spool_t *spool, uint32_t number) {
    edge_segment_t *segment = NULL;
    apr_status_t status = edge_segment_open(spool, number, &segment);
    if (status == APR_EGENERAL) {
        put_aside(spool, number);
    } else if (status != APR_SUCCESS && !APR_STATUS_IS_ENOENT(status)) {
        EDGE_LOG_STATUS(&edge_spool_log, EDGE_LOG_ERROR, 211, status, "spool %s: segment %08u cannot be opened",
                        spool->name, number);
    }
    if (segment != NULL && segment->head.number != number) {
        char path[EDGE_SPOOL_PATH];
        edge_segment_path(spool, number, path, sizeof path);
        spool->files->unlink(path); /* its reuse was interrupted */
        edge_segment_free(segment);
        segment = NULL;
    }
    return segment;
}

static void report_scan(edge_spool_t *spool, const edge_segment_t *segment, const edge_scan_result_t *result) {
    edge_spool_count(spool, EDGE_SPOOL_DAMAGES, result->damaged);
    if (result->damaged > 0) {
        EDGE_LOG(&edge_spool_log, EDGE_LOG_ERROR, 212,
                 "spool %s: segment %08u has %u damaged records; they are kept and shown as damaged", spool->name,
                 segment->head.number, result->damaged);
    }
    if (result->torn > 0) {
        EDGE_LOG(&edge_spool_log, EDGE_LOG_NOTICE, 213,
                 "spool %s: the last write to segment %08u was interrupted; %u records of it were never acknowledged",
                 spool->name, segment->head.number, result->torn);
    }
}

/* All records of a segment that is ours, and what it is. Those of an unsealed one stay in segment->entries too, for the
 * footer. */
static edge_segment_role_t read_own(edge_spool_t *spool, edge_segment_t *segment, edge_footer_entry_t **entries,
                                    uint32_t *count) {
    edge_scan_result_t result;
    if (edge_seal_read(segment, entries, count) == APR_SUCCESS) {
        return EDGE_SEGMENT_SEALED;
    }
    segment->tail = EDGE_SEGMENT_HEAD;
    segment->entry_count = 0;
    apr_status_t status = edge_scan_segment(segment, false, &result);
    report_scan(spool, segment, &result);
    edge_segment_role_t role = segment->entry_count == 0 ? EDGE_SEGMENT_SEALED : EDGE_SEGMENT_CLOSING;
    if (status != APR_SUCCESS) {
        role = EDGE_SEGMENT_BROKEN;
        EDGE_LOG_STATUS(&edge_spool_log, EDGE_LOG_ERROR, 214, status,
                        "spool %s: segment %08u cannot be read to its end", spool->name, segment->head.number);
    }
    *count = segment->entry_count;
    *entries = malloc((segment->entry_count + 1) * sizeof **entries);
    EDGE_ASSERT(*entries != NULL);
    if (segment->entry_count > 0) {
        memcpy(*entries, segment->entries, segment->entry_count * sizeof **entries);
    }
    return role;
}

/* The first load */

typedef struct loading {
    edge_segment_t *segment;
    edge_footer_entry_t *rest; /* states and done records */
    uint32_t count;
} loading_t;

static bool is_message(const edge_footer_entry_t *entry) {
    return entry->type == EDGE_RECORD_MESSAGE || entry->type == EDGE_RECORD_FILED || entry->type == EDGE_RECORD_REGION;
}

static void apply_messages(edge_spool_t *spool, loading_t *loading, const edge_footer_entry_t *entries,
                           uint32_t count) {
    uint32_t rest = 0;
    for (uint32_t i = 0; i < count; i++) {
        rest += is_message(&entries[i]) ? 0 : 1;
    }
    loading->rest = malloc((rest + 1) * sizeof loading->rest[0]);
    EDGE_ASSERT(loading->rest != NULL);
    pthread_mutex_lock(&spool->lock);
    edge_segment_insert(spool, loading->segment);
    for (uint32_t i = 0; i < count; i++) {
        if (is_message(&entries[i])) {
            edge_ledger_message(spool, loading->segment, &entries[i]);
        } else {
            loading->rest[loading->count++] = entries[i];
        }
    }
    pthread_mutex_unlock(&spool->lock);
}

static void apply_rest(edge_spool_t *spool, loading_t *list, unsigned count, edge_record_type_t type) {
    for (unsigned i = 0; i < count; i++) {
        pthread_mutex_lock(&spool->lock);
        for (uint32_t k = 0; k < list[i].count; k++) {
            if (list[i].rest[k].type == type) {
                edge_ledger_apply(spool, list[i].segment, &list[i].rest[k]);
            }
        }
        pthread_mutex_unlock(&spool->lock);
    }
}

static void load_segment(edge_spool_t *spool, uint32_t number, loading_t *loading) {
    edge_footer_entry_t *entries = NULL;
    edge_scan_result_t result;
    uint32_t count = 0;
    if ((loading->segment = open_segment(spool, number)) == NULL) {
        return;
    }
    if (edge_lock_segment(loading->segment->fd)) {
        loading->segment->role = read_own(spool, loading->segment, &entries, &count);
        apply_messages(spool, loading, entries, count);
        free(entries);
        return;
    }
    loading->segment->role = EDGE_SEGMENT_FOREIGN;
    edge_scan_segment(loading->segment, true, &result);
    apply_messages(spool, loading, loading->segment->entries, loading->segment->entry_count);
    loading->segment->entry_count = 0;
}

static void load_all(edge_spool_t *spool, const numbers_t *numbers) {
    loading_t *list = calloc(numbers->count + 1, sizeof *list);
    unsigned count = 0;
    EDGE_ASSERT(list != NULL);
    for (unsigned i = 0; i < numbers->count; i++) {
        if (!is_known(spool, numbers->list[i])) {
            load_segment(spool, numbers->list[i], &list[count]);
            count += list[count].segment != NULL ? 1 : 0;
        }
    }
    apply_rest(spool, list, count, EDGE_RECORD_STATE);
    apply_rest(spool, list, count, EDGE_RECORD_DONE);
    for (unsigned i = 0; i < count; i++) {
        free(list[i].rest);
    }
    free(list);
}

apr_status_t edge_recover_load(edge_spool_t *spool) {
    numbers_t numbers = {NULL, 0, 0};
    apr_time_t start = apr_time_now();
    if (!edge_lock_become_maintainer(spool)) {
        return APR_EBUSY;
    }
    apr_status_t status = list_numbers(spool, true, &numbers);
    if (status == APR_SUCCESS) {
        load_all(spool, &numbers);
    }
    free(numbers.list);
    pthread_mutex_lock(&spool->lock);
    spool->loaded = status == APR_SUCCESS;
    uint32_t messages = spool->index.used;
    pthread_cond_broadcast(&spool->changed);
    edge_spool_tell_arrived(spool);
    pthread_mutex_unlock(&spool->lock);
    if (status == APR_SUCCESS) {
        EDGE_LOG(&edge_spool_log, EDGE_LOG_INFO, 215, "spool %s: %u messages in %u segments, read in %d ms",
                 spool->name, messages, numbers.count, (int)((apr_time_now() - start) / 1000));
    }
    return status;
}

/* Following */

static void apply_from(edge_spool_t *spool, edge_segment_t *segment, const edge_footer_entry_t *entries, uint32_t count,
                       uint64_t from) {
    pthread_mutex_lock(&spool->lock);
    for (uint32_t i = 0; i < count; i++) {
        if (entries[i].offset >= from) {
            edge_ledger_apply(spool, segment, &entries[i]);
        }
    }
    if (count > 0) {
        edge_spool_tell_arrived(spool);
    }
    pthread_mutex_unlock(&spool->lock);
}

/* Its owner is gone: what it wrote last, and its footer or ours. It stays FOREIGN, and so untouched, until all is known. */
static void adopt(edge_spool_t *spool, edge_segment_t *segment, uint64_t seen) {
    edge_footer_entry_t *entries = NULL;
    uint32_t count = 0;
    edge_segment_role_t role = read_own(spool, segment, &entries, &count);
    apply_from(spool, segment, entries, count, seen);
    free(entries);
    EDGE_LOG(&edge_spool_log, EDGE_LOG_INFO, 216, "spool %s: adopted segment %08u", spool->name, segment->head.number);
    pthread_mutex_lock(&spool->lock);
    segment->role = role;
    pthread_mutex_unlock(&spool->lock);
}

static void follow(edge_spool_t *spool, edge_segment_t *segment) {
    edge_scan_result_t result;
    uint64_t seen = segment->tail;
    if (edge_lock_segment(segment->fd)) {
        adopt(spool, segment, seen);
        return;
    }
    edge_scan_segment(segment, true, &result);
    apply_from(spool, segment, segment->entries, segment->entry_count, seen);
    segment->entry_count = 0;
}

/* Segments that have appeared since; the pointers stay good because only this thread's caller frees segments. */
static void find_new(edge_spool_t *spool) {
    numbers_t numbers = {NULL, 0, 0};
    list_numbers(spool, false, &numbers);
    for (unsigned i = 0; i < numbers.count; i++) {
        edge_segment_t *segment = is_known(spool, numbers.list[i]) ? NULL : open_segment(spool, numbers.list[i]);
        if (segment != NULL) {
            segment->role = EDGE_SEGMENT_FOREIGN;
            pthread_mutex_lock(&spool->lock);
            edge_segment_insert(spool, segment);
            pthread_mutex_unlock(&spool->lock);
        }
    }
    free(numbers.list);
}

static edge_segment_t *next_foreign(edge_spool_t *spool, uint32_t above) {
    edge_segment_t *best = NULL;
    pthread_mutex_lock(&spool->lock);
    for (edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        if (segment->role == EDGE_SEGMENT_FOREIGN && segment->head.number > above &&
            (best == NULL || segment->head.number < best->head.number)) {
            best = segment;
        }
    }
    pthread_mutex_unlock(&spool->lock);
    return best;
}

void edge_recover_follow(edge_spool_t *spool) {
    edge_segment_t *segment;
    pthread_mutex_lock(&spool->following);
    pthread_mutex_lock(&spool->lock);
    bool loaded = spool->loaded;
    pthread_mutex_unlock(&spool->lock);
    if (loaded && next_foreign(spool, 0) != NULL) {
        find_new(spool);
        for (segment = next_foreign(spool, 0); segment != NULL;) {
            uint32_t number = segment->head.number;
            follow(spool, segment);
            segment = next_foreign(spool, number);
        }
    }
    pthread_mutex_unlock(&spool->following);
}

apr_status_t edge_recover_wait(edge_spool_t *spool) {
    struct timespec until;
    int error = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE;
    pthread_mutex_lock(&spool->lock);
    while (!spool->loaded && spool->attached && error == 0 && !atomic_load(&spool->retired)) {
        error = pthread_cond_timedwait(&spool->changed, &spool->lock, &until);
    }
    apr_status_t status = spool->loaded ? APR_SUCCESS : spool->attached ? APR_EAGAIN : atomic_load(&spool->trouble);
    pthread_mutex_unlock(&spool->lock);
    if (status == APR_SUCCESS) {
        edge_recover_follow(spool);
    }
    return status;
}
