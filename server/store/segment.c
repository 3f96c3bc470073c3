/*
 * Segments: made ahead, opened, freed.
 *
 * Order on disk when one is made: a file "PID-N.new" is created and locked; its blocks are
 * allocated and (but for slow ones) written with zeros; both copies of the header are
 * written; the file is synced; it is linked under its number, which fails when another
 * process has taken that; the first name is unlinked; the directory is synced. Only then
 * may the committer use it. When one is used again: new headers (from then on no old record
 * and no old footer in it is valid), sync, link under the new number, unlink the old name,
 * sync of the directory. A segment whose name is not the number in its header is one whose
 * reuse was interrupted: that name is unlinked.
 */
#include "store/spool_priv.h"

#include <apr_general.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ZEROS (1u << 20)
#define ZEROS_A_TIME 4

#define ZEROS_ALIGN 4096u

static const char zeros[ZEROS] __attribute__((aligned(ZEROS_ALIGN)));

void edge_segment_path(const edge_spool_t *spool, uint32_t number, char *out, size_t size) {
    snprintf(out, size, "%s/%08u.seg", spool->log_directory, number);
}

/* A second descriptor past the page cache: copying zeros into it would cost more than all else the spool does. */
static int open_direct(edge_spool_t *spool, const char *path) {
    return spool->options.segment_size % ZEROS_ALIGN == 0 ? spool->files->open(path, O_WRONLY | O_DIRECT | O_CLOEXEC, 0)
                                                          : -1;
}

static apr_status_t write_zeros(edge_spool_t *spool, int fd, uint64_t at, uint64_t size) {
    struct iovec parts[ZEROS_A_TIME];
    int count = 0;
    uint64_t start = at;
    for (; count < ZEROS_A_TIME && at < size; count++) {
        size_t len = size - at < ZEROS ? (size_t)(size - at) : ZEROS;
        parts[count] = (struct iovec){(void *)(uintptr_t)zeros, len};
        at += len;
    }
    return edge_files_write(spool->files, fd, parts, count, start);
}

/* In the page cache: paced, so that a sync of the log never waits for all of it. */
static apr_status_t write_zeros_cached(edge_spool_t *spool, int fd, uint64_t at, uint64_t size) {
    apr_status_t status = write_zeros(spool, fd, at, size);
    sync_file_range(fd, (off_t)at, ZEROS * ZEROS_A_TIME,
                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    return status;
}

static apr_status_t prewrite(edge_spool_t *spool, int fd, const char *path, uint64_t size) {
    apr_status_t status = APR_SUCCESS;
    int direct = open_direct(spool, path);
    for (uint64_t at = 0; at < size && status == APR_SUCCESS; at += ZEROS * ZEROS_A_TIME) {
        if (direct >= 0 && (status = write_zeros(spool, direct, at, size)) == APR_EINVAL) {
            close(direct); /* this file system takes no such writes */
            direct = -1;
        }
        if (direct < 0) {
            status = write_zeros_cached(spool, fd, at, size);
        }
        if (status == APR_SUCCESS && atomic_load(&spool->keeper_ending)) {
            status = APR_EOF;
        }
    }
    if (direct >= 0) {
        close(direct);
    }
    return status;
}

static apr_status_t write_heads(edge_spool_t *spool, int fd, const edge_segment_head_t *head) {
    char octets[EDGE_SEGMENT_HEAD];
    edge_record_write_head(head, octets);
    apr_status_t status = edge_files_write_one(spool->files, fd, octets, sizeof octets, 0);
    if (status == APR_SUCCESS) {
        status = edge_files_write_one(spool->files, fd, octets, sizeof octets, head->size - EDGE_SEGMENT_TAIL);
    }
    if (status == APR_SUCCESS && spool->files->fdatasync(fd) < 0) {
        status = APR_FROM_OS_ERROR(errno);
    }
    return status;
}

static uint32_t next_number(edge_spool_t *spool) {
    pthread_mutex_lock(&spool->lock);
    uint32_t number = ++spool->last_number;
    spool->given[number % EDGE_COUNT(spool->given)] = number; /* before anybody can see the file under that name */
    pthread_mutex_unlock(&spool->lock);
    return number;
}

/* Another process has it. */
static void take_number_back(edge_spool_t *spool, uint32_t number) {
    pthread_mutex_lock(&spool->lock);
    if (spool->given[number % EDGE_COUNT(spool->given)] == number) {
        spool->given[number % EDGE_COUNT(spool->given)] = 0;
    }
    pthread_mutex_unlock(&spool->lock);
}

/* Numbers until one is free; the header, which names it, is written before each try. */
static apr_status_t give_name(edge_spool_t *spool, int fd, edge_segment_head_t *head, const char *old_path) {
    char path[EDGE_SPOOL_PATH];
    for (;;) {
        head->number = next_number(spool);
        apr_generate_random_bytes((unsigned char *)&head->salt, sizeof head->salt);
        head->made = apr_time_now();
        apr_status_t status = write_heads(spool, fd, head);
        if (status != APR_SUCCESS) {
            return status;
        }
        edge_segment_path(spool, head->number, path, sizeof path);
        if (spool->files->link(old_path, path) == 0) {
            break;
        }
        if (errno != EEXIST) {
            return APR_FROM_OS_ERROR(errno);
        }
        take_number_back(spool, head->number);
    }
    spool->files->unlink(old_path);
    return edge_files_sync_directory(spool->files, spool->log_directory);
}

static edge_segment_t *new_segment(int fd, const edge_segment_head_t *head) {
    edge_segment_t *segment = calloc(1, sizeof *segment);
    EDGE_ASSERT(segment != NULL);
    segment->fd = fd;
    segment->head = *head;
    segment->tail = EDGE_SEGMENT_HEAD;
    return segment;
}

static apr_status_t make_file(edge_spool_t *spool, int fd, const char *path, bool slow, edge_segment_head_t *head) {
    if (!edge_lock_segment(fd)) {
        return APR_EBUSY;
    }
    int error = spool->files->allocate(fd, 0, (off_t)head->size);
    if (error != 0) {
        return APR_FROM_OS_ERROR(error);
    }
    apr_status_t status = slow ? APR_SUCCESS : prewrite(spool, fd, path, head->size);
    return status == APR_SUCCESS ? give_name(spool, fd, head, path) : status;
}

apr_status_t edge_segment_make(edge_spool_t *spool, bool slow, edge_segment_t **made) {
    static _Atomic unsigned sequence;
    char path[EDGE_SPOOL_PATH];
    edge_segment_head_t head = {.size = spool->options.segment_size};
    snprintf(path, sizeof path, "%s/%d-%u.new", spool->log_directory, (int)getpid(), atomic_fetch_add(&sequence, 1));
    int fd = spool->files->open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        apr_status_t why = APR_FROM_OS_ERROR(errno);
        edge_spool_count(spool, EDGE_SPOOL_CREATIONS_FAILED, 1);
        return why;
    }
    apr_status_t status = make_file(spool, fd, path, slow, &head);
    if (status != APR_SUCCESS) {
        edge_spool_count(spool, EDGE_SPOOL_CREATIONS_FAILED, status != APR_EOF);
        unlink(path);
        close(fd);
        return status;
    }
    edge_segment_t *segment = new_segment(fd, &head);
    segment->role = EDGE_SEGMENT_READY;
    segment->slow = slow;
    pthread_mutex_lock(&spool->lock);
    edge_segment_insert(spool, segment);
    pthread_mutex_unlock(&spool->lock);
    *made = segment;
    return APR_SUCCESS;
}

static void forget_and_free(edge_spool_t *spool, edge_segment_t *segment) {
    pthread_mutex_lock(&spool->lock);
    edge_segment_forget(spool, segment);
    pthread_mutex_unlock(&spool->lock);
    edge_segment_free(segment);
}

apr_status_t edge_segment_recycle(edge_spool_t *spool, edge_segment_t *segment, bool reuse) {
    char path[EDGE_SPOOL_PATH];
    edge_segment_head_t head = segment->head;
    apr_status_t status = APR_SUCCESS;
    edge_segment_path(spool, segment->head.number, path, sizeof path);
    if (reuse && (status = give_name(spool, segment->fd, &head, path)) == APR_SUCCESS) {
        edge_segment_t *again = new_segment(segment->fd, &head);
        again->role = EDGE_SEGMENT_READY;
        segment->fd = -1;
        forget_and_free(spool, segment);
        pthread_mutex_lock(&spool->lock);
        edge_segment_insert(spool, again);
        pthread_mutex_unlock(&spool->lock);
        return APR_SUCCESS;
    }
    /* Not wanted, or not to be had any more: whatever its header says by now, nothing in it lives. */
    if (spool->files->unlink(path) < 0 && errno != ENOENT) {
        return APR_FROM_OS_ERROR(errno);
    }
    /* Until the name is gone for good, done records elsewhere must go on burying what is in it. */
    apr_status_t synced = edge_files_sync_directory(spool->files, spool->log_directory);
    if (synced == APR_SUCCESS) {
        forget_and_free(spool, segment);
    }
    return status != APR_SUCCESS ? status : synced;
}

apr_status_t edge_segment_open(edge_spool_t *spool, uint32_t number, edge_segment_t **opened) {
    char path[EDGE_SPOOL_PATH], octets[EDGE_SEGMENT_HEAD];
    edge_segment_head_t head;
    edge_segment_path(spool, number, path, sizeof path);
    int fd = spool->files->open(path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    off_t end = lseek(fd, 0, SEEK_END);
    bool sound = edge_files_read(fd, octets, sizeof octets, 0) == APR_SUCCESS && edge_record_read_head(octets, &head);
    if (!sound && end > (off_t)EDGE_SEGMENT_TAIL) {
        sound = edge_files_read(fd, octets, sizeof octets, (uint64_t)end - EDGE_SEGMENT_TAIL) == APR_SUCCESS &&
                edge_record_read_head(octets, &head);
    }
    if (!sound || head.size > (uint64_t)end || head.size < EDGE_SEGMENT_HEAD + EDGE_SEGMENT_TAIL ||
        head.size > (uint64_t)UINT32_MAX * EDGE_RECORD_ALIGN) {
        close(fd);
        return APR_EGENERAL;
    }
    *opened = new_segment(fd, &head);
    return APR_SUCCESS;
}

void edge_segment_free(edge_segment_t *segment) {
    if (segment->fd >= 0) {
        close(segment->fd);
    }
    free(segment->entries);
    free(segment->buries);
    free(segment);
}

void edge_segment_insert(edge_spool_t *spool, edge_segment_t *segment) {
    segment->next = spool->segments;
    spool->segments = segment;
    if (segment->head.number > spool->last_number) {
        spool->last_number = segment->head.number;
    }
}

void edge_segment_forget(edge_spool_t *spool, edge_segment_t *segment) {
    for (edge_segment_t **link = &spool->segments; *link != NULL;) {
        edge_segment_t *other = *link;
        for (unsigned i = 0; i < other->bury_count; i++) {
            if (other->buries[i] == segment) {
                other->buries[i--] = other->buries[--other->bury_count];
            }
        }
        if (other == segment) {
            *link = other->next;
        } else {
            link = &other->next;
        }
    }
    spool->haunted -= segment->haunted ? 1 : 0;
}

uint64_t edge_segment_limit(const edge_segment_t *segment, uint32_t entries) {
    uint64_t footer = EDGE_SEGMENT_TAIL + (uint64_t)entries * EDGE_FOOTER_ENTRY + EDGE_RECORD_ALIGN;
    return footer < segment->head.size ? segment->head.size - footer : 0;
}

void edge_segment_note(edge_segment_t *segment, const edge_footer_entry_t *entry) {
    if (segment->entry_count == segment->entry_room) {
        segment->entry_room = segment->entry_room == 0 ? 256 : segment->entry_room * 2;
        segment->entries = realloc(segment->entries, segment->entry_room * sizeof segment->entries[0]);
        EDGE_ASSERT(segment->entries != NULL);
    }
    segment->entries[segment->entry_count++] = *entry;
}

uint64_t edge_segment_taken(const edge_segment_t *segment) {
    switch (segment->role) {
    case EDGE_SEGMENT_READY: return 0;
    case EDGE_SEGMENT_OPEN: return segment->tail;
    default: return segment->head.size;
    }
}
