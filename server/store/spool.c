/* Opening and closing a spool, and whether it takes messages. */
#include "store/spool_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

EDGE_LOG_AREA(edge_spool_log, "spool")

#define BODY_THREADS 4
#define BODY_QUEUE 65536 /* each open body has one task at most */

void edge_spool_count(edge_spool_t *spool, edge_spool_counter_t what, int64_t amount) {
    if (spool->options.counters != EDGE_SPOOL_UNCOUNTED && amount != 0) {
        edge_counter_add(spool->options.counters + what, amount);
    }
}

void edge_spool_took(const edge_spool_t *spool, edge_spool_operation_t what, edge_mono_t began) {
    edge_histogram_observe(&spool->options.took[what], edge_clock_mono() - began);
}

/* A disk that is full, failing or read-only gets better without the operator's help at the spool. */
static bool may_pass(apr_status_t status) {
    return APR_STATUS_IS_ENOSPC(status) || status == APR_FROM_OS_ERROR(EROFS) || status == APR_FROM_OS_ERROR(EIO) ||
           status == APR_FROM_OS_ERROR(EDQUOT) || APR_STATUS_IS_EMFILE(status) || APR_STATUS_IS_ENFILE(status);
}

static char *copy_path(const char *a, const char *b) {
    size_t size = strlen(a) + strlen(b) + 1;
    char *path = malloc(size);
    EDGE_ASSERT(path != NULL);
    memcpy(path, a, strlen(a));
    memcpy(path + strlen(a), b, strlen(b) + 1);
    return path;
}

static edge_spool_t *make(const edge_spool_options_t *options) {
    edge_spool_t *spool = calloc(1, sizeof *spool);
    EDGE_ASSERT(spool != NULL);
    EDGE_OBJ_INIT(spool, EDGE_SPOOL_MAGIC);
    spool->options = *options;
    spool->options.segment_size = options->segment_size != 0 ? options->segment_size : EDGE_SEGMENT_SIZE;
    spool->options.body_most = options->body_most != 0 ? options->body_most : EDGE_BODY_MOST;
    spool->options.body_memory = options->body_memory != 0 ? options->body_memory : EDGE_BODY_MEMORY;
    spool->files = options->files != NULL ? options->files : &edge_spool_system_files;
    spool->directory = copy_path(options->directory, "");
    spool->name = copy_path(options->name, "");
    spool->log_directory = copy_path(options->directory, "/log");
    spool->body_directory = copy_path(options->directory, "/body");
    spool->waiting_end = &spool->waiting;
    spool->lock_fd = -1;
    spool->parts = malloc((EDGE_BATCH_PARTS + 1) * sizeof spool->parts[0]);
    EDGE_ASSERT(spool->parts != NULL);
    pthread_mutex_init(&spool->lock, NULL);
    pthread_mutex_init(&spool->following, NULL);
    pthread_cond_init(&spool->changed, NULL);
    sem_init(&spool->committer_wake, 0, 0);
    sem_init(&spool->keeper_wake, 0, 0);
    atomic_store(&spool->free_bytes, -1);
    return spool;
}

static void destroy(edge_spool_t *spool) {
    while (spool->segments != NULL) {
        edge_segment_t *segment = spool->segments;
        spool->segments = segment->next;
        edge_segment_free(segment);
    }
    edge_lock_close(spool);
    edge_index_free(&spool->index);
    pthread_mutex_destroy(&spool->lock);
    pthread_mutex_destroy(&spool->following);
    pthread_cond_destroy(&spool->changed);
    sem_destroy(&spool->committer_wake);
    sem_destroy(&spool->keeper_wake);
    free(spool->directory);
    free(spool->name);
    free(spool->log_directory);
    free(spool->body_directory);
    free(spool->parts);
    EDGE_OBJ_CLEAR(spool);
    free(spool);
}

static apr_status_t start_threads(edge_spool_t *spool, const char **why) {
    *why = "its threads do not start";
    apr_status_t status = edge_task_pool_start(&spool->body_pool, "spoolbody", BODY_THREADS, BODY_QUEUE);
    if (status != APR_SUCCESS) {
        return status;
    }
    spool->keeper_runs = true; /* before the committer may want to wake it */
    if ((status = edge_commit_start(spool)) != APR_SUCCESS) {
        spool->keeper_runs = false;
        return status;
    }
    status = edge_keeper_start(spool);
    if (status != APR_SUCCESS) {
        edge_commit_stop(spool);
        spool->keeper_runs = false;
    }
    return status;
}

static apr_status_t load(edge_spool_t *spool, const char **why) {
    apr_status_t status = edge_recover_load(spool);
    if (status == APR_SUCCESS && !spool->options.tool) {
        edge_sweep_bodies(spool);
        edge_keeper_seal(spool);
        edge_compact_free_dead(spool);
    }
    *why = "its log cannot be read";
    return APR_STATUS_IS_EBUSY(status) ? APR_SUCCESS : status; /* the keeper goes on trying */
}

/* Trouble that may pass is the committer's and the keeper's from now on. */
static apr_status_t prepare(edge_spool_t *spool, const char **why) {
    apr_status_t status = edge_recover_attach(spool, why);
    if (status == APR_SUCCESS) {
        status = load(spool, why);
    }
    edge_keeper_measure(spool);
    if (status != APR_SUCCESS && may_pass(status) && !spool->options.tool) {
        EDGE_LOG_STATUS(&edge_spool_log, EDGE_LOG_ERROR, 250, status,
                        "spool %s (%s): %s; no messages are taken until that works", spool->name, spool->directory,
                        *why);
        atomic_store(&spool->trouble, status);
        atomic_store(&spool->log_outcome, APR_STATUS_IS_ENOSPC(status) ? EDGE_OUTCOME_NO_ROOM : EDGE_OUTCOME_FAILED);
        status = APR_SUCCESS;
    }
    return status;
}

apr_status_t edge_spool_open(edge_spool_t **opened, const edge_spool_options_t *options, const char **why) {
    edge_spool_t *spool = make(options);
    apr_status_t status = prepare(spool, why);
    if (status == APR_SUCCESS && !options->tool) {
        status = start_threads(spool, why);
    }
    if (status != APR_SUCCESS) {
        if (spool->body_pool != NULL) {
            edge_task_pool_stop(spool->body_pool);
        }
        destroy(spool);
        return status;
    }
    *opened = spool;
    return APR_SUCCESS;
}

/* All that is sealed now need not be scanned at the next start, what is empty included. */
static void seal_rest(edge_spool_t *spool) {
    pthread_mutex_lock(&spool->lock);
    for (edge_segment_t *segment = spool->segments; segment != NULL; segment = segment->next) {
        if (segment->role == EDGE_SEGMENT_OPEN || segment->role == EDGE_SEGMENT_READY) {
            segment->role = EDGE_SEGMENT_CLOSING;
        }
    }
    spool->open = NULL;
    pthread_mutex_unlock(&spool->lock);
    edge_keeper_seal(spool);
}

void edge_spool_close(edge_spool_t *spool) {
    EDGE_OBJ_CHECK(spool, EDGE_SPOOL_MAGIC);
    while (atomic_load(&spool->bodies) > 0) {
        usleep(1000);
    }
    if (spool->body_pool != NULL) {
        edge_task_pool_stop(spool->body_pool);
    }
    /* The keeper waits for what it gave to the committer, so it ends first. */
    edge_keeper_stop(spool);
    edge_commit_stop(spool);
    if (!spool->options.tool || spool->open != NULL) {
        seal_rest(spool);
    }
    destroy(spool);
}

void edge_spool_retire(edge_spool_t *spool) {
    EDGE_OBJ_CHECK(spool, EDGE_SPOOL_MAGIC);
    atomic_store(&spool->retired, true);
    edge_keeper_wake(spool);
}

edge_outcome_t edge_spool_room(edge_spool_t *spool, uint64_t size) {
    edge_outcome_t outcome = (edge_outcome_t)atomic_load_explicit(&spool->log_outcome, memory_order_relaxed);
    if (outcome != EDGE_OUTCOME_STORED) {
        return outcome;
    }
    const edge_spool_options_t *options = &spool->options;
    if (options->max_bytes > 0 &&
        atomic_load_explicit(&spool->taken_bytes, memory_order_relaxed) + size > options->max_bytes) {
        return EDGE_OUTCOME_NO_ROOM;
    }
    int64_t left = atomic_load_explicit(&spool->free_bytes, memory_order_relaxed);
    if (left < 0) {
        return EDGE_OUTCOME_STORED;
    }
    uint64_t needed = options->min_free > 0 ? options->min_free + size : size > options->body_most ? size : 0;
    return (uint64_t)left < needed ? EDGE_OUTCOME_NO_ROOM : EDGE_OUTCOME_STORED;
}
