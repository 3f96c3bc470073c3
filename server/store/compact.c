/*
 * Getting room back: dead segments are used again or unlinked, sparse ones copied on.
 *
 * A sealed segment is dead when nothing in it lives and its done records bury nothing any
 * more. A sparse one, or one that is haunted (ledger.c), is copied record by record through
 * the committer; when a message is done while its copy is on the way, the copy is buried by
 * a done record of its own. The old segment goes only after all copies are durable.
 */
#include "edge_codec.h"
#include "store/spool_priv.h"

#include <stdlib.h>

#define SPARSE 4 /* a segment is sparse when less than this part of it is needed */
#define GROUP 64 /* records copied at a time */
#define GROUP_BYTES (2u << 20)
#define BURIERS_MOST 4 /* segments kept only for their done records before one is compacted */

typedef struct copying {
    edge_spool_job_t job;
    edge_body_block_t *block;
} copying_t;

/* Dead segments */

static bool is_dead(const edge_segment_t *segment) {
    return (segment->role == EDGE_SEGMENT_SEALED || segment->role == EDGE_SEGMENT_BROKEN) && segment->live == 0 &&
           segment->pins == 0 && segment->bury_count == 0;
}

/* One that is dead; *ready = how many are ready for use. */
static edge_segment_t *find_dead(edge_spool_t *spool, unsigned *ready) {
    edge_segment_t *dead = NULL;
    *ready = 0;
    pthread_mutex_lock(&spool->lock);
    for (edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        *ready += segment->role == EDGE_SEGMENT_READY ? 1 : 0;
        if (is_dead(segment)) {
            dead = segment;
        }
    }
    pthread_mutex_unlock(&spool->lock);
    return dead;
}

void edge_compact_free_dead(edge_spool_t *spool) {
    edge_segment_t *segment;
    unsigned ready;
    while ((segment = find_dead(spool, &ready)) != NULL) {
        bool reuse = ready < EDGE_READY_MOST && segment->role == EDGE_SEGMENT_SEALED &&
                     segment->head.size == spool->options.segment_size;
        apr_status_t status = edge_segment_recycle(spool, segment, reuse);
        if (status != APR_SUCCESS) {
            EDGE_LOG_STATUS(&edge_spool_log, EDGE_LOG_WARN, 260, status, "spool %s: an empty segment cannot be freed",
                            spool->name);
            return;
        }
    }
}

/* Sparse segments */

static uint64_t needed_bytes(const edge_segment_t *segment) {
    return segment->live_bytes + (segment->bury_count > 0 ? (uint64_t)segment->dones * EDGE_RECORD_SIZE : 0);
}

/* The one with the least to copy. */
static edge_segment_t *find_sparse(edge_spool_t *spool) {
    edge_segment_t *best = NULL;
    unsigned buriers = 0;
    pthread_mutex_lock(&spool->lock);
    for (edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        buriers += segment->role == EDGE_SEGMENT_SEALED && segment->live == 0 ? 1 : 0;
    }
    for (edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        bool sparse = segment->haunted || needed_bytes(segment) < segment->head.size / SPARSE;
        if (segment->role == EDGE_SEGMENT_SEALED && !segment->stuck && sparse &&
            (segment->live > 0 || segment->haunted || buriers > BURIERS_MOST) &&
            (best == NULL || needed_bytes(segment) < needed_bytes(best))) {
            best = segment;
        }
    }
    if (best != NULL && !best->haunted) {
        best->haunted = true; /* from now on a message may be here and in its copy */
        spool->haunted++;
    }
    pthread_mutex_unlock(&spool->lock);
    return best;
}

static bool is_needed(edge_spool_t *spool, const edge_segment_t *from, const edge_footer_entry_t *entry) {
    uint32_t offset = (uint32_t)(entry->offset / EDGE_RECORD_ALIGN);
    pthread_mutex_lock(&spool->lock);
    const edge_index_entry_t *known = edge_index_find(&spool->index, entry->id);
    bool needed = entry->type == EDGE_RECORD_DONE ? from->bury_count > 0
                  : entry->type == EDGE_RECORD_STATE
                      ? known != NULL && known->state_segment == from && known->state_offset == offset
                      : known != NULL && known->segment == from && known->offset == offset;
    pthread_mutex_unlock(&spool->lock);
    return needed;
}

/* False: it cannot be read as it was written; it stays where it is. */
static bool read_record(const edge_segment_t *from, const edge_footer_entry_t *entry, copying_t *copy) {
    edge_spool_job_t *job = &copy->job;
    char header[EDGE_RECORD_SIZE];
    if (edge_files_read(from->fd, header, sizeof header, entry->offset) != APR_SUCCESS ||
        !edge_record_read(header, from->head.number, from->head.salt, entry->offset, &job->record) ||
        edge_record_length(&job->record) != entry->length) {
        return false;
    }
    uint64_t body = edge_record_content(&job->record) - job->record.head_len;
    job->head = malloc(EDGE_RECORD_SIZE + (size_t)job->record.head_len);
    copy->block = malloc(sizeof *copy->block + (size_t)body);
    if (job->head == NULL || copy->block == NULL ||
        edge_files_read(from->fd, job->head + EDGE_RECORD_SIZE, job->record.head_len,
                        entry->offset + EDGE_RECORD_SIZE) != APR_SUCCESS ||
        edge_files_read(from->fd, copy->block->data, (size_t)body,
                        entry->offset + EDGE_RECORD_SIZE + job->record.head_len) != APR_SUCCESS) {
        return false;
    }
    *copy->block = (edge_body_block_t){.room = (uint32_t)body, .used = (uint32_t)body};
    job->blocks = copy->block;
    return edge_crc32c(0, job->head + EDGE_RECORD_SIZE, job->record.head_len) == job->record.head_crc &&
           (job->record.type == EDGE_RECORD_FILED ||
            edge_crc32c(0, copy->block->data, (size_t)body) == job->record.body_crc);
}

static void free_copy(copying_t *copy) {
    free(copy->job.head);
    free(copy->block);
    *copy = (copying_t){.block = NULL};
}

static bool prepare(edge_segment_t *from, const edge_footer_entry_t *entry, copying_t *copy) {
    *copy = (copying_t){.block = NULL};
    if (entry->type == EDGE_RECORD_REGION || entry->state == EDGE_MESSAGE_DAMAGED || !read_record(from, entry, copy)) {
        free_copy(copy);
        return false;
    }
    copy->job.state = entry->state;
    copy->job.due = entry->next;
    copy->job.size = entry->size;
    copy->job.moved_from = from;
    copy->job.moved_offset = entry->offset;
    return true;
}

static bool is_gone(edge_spool_t *spool, edge_uuid_t id) {
    pthread_mutex_lock(&spool->lock);
    bool gone = edge_index_find(&spool->index, id) == NULL;
    pthread_mutex_unlock(&spool->lock);
    return gone;
}

/* The message was done before its copy counted. */
static void bury_copy(edge_spool_t *spool, edge_uuid_t id) {
    char head[EDGE_RECORD_SIZE];
    edge_spool_job_t job = {.record = {.type = EDGE_RECORD_DONE, .id = id}, .head = head};
    edge_commit_wait(spool, &job, 1);
}

static apr_status_t commit_group(edge_spool_t *spool, copying_t *group, unsigned count) {
    apr_status_t status = APR_SUCCESS;
    edge_spool_job_t *jobs = calloc(count + 1, sizeof *jobs);
    if (jobs == NULL) {
        return APR_ENOMEM;
    }
    for (unsigned i = 0; i < count; i++) {
        jobs[i] = group[i].job;
    }
    edge_commit_wait(spool, jobs, count);
    for (unsigned i = 0; i < count; i++) {
        if (jobs[i].status != APR_SUCCESS) {
            status = jobs[i].status;
        } else if (!jobs[i].counted && jobs[i].record.type != EDGE_RECORD_STATE && is_gone(spool, jobs[i].record.id)) {
            bury_copy(spool, jobs[i].record.id);
        }
    }
    free(jobs);
    return status;
}

/* Copies a group of records from *at on. */
static apr_status_t copy_some(edge_spool_t *spool, edge_segment_t *from, const edge_footer_entry_t *entries,
                              uint32_t count, uint32_t *at, bool *whole) {
    copying_t group[GROUP];
    unsigned size = 0;
    uint64_t bytes = 0;
    for (; *at < count && size < GROUP && bytes < GROUP_BYTES; (*at)++) {
        if (!is_needed(spool, from, &entries[*at])) {
            continue;
        }
        if (prepare(from, &entries[*at], &group[size])) {
            bytes += entries[*at].length;
            size++;
        } else {
            *whole = false;
        }
    }
    apr_status_t status = size == 0 ? APR_SUCCESS : commit_group(spool, group, size);
    for (unsigned i = 0; i < size; i++) {
        free_copy(&group[i]);
    }
    return status;
}

static void finish(edge_spool_t *spool, edge_segment_t *from, bool whole) {
    pthread_mutex_lock(&spool->lock);
    from->stuck = !whole;
    if (whole) {
        from->bury_count = 0; /* its done records stand elsewhere now, with the same duty */
    }
    pthread_mutex_unlock(&spool->lock);
}

static bool may_go_on(edge_spool_t *spool) {
    return !atomic_load(&spool->keeper_ending) && !atomic_load(&spool->retired) &&
           atomic_load(&spool->trouble) == APR_SUCCESS;
}

uint64_t edge_compact_run(edge_spool_t *spool) {
    edge_footer_entry_t *entries = NULL;
    uint32_t count = 0, at = 0;
    bool whole = true;
    edge_segment_t *from = may_go_on(spool) ? find_sparse(spool) : NULL;
    if (from == NULL) {
        return 0;
    }
    pthread_mutex_lock(&spool->lock);
    uint64_t copied = EDGE_RECORD_SIZE + needed_bytes(from);
    pthread_mutex_unlock(&spool->lock);
    apr_status_t status = edge_seal_read(from, &entries, &count);
    if (status != APR_SUCCESS) {
        finish(spool, from, false);
        return 0;
    }
    while (at < count && status == APR_SUCCESS && may_go_on(spool)) {
        status = copy_some(spool, from, entries, count, &at, &whole);
    }
    bool done = at == count && status == APR_SUCCESS;
    if (done) {
        finish(spool, from, whole);
        EDGE_LOG(&edge_spool_log, EDGE_LOG_DEBUG, 261, "spool %s: segment %08u is copied on", spool->name,
                 from->head.number);
    }
    free(entries);
    return done ? copied : 0;
}
