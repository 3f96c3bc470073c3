/*
 * Large bodies: a file that is written by the body's pool of threads while it arrives.
 *
 * One task of a body at a time has what has gathered; meanwhile the worker gathers on. The
 * order at the end: the rest is written, the file synced, renamed from body/new/ to its
 * message's id in body/xx/, that directory synced; only then the record that names it goes
 * to the committer. A body that is given up loses its file; what a crash leaves behind is
 * swept at the next start (sweep.c).
 */
#include "store/body_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define PARTS 256

void edge_body_file_path(const edge_spool_t *spool, edge_uuid_t id, char *out, size_t size) {
    char text[EDGE_UUID_TEXT];
    edge_uuid_format(id, text);
    snprintf(out, size, "%s/%02x/%s", spool->body_directory, id.bytes[15], text);
}

static void temporary_path(const edge_spool_body_t *body, char *out, size_t size) {
    char text[EDGE_UUID_TEXT];
    edge_uuid_format(body->temporary, text);
    snprintf(out, size, "%s/new/%s", body->spool->body_directory, text);
}

static edge_spool_body_t *body_of(edge_task_t *task) { return EDGE_CONTAINER(task, edge_spool_body_t, task); }

/* On the pool's threads */

static apr_status_t open_file(edge_spool_body_t *body) {
    char path[EDGE_SPOOL_PATH];
    if (body->fd > 0) {
        return APR_SUCCESS;
    }
    body->temporary = edge_uuid_make(apr_time_now());
    temporary_path(body, path, sizeof path);
    edge_mono_t began = edge_clock_mono();
    int fd = body->spool->files->open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    edge_spool_took(body->spool, EDGE_SPOOL_CREATE, began);
    body->fd = fd + 1;
    return fd < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
}

static apr_status_t write_blocks(edge_spool_body_t *body) {
    struct iovec parts[PARTS];
    apr_status_t status = APR_SUCCESS;
    uint64_t start = body->offset;
    for (const edge_body_block_t *block = body->writing.first; block != NULL && status == APR_SUCCESS;) {
        uint64_t len = 0;
        int count = 0;
        for (; block != NULL && count < PARTS; block = block->next) {
            parts[count++] = (struct iovec){(void *)(uintptr_t)block->data, block->used};
            len += block->used;
        }
        status = edge_files_write(body->spool->files, body->fd - 1, parts, count, body->offset);
        body->offset += len;
    }
    /* On its way to the disk while the next octets arrive, so that the sync at the end is short. */
    sync_file_range(body->fd - 1, (off_t)start, (off_t)(body->offset - start), SYNC_FILE_RANGE_WRITE);
    return status;
}

static void run_write(edge_task_t *task) {
    edge_spool_body_t *body = body_of(task);
    body->task_trouble = open_file(body);
    if (body->task_trouble == APR_SUCCESS) {
        body->task_trouble = write_blocks(body);
    }
}

static bool sync_file(const edge_spool_body_t *body) {
    edge_mono_t began = edge_clock_mono();
    bool done = body->spool->files->fdatasync(body->fd - 1) == 0;
    edge_spool_took(body->spool, EDGE_SPOOL_FSYNC, began);
    return done;
}

static bool rename_file(const edge_spool_body_t *body, const char *from, const char *to) {
    edge_mono_t began = edge_clock_mono();
    bool done = body->spool->files->rename(from, to) == 0;
    edge_spool_took(body->spool, EDGE_SPOOL_RENAME, began);
    return done;
}

static apr_status_t make_durable(edge_spool_body_t *body) {
    const edge_spool_files_t *files = body->spool->files;
    char from[EDGE_SPOOL_PATH], to[EDGE_SPOOL_PATH];
    temporary_path(body, from, sizeof from);
    edge_body_file_path(body->spool, body->job->record.id, to, sizeof to);
    if (!sync_file(body) || !rename_file(body, from, to)) {
        return APR_FROM_OS_ERROR(errno);
    }
    *strrchr(to, '/') = '\0';
    return edge_files_sync_directory(files, to);
}

static void remove_file(edge_spool_body_t *body) {
    char path[EDGE_SPOOL_PATH];
    if (body->fd > 0) {
        temporary_path(body, path, sizeof path);
        body->spool->files->unlink(path);
        close(body->fd - 1);
        body->fd = 0;
    }
}

static void run_finish(edge_task_t *task) {
    edge_spool_body_t *body = body_of(task);
    if (body->trouble == APR_SUCCESS) {
        run_write(task);
        body->trouble = body->task_trouble;
    }
    if (body->trouble == APR_SUCCESS) {
        body->trouble = make_durable(body);
    }
    if (body->trouble != APR_SUCCESS) {
        remove_file(body);
    } else {
        close(body->fd - 1);
        body->fd = 0;
    }
    body->busy = false;
}

/* Still on the pool's thread; afterwards the body may be gone. */
static void finish_done(edge_task_t *task) {
    edge_spool_body_t *body = body_of(task);
    if (body->trouble == APR_SUCCESS) {
        edge_commit_push(body->spool, body->job);
    } else {
        edge_spool_answer(body->submission, edge_spool_outcome_of(body->trouble));
    }
}

static void run_remove(edge_task_t *task) { remove_file(body_of(task)); }

/* On the worker */

static void remove_done(edge_task_t *task) {
    edge_spool_body_t *body = body_of(task);
    body->busy = false;
    edge_spool_body_free(body);
}

void edge_body_file_remove(edge_spool_body_t *body) {
    if (body->fd <= 0) {
        body->fd = 0;
        edge_spool_body_free(body);
        return;
    }
    body->busy = true;
    body->task = (edge_task_t){.worker = body->base.worker, .run = run_remove, .done = remove_done};
    if (edge_task_submit(body->spool->body_pool, &body->task) != APR_SUCCESS) {
        run_remove(&body->task);
        remove_done(&body->task);
    }
}

static void go_on(edge_spool_body_t *body) {
    if (body->trouble == APR_SUCCESS && body->pending.len >= EDGE_BODY_CHUNK) {
        edge_body_file_write(body);
    }
    if (body->wants_room) {
        body->wants_room = false;
        body->base.room(body->base.owner);
    }
}

static void write_done(edge_task_t *task) {
    edge_spool_body_t *body = body_of(task);
    body->busy = false;
    body->trouble = body->trouble != APR_SUCCESS ? body->trouble : body->task_trouble;
    edge_blocks_clear(body->spool, body->base.worker, &body->writing);
    if (body->abandoned) {
        edge_body_file_remove(body);
    } else if (body->submission != NULL) {
        edge_body_file_finish(body);
    } else {
        go_on(body);
    }
}

static void hand_over(edge_spool_body_t *body) {
    body->writing = body->pending;
    body->pending = (edge_blocks_t){NULL, NULL, 0, 0};
    body->busy = true;
}

void edge_body_file_write(edge_spool_body_t *body) {
    EDGE_ASSERT(!body->busy);
    hand_over(body);
    body->task = (edge_task_t){.worker = body->base.worker, .run = run_write, .done = write_done};
    apr_status_t status = edge_task_submit(body->spool->body_pool, &body->task);
    if (status != APR_SUCCESS) {
        body->busy = false;
        body->trouble = status;
        edge_blocks_clear(body->spool, body->base.worker, &body->writing);
    }
}

void edge_body_file_finish(edge_spool_body_t *body) {
    EDGE_ASSERT(!body->busy);
    hand_over(body);
    body->task = (edge_task_t){.worker = NULL, .run = run_finish, .done = finish_done};
    apr_status_t status = edge_task_submit(body->spool->body_pool, &body->task);
    if (status != APR_SUCCESS) {
        body->busy = false;
        remove_file(body);
        edge_spool_answer(body->submission, EDGE_OUTCOME_FAILED);
    }
}
