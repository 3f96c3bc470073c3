/*
 * The keeper: the thread that does for the log what must not delay it.
 *
 * Each turn, once a second and whenever somebody wakes it: seal what is full, keep a
 * segment ready, look at the file system, become the maintainer if nobody is, follow and
 * adopt segments of others, free and compact. A retired one only seals and gives up.
 */
#include "store/spool_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define TURN_NS 1000000000L
#define COMPACT_BYTES (16u << 20) /* a turn's worth of copying */
#define HURRIED_TURN_NS 50000000L /* while another process is still the maintainer */

void edge_keeper_wake(edge_spool_t *spool) {
    if (spool->keeper_runs) {
        sem_post(&spool->keeper_wake);
    }
}

static edge_segment_t *find_role(edge_spool_t *spool, edge_segment_role_t role, unsigned *count) {
    edge_segment_t *found = NULL;
    *count = 0;
    pthread_mutex_lock(&spool->lock);
    for (edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        if (segment->role == role) {
            found = segment;
            (*count)++;
        }
    }
    pthread_mutex_unlock(&spool->lock);
    return found;
}

static void set_sealed(edge_spool_t *spool, edge_segment_t *segment, edge_segment_role_t role) {
    edge_footer_entry_t *entries = NULL;
    pthread_mutex_lock(&spool->lock);
    segment->role = role;
    if (role == EDGE_SEGMENT_SEALED) {
        entries = segment->entries;
        segment->entries = NULL;
        segment->entry_count = segment->entry_room = 0;
    }
    pthread_mutex_unlock(&spool->lock);
    free(entries);
}

void edge_keeper_seal(edge_spool_t *spool) {
    unsigned count;
    edge_segment_t *segment;
    while ((segment = find_role(spool, EDGE_SEGMENT_CLOSING, &count)) != NULL) {
        apr_status_t status = edge_seal_write(spool, segment);
        if (status != APR_SUCCESS) {
            EDGE_LOG_STATUS(&edge_spool_log, EDGE_LOG_WARN, 230, status,
                            "spool %s: segment %08u gets no footer; it will be scanned at each start", spool->name,
                            segment->head.number);
        }
        set_sealed(spool, segment, status == APR_SUCCESS ? EDGE_SEGMENT_SEALED : EDGE_SEGMENT_BROKEN);
    }
}

static bool may_take(edge_spool_t *spool, uint64_t size) {
    int64_t left = atomic_load(&spool->free_bytes);
    return left < 0 || (uint64_t)left >= size + spool->options.min_free;
}

static void make_ready(edge_spool_t *spool) {
    unsigned count;
    edge_segment_t *made;
    find_role(spool, EDGE_SEGMENT_READY, &count);
    if (count > 0 || !may_take(spool, spool->options.segment_size)) {
        return;
    }
    apr_status_t status = edge_segment_make(spool, false, &made);
    if (status != APR_SUCCESS && status != APR_EOF) {
        EDGE_LOG_STATUS(&edge_spool_log, EDGE_LOG_INFO, 231, status, "spool %s: no segment can be made ahead",
                        spool->name);
    }
}

void edge_keeper_measure(edge_spool_t *spool) {
    uint64_t taken;
    pthread_mutex_lock(&spool->lock);
    taken = spool->file_bytes;
    for (const edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        taken += edge_segment_taken(segment);
    }
    atomic_store(&spool->taken_bytes, taken);
    pthread_mutex_unlock(&spool->lock);
    atomic_store(&spool->free_bytes, spool->files->free_bytes(spool->directory));
    atomic_store(&spool->free_inodes, spool->files->free_inodes(spool->directory));
}

/* The spool was opened on a disk that did not let it: is it better now? */
static void attach(edge_spool_t *spool) {
    const char *why;
    pthread_mutex_lock(&spool->lock);
    bool attached = spool->attached;
    pthread_mutex_unlock(&spool->lock);
    if (!attached) {
        apr_status_t status = edge_recover_attach(spool, &why);
        if (status != APR_SUCCESS) {
            atomic_store(&spool->trouble, status);
        }
    }
}

/* Retirement */

static edge_segment_t *find_given_up(edge_spool_t *spool) {
    edge_segment_t *segment = spool->segments;
    while (segment != NULL &&
           (segment->role == EDGE_SEGMENT_OPEN || segment->role == EDGE_SEGMENT_CLOSING || segment->pins > 0)) {
        segment = segment->next;
    }
    return segment;
}

static void drop_index(edge_spool_t *spool) {
    pthread_mutex_lock(&spool->lock);
    spool->loaded = false;
    edge_index_free(&spool->index);
    spool->file_bytes = 0;
    for (edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        segment->live = 0;
        segment->live_bytes = 0;
        segment->bury_count = 0;
    }
    pthread_cond_broadcast(&spool->changed);
    pthread_mutex_unlock(&spool->lock);
}

/* Another process serves the spool now: its locks are its own to take, first those of segments, then the maintainer's. */
static void give_up(edge_spool_t *spool) {
    edge_segment_t *segment;
    bool served = spool->loaded; /* only this thread changes it now */
    pthread_mutex_lock(&spool->following);
    if (served) {
        drop_index(spool);
    }
    pthread_mutex_lock(&spool->lock);
    while ((segment = find_given_up(spool)) != NULL) {
        edge_ledger_drop_segment(spool, segment);
        edge_segment_forget(spool, segment);
        edge_segment_free(segment);
    }
    pthread_mutex_unlock(&spool->lock);
    pthread_mutex_unlock(&spool->following);
    if (served) {
        edge_lock_yield_maintainer(spool);
        EDGE_LOG(&edge_spool_log, EDGE_LOG_INFO, 232, "spool %s: given over to the next generation", spool->name);
    }
}

/* One sparse segment after the other, but only so much in a turn: the disk is for messages that come. */
static void compact(edge_spool_t *spool) {
    uint64_t copied = 0, last;
    do {
        last = edge_compact_run(spool);
        copied += last;
        edge_compact_free_dead(spool);
    } while (last > 0 && copied < COMPACT_BYTES);
}

static void keep(edge_spool_t *spool) {
    edge_keeper_seal(spool);
    if (atomic_load(&spool->retired)) {
        give_up(spool);
        edge_keeper_measure(spool);
        return;
    }
    attach(spool);
    if (!spool->attached) {
        return;
    }
    if (!spool->loaded) {
        edge_recover_load(spool);
    }
    edge_keeper_measure(spool);
    if (spool->loaded) {
        edge_recover_follow(spool);
        edge_compact_free_dead(spool);
    }
    make_ready(spool);
    if (spool->loaded) {
        compact(spool);
    }
}

static void sleep_a_turn(edge_spool_t *spool) {
    struct timespec until;
    bool hurried = !spool->loaded && spool->attached && !atomic_load(&spool->retired);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += hurried ? HURRIED_TURN_NS : TURN_NS - 1;
    if (until.tv_nsec >= TURN_NS) {
        until.tv_nsec -= TURN_NS;
        until.tv_sec++;
    }
    while (sem_timedwait(&spool->keeper_wake, &until) < 0 && errno == EINTR) {
    }
    while (sem_trywait(&spool->keeper_wake) == 0) {
    }
}

static void *live(void *argument) {
    edge_spool_t *spool = argument;
    while (!atomic_load(&spool->keeper_ending)) {
        keep(spool);
        sleep_a_turn(spool);
    }
    return NULL;
}

apr_status_t edge_keeper_start(edge_spool_t *spool) {
    int error = pthread_create(&spool->keeper, NULL, live, spool);
    if (error == 0) {
        pthread_setname_np(spool->keeper, "spoolkeeper");
    }
    return APR_FROM_OS_ERROR(error);
}

void edge_keeper_stop(edge_spool_t *spool) {
    if (spool->keeper_runs) {
        atomic_store(&spool->keeper_ending, true);
        sem_post(&spool->keeper_wake);
        pthread_join(spool->keeper, NULL);
        spool->keeper_runs = false;
    }
}
