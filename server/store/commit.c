/*
 * The committer: the one thread that appends to the log.
 *
 * Jobs come over a lock-free stack. A batch is what has gathered while the batch before was
 * written and synced, up to EDGE_BATCH_BYTES: one pwritev (more only beyond IOV_MAX parts)
 * straight from the bodies' memory, one fdatasync, then index, then the answers. A lone
 * message waits for exactly one sync. Only when many clients are at work (the last batch held
 * GATHER_FROM jobs) and few of them are back with the next message does the committer give
 * them a moment, never longer than the last sync took: on a fast disk that halves the syncs
 * and the wake-ups, and the time it costs is what the next sync would have taken.
 *
 * When a write or a sync fails nobody can say what is on the disk. All jobs of the batch are
 * answered FAILED (NO_ROOM when the disk is full), the segment is never written again, and
 * nothing is written twice: the next batch goes to a new segment. Records of the failed
 * batch that did reach the disk may be found by a later start; their clients were told to
 * try again, which is a duplicate at worst and never a loss. Until a new segment works the
 * spool takes no messages; that is tried again at once, then every second.
 *
 * The last part of a segment is kept for records that make room or change states, so that
 * messages can be deleted from a full disk.
 */
#include "store/spool_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#define RETRY APR_USEC_PER_SEC

#define PAGE 4096u

#define GATHER_FROM 4u             /* jobs of the last batch: fewer clients than that are never made to wait */
#define GATHER_ENOUGH 16u          /* jobs waiting: more would save little */
#define GATHER_MOST EDGE_MS(1)     /* a slow disk gathers by itself */
#define GATHER_PRECISION_NS 1000ul /* the system's own 50 us would be as long as the wait */

static const char padding[PAGE];

/* Taking jobs */

static void take_jobs(edge_spool_t *spool) {
    edge_spool_job_t *job = atomic_exchange_explicit(&spool->newest, NULL, memory_order_acquire), *oldest = NULL;
    edge_spool_job_t *last = job;
    if (job == NULL) {
        return;
    }
    while (job != NULL) {
        spool->waiting_count++;
        edge_spool_job_t *next = job->next;
        job->next = oldest;
        oldest = job;
        job = next;
    }
    *spool->waiting_end = oldest;
    spool->waiting_end = &last->next;
}

void edge_commit_push(edge_spool_t *spool, edge_spool_job_t *job) {
    edge_spool_job_t *newest = atomic_load_explicit(&spool->newest, memory_order_relaxed);
    do {
        job->next = newest;
    } while (!atomic_compare_exchange_weak(&spool->newest, &newest, job));
    if (!spool->committer_runs) {
        edge_commit_drain(spool);
    } else if (atomic_load(&spool->committer_asleep) && atomic_exchange(&spool->committer_asleep, false)) {
        sem_post(&spool->committer_wake);
    }
}

static void sleep_until_job(edge_spool_t *spool, bool troubled) {
    atomic_store(&spool->committer_asleep, true);
    if (atomic_load(&spool->newest) != NULL || atomic_load(&spool->closing)) {
        if (atomic_exchange(&spool->committer_asleep, false)) {
            return;
        }
        /* Somebody has posted already: take that too. */
    }
    if (troubled) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        while (sem_timedwait(&spool->committer_wake, &until) < 0 && errno == EINTR) {
        }
        if (!atomic_exchange(&spool->committer_asleep, false)) {
            sem_trywait(&spool->committer_wake);
        }
        return;
    }
    while (sem_wait(&spool->committer_wake) < 0 && errno == EINTR) {
    }
}

/* Trouble and its end */

static bool is_full(apr_status_t status) { return APR_STATUS_IS_ENOSPC(status) || status == APR_FROM_OS_ERROR(EDQUOT); }

static void set_trouble(edge_spool_t *spool, apr_status_t status, const char *what) {
    if (atomic_load(&spool->trouble) != status) {
        EDGE_LOG_STATUS(&edge_spool_log, EDGE_LOG_ERROR, 200, status,
                        "spool %s (%s): %s; no messages are taken until that works again", spool->name,
                        spool->directory, what);
    }
    atomic_store(&spool->trouble, status);
    atomic_store(&spool->log_outcome, is_full(status) ? EDGE_OUTCOME_NO_ROOM : EDGE_OUTCOME_FAILED);
}

static void end_trouble(edge_spool_t *spool) {
    if (atomic_exchange(&spool->trouble, APR_SUCCESS) != APR_SUCCESS) {
        EDGE_LOG(&edge_spool_log, EDGE_LOG_NOTICE, 201, "spool %s takes messages again", spool->name);
    }
    atomic_store(&spool->log_outcome, EDGE_OUTCOME_STORED);
    spool->retry_at = 0;
}

/* The open segment */

static edge_segment_t *find_ready(edge_spool_t *spool) {
    edge_segment_t *segment = spool->segments, *best = NULL;
    for (; segment != NULL; segment = segment->next) {
        if (segment->role == EDGE_SEGMENT_READY && (best == NULL || segment->head.number < best->head.number)) {
            best = segment;
        }
    }
    return best;
}

/* Puts a fresh segment in the place of the open one. */
static apr_status_t rotate(edge_spool_t *spool) {
    apr_status_t status = APR_SUCCESS;
    pthread_mutex_lock(&spool->lock);
    bool attached = spool->attached;
    edge_segment_t *fresh = find_ready(spool);
    if (fresh != NULL) {
        fresh->role = EDGE_SEGMENT_OPEN; /* nobody else takes it now */
    }
    pthread_mutex_unlock(&spool->lock);
    if (!attached) {
        return atomic_load(&spool->trouble) != APR_SUCCESS ? atomic_load(&spool->trouble) : APR_EGENERAL;
    }
    if (fresh == NULL) {
        status = edge_segment_make(spool, true, &fresh);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    pthread_mutex_lock(&spool->lock);
    fresh->role = EDGE_SEGMENT_OPEN;
    if (spool->open != NULL) {
        spool->open->role = EDGE_SEGMENT_CLOSING;
    }
    spool->open = fresh;
    pthread_mutex_unlock(&spool->lock);
    edge_keeper_wake(spool);
    return APR_SUCCESS;
}

/* False: it did not work, or it is too early to try again. */
static bool try_rotate(edge_spool_t *spool) {
    apr_time_t now = apr_time_now();
    if (atomic_load(&spool->trouble) != APR_SUCCESS && now < spool->retry_at) {
        return false;
    }
    apr_status_t status = rotate(spool);
    if (status == APR_SUCCESS) {
        end_trouble(spool);
        return true;
    }
    spool->retry_at = now + RETRY;
    set_trouble(spool, status, "a new segment cannot be made");
    edge_keeper_wake(spool);
    return false;
}

static bool makes_room(const edge_spool_job_t *job) {
    return job->record.type == EDGE_RECORD_DONE || job->record.type == EDGE_RECORD_STATE;
}

static bool fits(const edge_segment_t *segment, uint64_t offset, uint32_t entries, const edge_spool_job_t *job,
                 bool reserve) {
    uint64_t kept = segment->head.size / 128;
    return offset + edge_record_length(&job->record) + (reserve ? kept : 0) <= edge_segment_limit(segment, entries + 1);
}

/* Writing a batch */

static int add_parts(edge_spool_job_t *job, struct iovec *parts) {
    int count = 0;
    uint64_t length = EDGE_RECORD_SIZE + edge_record_content(&job->record);
    parts[count++] = (struct iovec){job->head, EDGE_RECORD_SIZE + job->record.head_len};
    for (const edge_body_block_t *block = job->blocks; block != NULL; block = block->next) {
        if (block->used > 0) {
            parts[count++] = (struct iovec){(void *)(uintptr_t)block->data, block->used};
        }
    }
    if (edge_record_align(length) > length) {
        parts[count++] = (struct iovec){(void *)(uintptr_t)padding, (size_t)(edge_record_align(length) - length)};
    }
    return count;
}

static int parts_needed(const edge_spool_job_t *job) {
    int count = 2;
    for (const edge_body_block_t *block = job->blocks; block != NULL; block = block->next) {
        count++;
    }
    return count;
}

/* Gives waiting jobs their places as long as they fit; returns how many octets. */
static uint64_t plan_batch(edge_spool_t *spool, unsigned *jobs, int *part_count) {
    edge_segment_t *segment = spool->open;
    uint64_t offset = segment->tail;
    edge_spool_job_t *job = spool->waiting;
    *jobs = 0;
    *part_count = 0;
    for (; job != NULL && offset - segment->tail < EDGE_BATCH_BYTES; job = job->next) {
        bool reserve = !makes_room(job);
        if (!fits(segment, offset, segment->entry_count + *jobs, job, reserve) ||
            *part_count + parts_needed(job) > EDGE_BATCH_PARTS) {
            break;
        }
        job->record.segment = segment->head.number;
        job->record.offset = offset;
        job->record.batch = segment->tail;
        edge_record_write(&job->record, segment->head.salt, job->head);
        *part_count += add_parts(job, spool->parts + *part_count);
        offset += edge_record_length(&job->record);
        (*jobs)++;
    }
    spool->batch_end = job;
    return offset - segment->tail;
}

static edge_footer_entry_t entry_of(const edge_spool_job_t *job) {
    return (edge_footer_entry_t){.id = job->record.id,
                                 .type = job->record.type,
                                 .state = job->record.type == EDGE_RECORD_STATE ? job->state : EDGE_MESSAGE_ACTIVE,
                                 .offset = job->record.offset,
                                 .length = edge_record_length(&job->record),
                                 .size = job->size,
                                 .change = job->record.change,
                                 .next = job->due};
}

static void apply_batch(edge_spool_t *spool, uint64_t bytes) {
    edge_segment_t *segment = spool->open;
    pthread_mutex_lock(&spool->lock);
    for (edge_spool_job_t *job = spool->waiting; job != spool->batch_end; job = job->next) {
        edge_footer_entry_t entry = entry_of(job);
        edge_segment_note(segment, &entry);
        job->segment = segment;
        if (job->moved_from != NULL) {
            job->counted = edge_ledger_move(spool, job->moved_from, job->moved_offset, segment, &entry);
        } else {
            edge_ledger_apply(spool, segment, &entry);
        }
    }
    segment->tail += bytes;
    edge_spool_tell_arrived(spool);
    pthread_mutex_unlock(&spool->lock);
}

/* Answers the jobs up to `end`, which are the first of those waiting. */
static void answer(edge_spool_t *spool, edge_spool_job_t *end, apr_status_t status) {
    edge_outcome_t outcome = status == APR_SUCCESS ? EDGE_OUTCOME_STORED
                             : is_full(status)     ? EDGE_OUTCOME_NO_ROOM
                                                   : EDGE_OUTCOME_FAILED;
    edge_spool_job_t *job = spool->waiting;
    spool->waiting = end;
    if (end == NULL) {
        spool->waiting_end = &spool->waiting;
    }
    while (job != end) {
        edge_spool_job_t *next = job->next;
        spool->waiting_count--;
        job->status = status;
        job->outcome = outcome;
        job->finished(job);
        job = next;
    }
}

/* Zeros up to the end of the last page: a page that is written whole need not be read first, and prewritten segments
 * are not in the page cache. */
static int fill_page(const edge_segment_t *segment, uint64_t end, struct iovec *part) {
    uint64_t page_end = (end + PAGE - 1) / PAGE * PAGE, most = segment->head.size - EDGE_SEGMENT_TAIL;
    page_end = page_end < most ? page_end : most;
    *part = (struct iovec){(void *)(uintptr_t)padding, page_end > end ? (size_t)(page_end - end) : 0};
    return part->iov_len > 0 ? 1 : 0;
}

static apr_status_t write_batch(edge_spool_t *spool, uint64_t bytes, int part_count) {
    edge_segment_t *segment = spool->open;
    part_count += fill_page(segment, segment->tail + bytes, spool->parts + part_count);
    edge_mono_t began = edge_clock_mono();
    apr_status_t status = edge_files_write(spool->files, segment->fd, spool->parts, part_count, segment->tail);
    edge_mono_t start = edge_clock_mono();
    edge_histogram_observe(&spool->options.took[EDGE_SPOOL_WRITE], start - began);
    if (status != APR_SUCCESS) {
        edge_spool_count(spool, EDGE_SPOOL_WRITES_FAILED, 1);
        return status;
    }
    if (spool->files->fdatasync(segment->fd) < 0) {
        status = APR_FROM_OS_ERROR(errno);
        edge_spool_count(spool, EDGE_SPOOL_SYNCS_FAILED, 1);
    }
    spool->sync_took = edge_clock_mono() - start;
    edge_histogram_observe(&spool->options.took[EDGE_SPOOL_FSYNC], spool->sync_took);
    return status;
}

static void break_segment(edge_spool_t *spool, apr_status_t status) {
    char what[64];
    edge_segment_t *segment = spool->open;
    snprintf(what, sizeof what, "writing segment %08u failed", segment->head.number);
    pthread_mutex_lock(&spool->lock);
    segment->role = EDGE_SEGMENT_BROKEN;
    spool->open = NULL;
    pthread_mutex_unlock(&spool->lock);
    set_trouble(spool, status, what);
    spool->retry_at = 0;
}

static void count_batch(edge_spool_t *spool, unsigned jobs, uint64_t bytes) {
    atomic_fetch_add_explicit(&spool->commits, jobs, memory_order_relaxed);
    atomic_fetch_add_explicit(&spool->syncs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&spool->batches, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&spool->taken_bytes, bytes, memory_order_relaxed);
    edge_spool_count(spool, EDGE_SPOOL_COMMITS, jobs);
    edge_spool_count(spool, EDGE_SPOOL_SYNCS, 1);
    edge_spool_count(spool, EDGE_SPOOL_BATCHES, 1);
    edge_spool_count(spool, EDGE_SPOOL_BYTES, (int64_t)bytes);
    spool->last_batch = jobs;
}

/* False: the first job finds no place in the open segment. */
static bool run_batch(edge_spool_t *spool) {
    unsigned jobs;
    int part_count;
    if (spool->open == NULL) {
        return false;
    }
    uint64_t bytes = plan_batch(spool, &jobs, &part_count);
    if (jobs == 0) {
        return false;
    }
    apr_status_t status = write_batch(spool, bytes, part_count);
    if (status == APR_SUCCESS) {
        apply_batch(spool, bytes);
        count_batch(spool, jobs, bytes);
    } else {
        break_segment(spool, status);
    }
    answer(spool, spool->batch_end, status);
    return true;
}

/* Gives clients that are on the way a moment, as the head of this file says. */
static void gather(edge_spool_t *spool) {
    take_jobs(spool);
    if (spool->waiting == NULL || !spool->committer_runs || spool->last_batch < GATHER_FROM ||
        spool->waiting_count >= GATHER_ENOUGH || atomic_load(&spool->closing)) {
        return;
    }
    edge_mono_t wait = spool->sync_took < GATHER_MOST ? spool->sync_took : GATHER_MOST;
    struct timespec time = {.tv_nsec = (long)wait * 1000};
    nanosleep(&time, NULL);
    take_jobs(spool);
}

/* A segment without prewritten blocks is left as soon as there is a better one. */
static void leave_slow_segment(edge_spool_t *spool) {
    pthread_mutex_lock(&spool->lock);
    bool better = spool->open != NULL && spool->open->slow && find_ready(spool) != NULL;
    pthread_mutex_unlock(&spool->lock);
    if (better) {
        try_rotate(spool);
    }
}

static void fail_first(edge_spool_t *spool) {
    apr_status_t status = atomic_load(&spool->trouble);
    answer(spool, spool->waiting->next, status != APR_SUCCESS ? status : APR_EGENERAL);
}

static bool fits_nowhere(const edge_spool_t *spool) {
    edge_segment_t empty = {.head = {.size = spool->options.segment_size}};
    return !fits(&empty, EDGE_SEGMENT_HEAD, 0, spool->waiting, true) || parts_needed(spool->waiting) > EDGE_BATCH_PARTS;
}

static void run_waiting(edge_spool_t *spool) {
    leave_slow_segment(spool);
    while (spool->waiting != NULL) {
        if (run_batch(spool)) {
            gather(spool);
        } else if (fits_nowhere(spool) || !try_rotate(spool)) {
            fail_first(spool);
        }
    }
}

void edge_commit_drain(edge_spool_t *spool) {
    gather(spool);
    run_waiting(spool);
}

static void *live(void *argument) {
    edge_spool_t *spool = argument;
    prctl(PR_SET_TIMERSLACK, GATHER_PRECISION_NS);
    for (;;) {
        bool ending = atomic_load(&spool->closing);
        edge_commit_drain(spool);
        if (ending && atomic_load(&spool->newest) == NULL) {
            return NULL;
        }
        bool troubled = atomic_load(&spool->trouble) != APR_SUCCESS || spool->open == NULL;
        if (troubled && try_rotate(spool)) {
            troubled = false;
        }
        sleep_until_job(spool, troubled);
    }
}

apr_status_t edge_commit_start(edge_spool_t *spool) {
    spool->committer_runs = true; /* before the thread looks */
    int error = pthread_create(&spool->committer, NULL, live, spool);
    spool->committer_runs = error == 0;
    if (error == 0) {
        pthread_setname_np(spool->committer, "committer");
    }
    return APR_FROM_OS_ERROR(error);
}

void edge_commit_stop(edge_spool_t *spool) {
    if (!spool->committer_runs) {
        return;
    }
    atomic_store(&spool->closing, true);
    if (atomic_exchange(&spool->committer_asleep, false)) {
        sem_post(&spool->committer_wake);
    }
    pthread_join(spool->committer, NULL);
    spool->committer_runs = false;
}

static void wake_waiter(edge_spool_job_t *job) { sem_post(job->waiter); }

void edge_commit_wait(edge_spool_t *spool, edge_spool_job_t *jobs, unsigned count) {
    sem_t done;
    sem_init(&done, 0, 0);
    for (unsigned i = 0; i < count; i++) {
        jobs[i].waiter = &done;
        jobs[i].finished = wake_waiter;
        edge_commit_push(spool, &jobs[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        while (sem_wait(&done) < 0 && errno == EINTR) {
        }
    }
    sem_destroy(&done);
}
