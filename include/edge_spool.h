/*
 * The durable spool: an append-only segment log with group commit.
 *
 * Concept:  a spool is a directory that belongs to edged alone (docs/SPOOL.md says what
 *           is in it). Workers hand finished messages to its committer, which writes
 *           and syncs them in batches; a second thread, the keeper, makes segments
 *           ahead, seals, compacts and frees them. The functions are those of a queue
 *           (edge_queue.h) and are named in EDGE_SPOOL_QUEUE_FUNCTIONS, so that the
 *           queue module and tools make a provider of them by adding `open`.
 * Owner:    the child; one spool per <Queue> and generation. Several generations may
 *           have the same directory open: one of them, the maintainer, serves it.
 * Threads:  as edge_queue.h says.
 * Lifetime: from open to close; close waits for what is submitted and for open bodies.
 * Errors:   open fails for what an operator must change (EACCES, ENOTDIR ...). A disk
 *           that is full, read-only or failing does not fail it: the spool says NO_ROOM
 *           or FAILED and tries again every second.
 */
#ifndef EDGE_SPOOL_H
#define EDGE_SPOOL_H

#include "edge_histogram.h"
#include "edge_queue.h"

#include <sys/types.h>
#include <sys/uio.h>

typedef struct edge_spool edge_spool_t;

/* What a spool asks of the system, so that tests can let any call fail. Each returns as the call of its name does. */
typedef struct edge_spool_files {
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*pwritev)(int fd, const struct iovec *parts, int count, off_t offset);
    int (*fdatasync)(int fd);
    int (*fsync)(int fd);
    int (*allocate)(int fd, off_t offset, off_t length); /* posix_fallocate: returns the error */
    int (*link)(const char *old_path, const char *new_path);
    int (*rename)(const char *old_path, const char *new_path);
    int (*unlink)(const char *path);
    /* Octets that may still be used on the file system of `path`; < 0 = errno says why it is unknown. */
    int64_t (*free_bytes)(const char *path);
    int64_t (*free_inodes)(const char *path); /* the same; 0 where files need none */
} edge_spool_files_t;
EDGE_API extern const edge_spool_files_t edge_spool_system_files;

/* Counter rows a spool counts in, in this order from `counters` on. */
typedef enum edge_spool_counter {
    EDGE_SPOOL_COMMITS, /* records made durable */
    EDGE_SPOOL_SYNCS,   /* of the log */
    EDGE_SPOOL_BATCHES,
    EDGE_SPOOL_BYTES,    /* written to the log */
    EDGE_SPOOL_NO_ROOMS, /* submissions answered NO_ROOM */
    EDGE_SPOOL_FAILURES, /* submissions answered FAILED */
    EDGE_SPOOL_DAMAGES,  /* records found damaged */
    EDGE_SPOOL_WRITES_FAILED,
    EDGE_SPOOL_SYNCS_FAILED,
    EDGE_SPOOL_CREATIONS_FAILED, /* of segments */
    EDGE_SPOOL_ENQUEUED,         /* messages; so are the others below */
    EDGE_SPOOL_HANDED_ON,        /* settled for all recipients, and one of them at least has it */
    EDGE_SPOOL_GIVEN_UP,         /* settled for all recipients, and none has it */
    EDGE_SPOOL_DEFERRED,
    EDGE_SPOOL_REQUEUED,
    EDGE_SPOOL_HELD,
    EDGE_SPOOL_RELEASED,
    EDGE_SPOOL_DELETED,
    EDGE_SPOOL_COUNTERS
} edge_spool_counter_t;
#define EDGE_SPOOL_UNCOUNTED (~0u)

/* How long the committer took for a batch, and what is done with the file of a large body. */
typedef enum edge_spool_operation {
    EDGE_SPOOL_WRITE,
    EDGE_SPOOL_FSYNC,
    EDGE_SPOOL_CREATE,
    EDGE_SPOOL_RENAME,
    EDGE_SPOOL_UNLINK,
    EDGE_SPOOL_OPERATIONS
} edge_spool_operation_t;

typedef struct edge_spool_options {
    const char *directory;
    const char *name;      /* in the log */
    uint64_t max_bytes;    /* SpoolMax; 0 = no bound */
    uint64_t min_free;     /* SpoolMinFree; 0 = no bound */
    uint64_t body_memory;  /* octets of bodies in memory before bodies go to files; 0 = 64 MiB */
    uint32_t body_most;    /* a larger body goes to a file; 0 = 256 KiB */
    uint32_t segment_size; /* 0 = 64 MiB */
    unsigned counters;     /* first slot, or EDGE_SPOOL_UNCOUNTED */
    edge_histogram_t took[EDGE_SPOOL_OPERATIONS];
    bool tool; /* no threads, whole spool locked (APR_EBUSY when a server has it), read side only */
    const edge_spool_files_t *files; /* NULL = the system's */
} edge_spool_options_t;

/* `why` gets the trouble in words when it fails. The spool lives in memory of its own. */
EDGE_API apr_status_t edge_spool_open(edge_spool_t **spool, const edge_spool_options_t *options, const char **why);
EDGE_API void edge_spool_close(edge_spool_t *spool);
EDGE_API void edge_spool_retire(edge_spool_t *spool);
EDGE_API edge_outcome_t edge_spool_room(edge_spool_t *spool, uint64_t size);
/* On the worker, when it stops: gives back the memory blocks kept for its bodies. */
EDGE_API void edge_spool_worker_stop(edge_worker_t *worker);

/* The functions of a queue whose `state` is an edge_spool_t. */
EDGE_API void edge_spool_queue_close(edge_queue_t *queue);
EDGE_API void edge_spool_queue_retire(edge_queue_t *queue);
EDGE_API edge_outcome_t edge_spool_queue_room(edge_queue_t *queue, uint64_t size);
EDGE_API edge_body_t *edge_spool_queue_body_open(edge_queue_t *queue, edge_worker_t *worker, void (*room)(void *owner),
                                                 void *owner);
EDGE_API void edge_spool_queue_submit(edge_queue_t *queue, edge_submission_t *submission);
EDGE_API apr_status_t edge_spool_queue_list(edge_queue_t *queue, const edge_queue_filter_t *filter,
                                            bool (*visit)(void *context, const edge_queue_entry_t *entry),
                                            void *context);
EDGE_API apr_status_t edge_spool_queue_stat(edge_queue_t *queue, edge_queue_stat_t *stat);
EDGE_API apr_status_t edge_spool_queue_reader_open(edge_queue_t *queue, edge_uuid_t id, apr_pool_t *pool,
                                                   edge_queue_reader_t **reader);
EDGE_API const edge_queue_entry_t *edge_spool_queue_reader_entry(edge_queue_reader_t *reader);
EDGE_API apr_status_t edge_spool_queue_reader_read(edge_queue_reader_t *reader, char *into, size_t size, size_t *got);
EDGE_API void edge_spool_queue_reader_close(edge_queue_reader_t *reader);
EDGE_API apr_status_t edge_spool_queue_hold(edge_queue_t *queue, edge_uuid_t id);
EDGE_API apr_status_t edge_spool_queue_release(edge_queue_t *queue, edge_uuid_t id);
EDGE_API apr_status_t edge_spool_queue_remove(edge_queue_t *queue, edge_uuid_t id);
EDGE_API apr_status_t edge_spool_queue_requeue(edge_queue_t *queue, edge_uuid_t id);
EDGE_API apr_status_t edge_spool_queue_give_up(edge_queue_t *queue, edge_uuid_t id);
EDGE_API apr_status_t edge_spool_queue_lease(edge_queue_t *queue, apr_time_t now, unsigned most,
                                             edge_queue_lease_t *leases, unsigned *count);
EDGE_API void edge_spool_queue_settle(edge_queue_t *queue, edge_queue_settling_t *list, unsigned count);
EDGE_API apr_status_t edge_spool_queue_postpone(edge_queue_t *queue, edge_uuid_t id, apr_time_t next);
EDGE_API unsigned edge_spool_queue_flush(edge_queue_t *queue);
EDGE_API apr_time_t edge_spool_queue_due(edge_queue_t *queue);
EDGE_API void edge_spool_queue_listen(edge_queue_t *queue, void (*arrived)(void *context), void *context);

#define EDGE_SPOOL_QUEUE_FUNCTIONS                                                                                     \
    .close = edge_spool_queue_close, .retire = edge_spool_queue_retire, .room = edge_spool_queue_room,                 \
    .body_open = edge_spool_queue_body_open, .submit = edge_spool_queue_submit, .list = edge_spool_queue_list,         \
    .stat = edge_spool_queue_stat, .reader_open = edge_spool_queue_reader_open,                                        \
    .reader_entry = edge_spool_queue_reader_entry, .reader_read = edge_spool_queue_reader_read,                        \
    .reader_close = edge_spool_queue_reader_close, .hold = edge_spool_queue_hold, .release = edge_spool_queue_release, \
    .remove = edge_spool_queue_remove, .requeue = edge_spool_queue_requeue, .give_up = edge_spool_queue_give_up,       \
    .lease = edge_spool_queue_lease, .settle = edge_spool_queue_settle, .postpone = edge_spool_queue_postpone,         \
    .flush = edge_spool_queue_flush, .due = edge_spool_queue_due, .listen = edge_spool_queue_listen

/* A provider for tools: opens queue->directory with `tool` set; needs no workers. */
EDGE_API extern const edge_queue_provider_t edge_spool_tool;

#endif
