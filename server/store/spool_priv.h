/*
 * What the files of the store share.
 *
 * Concept:  segments in a list, messages in an index, a committer that appends, a
 *           keeper that does the rest. spool->lock guards index, segment list, the
 *           counts in segments and all members marked [lock].
 * Owner:    the spool.
 * Threads:  said at each part.
 * Lifetime: from open to close.
 * Errors:   apr_status_t upwards; commit.c and keeper.c decide and log.
 */
#ifndef EDGE_STORE_SPOOL_PRIV_H
#define EDGE_STORE_SPOOL_PRIV_H

#include "edge_clock.h"
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_obj.h"
#include "edge_spool.h"
#include "edge_task.h"
#include "store/record.h"

#include <pthread.h>
#include <semaphore.h>

extern edge_log_area_t edge_spool_log;

#define EDGE_SEGMENT_SIZE (64u << 20)
#define EDGE_BODY_MOST (256u << 10)
#define EDGE_BODY_MEMORY (64ull << 20)
#define EDGE_BATCH_BYTES (4u << 20)
#define EDGE_BATCH_PARTS 8192 /* of one batch; one more is kept for padding */
#define EDGE_READY_MOST 2u    /* segments kept ready */

typedef struct edge_spool_job edge_spool_job_t;
typedef struct edge_segment edge_segment_t;
typedef struct edge_body_block edge_body_block_t;

/* files.c: beside the table of calls. */
apr_status_t edge_files_write(const edge_spool_files_t *files, int fd, struct iovec *parts, int count, uint64_t offset);
apr_status_t edge_files_write_one(const edge_spool_files_t *files, int fd, const void *data, size_t size,
                                  uint64_t offset);
/* APR_EOF when the file ends before. */
apr_status_t edge_files_read(int fd, void *into, size_t size, uint64_t offset);
apr_status_t edge_files_sync_directory(const edge_spool_files_t *files, const char *path);
apr_status_t edge_files_make_directory(const char *path);

/* Segments (segment.c, seal.c) */

typedef enum edge_segment_role {
    EDGE_SEGMENT_READY,   /* made ahead: empty, numbered, locked, durable */
    EDGE_SEGMENT_OPEN,    /* the committer's */
    EDGE_SEGMENT_CLOSING, /* full; the keeper will seal it */
    EDGE_SEGMENT_SEALED,
    EDGE_SEGMENT_BROKEN, /* a write or sync failed: never written again; read as long as something in it lives */
    EDGE_SEGMENT_FOREIGN /* another process holds its lock: followed, not touched */
} edge_segment_role_t;

struct edge_segment {
    edge_segment_t *next; /* [lock] */
    edge_segment_head_t head;
    int fd;
    edge_segment_role_t role;     /* [lock] */
    bool slow;                    /* not prewritten */
    uint64_t tail;                /* OPEN: where the next batch goes (committer); FOREIGN: scanned so far */
    edge_footer_entry_t *entries; /* of an unsealed segment; OPEN: the committer's, then the keeper's */
    uint32_t entry_count, entry_room;
    /* [lock] from here on */
    uint32_t live;       /* records that count: messages that live, their states, what is damaged */
    uint64_t live_bytes; /* their octets */
    uint32_t dones;      /* done records in it */
    uint32_t pins;       /* readers */
    bool stuck;          /* its compaction could not be finished; not tried again */
    bool haunted;        /* holds copies of messages that live elsewhere: each done record must bury them here too */
    edge_segment_t **buries; /* segments that hold records which done records in this one bury: they must go first */
    unsigned bury_count, bury_room;
};

/* Index (index.c); all [lock] */

typedef struct edge_index_entry {
    edge_uuid_t id;
    edge_segment_t *segment;       /* NULL: this entry is free */
    edge_segment_t *state_segment; /* NULL: no state record */
    uint32_t offset, state_offset; /* in units of EDGE_RECORD_ALIGN, as are the lengths */
    uint32_t length, state_length;
    uint64_t size;
    apr_time_t next; /* attempt */
    uint32_t change;
    uint32_t place;  /* its own in the index */
    uint32_t due_at; /* 1-based in the heap of what waits; 0: it is not there */
    uint8_t state;   /* edge_message_state_t; LEASED is told by `leased` */
    bool filed, leased, changing;
} edge_index_entry_t;

#define EDGE_INDEX_CHUNK 4096u
typedef struct edge_index {
    struct edge_index_slot *slots; /* open addressing */
    uint32_t slot_count, used;     /* slot_count is a power of two or 0 */
    edge_index_entry_t **chunks;   /* entries never move */
    uint32_t chunk_count, chunk_room;
    uint32_t free_first; /* index + 1 of a free entry; the next is in its `offset` */
    uint32_t next_new;   /* entries ever used */
    uint64_t bytes;      /* of live messages */
    uint32_t held, deferred, leased, damaged;
    uint32_t *due; /* heap of places: what waits for its next attempt, the first due first, then by age */
    uint32_t due_count, due_room;
} edge_index_t;

edge_index_entry_t *edge_index_find(const edge_index_t *index, edge_uuid_t id);
/* Zero-filled but for the id, which must not be there yet. */
edge_index_entry_t *edge_index_add(edge_index_t *index, edge_uuid_t id);
void edge_index_remove(edge_index_t *index, edge_index_entry_t *entry);
/* The at-th place; NULL when nothing is there. Places are 0 .. edge_index_places - 1. */
edge_index_entry_t *edge_index_at(const edge_index_t *index, uint32_t at);
static inline uint32_t edge_index_places(const edge_index_t *index) { return index->next_new; }
/* Sets state and lease flag and keeps the counts. */
void edge_index_set_state(edge_index_t *index, edge_index_entry_t *entry, edge_message_state_t state, bool leased);
/* Nobody else changes it meanwhile, and it is not leased. */
void edge_index_set_changing(edge_index_t *index, edge_index_entry_t *entry, bool changing);
void edge_index_set_next(edge_index_t *index, edge_index_entry_t *entry, apr_time_t next);
void edge_index_free(edge_index_t *index);

/* due.c: which message is due first; called by index.c whenever one has changed. */
void edge_due_update(edge_index_t *index, edge_index_entry_t *entry);
void edge_due_remove(edge_index_t *index, edge_index_entry_t *entry);
/* NULL: nothing waits. */
edge_index_entry_t *edge_due_first(const edge_index_t *index);

/* The spool */

#define EDGE_SPOOL_MAGIC 0x5b001u

struct edge_spool {
    unsigned magic;
    edge_spool_options_t options;
    const edge_spool_files_t *files;
    char *directory, *name, *log_directory, *body_directory;
    pthread_mutex_t lock;
    pthread_cond_t changed;    /* with lock: loaded */
    pthread_mutex_t following; /* one at a time looks what other processes have appended; taken before lock */

    edge_index_t index;             /* [lock] */
    edge_uuid_t oldest;             /* [lock] what the last walk through the index found */
    edge_mono_t oldest_found;       /* [lock] when; 0: never */
    edge_segment_t *segments;       /* [lock] */
    edge_segment_t *open;           /* set by the committer under lock */
    uint32_t last_number;           /* [lock] highest segment number seen */
    uint32_t given[64];             /* [lock] numbers this process has given last: such a file is no foreign one */
    bool loaded;                    /* [lock] the index is whole: this process is the maintainer */
    bool attached;                  /* [lock] directories and locks are there */
    void (*arrived)(void *context); /* [lock] who wants to know that something may be due; NULL */
    void *arrived_context;
    uint32_t haunted;    /* [lock] haunted segments */
    uint64_t file_bytes; /* [lock] of body files */
    int lock_fd;         /* presence and maintainer locks (lock.c) */

    /* Committer (commit.c) */
    _Atomic(edge_spool_job_t *) newest;
    _Atomic bool committer_asleep, closing;
    sem_t committer_wake;
    pthread_t committer;
    bool committer_runs;
    _Atomic bool keeper_runs;
    edge_spool_job_t *waiting, **waiting_end; /* taken, not yet written */
    unsigned waiting_count, last_batch;       /* jobs */
    edge_mono_t sync_took;                    /* the last one */
    edge_spool_job_t *batch_end;              /* behind the last job of the batch */
    apr_time_t retry_at;                      /* after trouble */
    struct iovec *parts;                      /* of a batch */

    /* Keeper (keeper.c) */
    sem_t keeper_wake;
    pthread_t keeper;
    _Atomic bool keeper_ending, retired;
    apr_time_t loading_said;

    /* What workers read. */
    _Atomic int log_outcome;      /* edge_outcome_t: whether the log takes messages now */
    _Atomic int64_t free_inodes;  /* the same */
    _Atomic int64_t free_bytes;   /* on the file system, estimated between two looks; < 0 = unknown */
    _Atomic uint64_t taken_bytes; /* of segments that hold something, and of body files: what SpoolMax bounds */
    _Atomic uint64_t body_bytes;  /* memory blocks of bodies */
    _Atomic unsigned bodies;      /* open or submitted */
    _Atomic uint64_t commits, syncs, batches;
    _Atomic int trouble; /* apr_status_t of the log; APR_SUCCESS when all is well */

    edge_task_pool_t *body_pool;
};

void edge_spool_count(edge_spool_t *spool, edge_spool_counter_t what, int64_t amount);
/* An operation that was begun then has ended. */
void edge_spool_took(const edge_spool_t *spool, edge_spool_operation_t what, edge_mono_t began);

/* Locks of the directory (lock.c) */
apr_status_t edge_lock_open(edge_spool_t *spool);
/* False when another process has it. */
bool edge_lock_become_maintainer(edge_spool_t *spool);
void edge_lock_yield_maintainer(edge_spool_t *spool);
/* Shuts every other process out while this one is alone; false when it is not. */
bool edge_lock_close_gate(edge_spool_t *spool);
void edge_lock_open_gate(edge_spool_t *spool);
void edge_lock_close(edge_spool_t *spool);
/* A segment's own lock; lives as long as the descriptor. */
bool edge_lock_segment(int fd);

/* segment.c: making, opening, freeing. */
/* Puts a new, empty segment into the list as READY; prewritten unless `slow`. Not under lock. */
apr_status_t edge_segment_make(edge_spool_t *spool, bool slow, edge_segment_t **made);
/* A segment of the list in which nothing lives becomes READY under a new number, or is unlinked. Not under lock. */
apr_status_t edge_segment_recycle(edge_spool_t *spool, edge_segment_t *segment, bool reuse);
/* Reads the header. APR_EGENERAL: there is none. The lock is not taken. */
apr_status_t edge_segment_open(edge_spool_t *spool, uint32_t number, edge_segment_t **opened);
void edge_segment_path(const edge_spool_t *spool, uint32_t number, char *out, size_t size);
void edge_segment_free(edge_segment_t *segment);
/* Under lock. */
void edge_segment_insert(edge_spool_t *spool, edge_segment_t *segment);
void edge_segment_forget(edge_spool_t *spool, edge_segment_t *segment);
/* Where records must end so that the footer still fits, with one more entry. */
uint64_t edge_segment_limit(const edge_segment_t *segment, uint32_t entries);
void edge_segment_note(edge_segment_t *segment, const edge_footer_entry_t *entry);
/* Octets SpoolMax counts for it. */
uint64_t edge_segment_taken(const edge_segment_t *segment);

/* seal.c: the footer. */
apr_status_t edge_seal_write(edge_spool_t *spool, edge_segment_t *segment);
/* APR_NOTFOUND: not sealed. The array is malloc'ed. */
apr_status_t edge_seal_read(const edge_segment_t *segment, edge_footer_entry_t **entries, uint32_t *count);

/* scan.c: the records of an unsealed segment. */
typedef struct edge_scan_result {
    uint32_t records, torn, damaged;
} edge_scan_result_t;
/* Notes every record from segment->tail on in segment->entries and moves the tail behind the last one. With `follow` it stops
 * at the first octet that is no whole record, and changes nothing else. */
apr_status_t edge_scan_segment(edge_segment_t *segment, bool follow, edge_scan_result_t *result);
/* Whether the contents of the record match their checksums; APR_EGENERAL when they do not. */
apr_status_t edge_scan_check(const edge_segment_t *segment, const edge_record_t *record);

/* ledger.c: what a record means for index and segments; all under lock. */
/* APR_EEXIST: there is such a message elsewhere; this copy does not count. */
apr_status_t edge_ledger_message(edge_spool_t *spool, edge_segment_t *segment, const edge_footer_entry_t *entry);
void edge_ledger_state(edge_spool_t *spool, edge_segment_t *segment, const edge_footer_entry_t *entry);
void edge_ledger_done(edge_spool_t *spool, edge_segment_t *segment, edge_uuid_t id);
/* The same by type. */
void edge_ledger_apply(edge_spool_t *spool, edge_segment_t *segment, const edge_footer_entry_t *entry);
/* A copy made by the compaction. False when the original does not count any more. */
bool edge_ledger_move(edge_spool_t *spool, edge_segment_t *from, uint64_t offset, edge_segment_t *segment,
                      const edge_footer_entry_t *entry);
void edge_ledger_bury(edge_segment_t *segment, edge_segment_t *holder);
/* Takes out all that `segment` still holds, because it is gone. Returns how many messages that were. */
unsigned edge_ledger_drop_segment(edge_spool_t *spool, edge_segment_t *segment);

/* Jobs of the committer (commit.c) */
struct edge_spool_job {
    edge_spool_job_t *next;
    edge_record_t record;
    char *head;                      /* EDGE_RECORD_SIZE octets for the header, then the head */
    const edge_body_block_t *blocks; /* the body in the log */
    edge_message_state_t state;      /* of a STATE record */
    apr_time_t due;                  /* the same */
    uint64_t size;                   /* of the message */
    edge_segment_t *moved_from;      /* of a copy; with its place there */
    uint64_t moved_offset;
    /* Set by the committer */
    edge_segment_t *segment;
    edge_outcome_t outcome;
    apr_status_t status;
    bool counted;                            /* a copy: the original still counted */
    void (*finished)(edge_spool_job_t *job); /* on the committer's thread; the job is its giver's again */
    edge_spool_t *spool;
    edge_submission_t *submission;
    sem_t *waiter;
};

apr_status_t edge_commit_start(edge_spool_t *spool);
/* Writes what is waiting, then ends. */
void edge_commit_stop(edge_spool_t *spool);
void edge_commit_push(edge_spool_t *spool, edge_spool_job_t *job);
/* Without a committer's thread (tools, and a spool that closes): writes all that is waiting. */
void edge_commit_drain(edge_spool_t *spool);
/* Pushes a chain of jobs and waits for all; threads that are no worker. */
void edge_commit_wait(edge_spool_t *spool, edge_spool_job_t *jobs, unsigned count);

/* keeper.c */
/* Writes the footers of full segments. */
void edge_keeper_seal(edge_spool_t *spool);
apr_status_t edge_keeper_start(edge_spool_t *spool);
void edge_keeper_stop(edge_spool_t *spool);
void edge_keeper_wake(edge_spool_t *spool);
/* Looks at the file system; under no lock. */
void edge_keeper_measure(edge_spool_t *spool);

/* recover.c */
/* Directories, locks. */
apr_status_t edge_recover_attach(edge_spool_t *spool, const char **why);
/* Reads all segments into the index; this process is the maintainer then. APR_EBUSY: another one is. */
apr_status_t edge_recover_load(edge_spool_t *spool);
/* Looks for what other processes have appended, and adopts segments whose lock is free. */
void edge_recover_follow(edge_spool_t *spool);
/* Waits until the index is whole; APR_EBUSY when that takes too long or this process has retired. */
apr_status_t edge_recover_wait(edge_spool_t *spool);

/* sweep.c: body files that no record names. */
void edge_sweep_bodies(edge_spool_t *spool);

/* compact.c */
/* Makes what is dead ready again or unlinks it. */
void edge_compact_free_dead(edge_spool_t *spool);
/* Copies on what lives in the sparsest segment, if one is sparse; the next call of the above frees that.
 * Returns about how many octets that took; 0: nothing was to be done, or it is not done yet. */
uint64_t edge_compact_run(edge_spool_t *spool);

/* Bodies (body.c, body_file.c) */
struct edge_body_block {
    edge_body_block_t *next;
    uint32_t room, used;
    char data[];
};
void edge_body_file_path(const edge_spool_t *spool, edge_uuid_t id, char *out, size_t size);
#define EDGE_SPOOL_PATH 4096

edge_body_t *edge_spool_body_open(edge_spool_t *spool, edge_worker_t *worker, void (*room)(void *owner), void *owner);
void edge_spool_submit(edge_spool_t *spool, edge_submission_t *submission);

/* place.c: a message found, pinned and read. */
typedef struct edge_place {
    edge_uuid_t id;
    edge_segment_t *segment, *state_segment; /* pinned */
    uint64_t offset, state_offset;
    edge_message_state_t state;
    bool filed;
    apr_time_t due;
    edge_record_t record; /* after edge_place_read */
    uint32_t change;
} edge_place_t;
/* Under lock. */
void edge_place_take(edge_index_entry_t *entry, edge_place_t *place);
void edge_place_release(edge_spool_t *spool, edge_place_t *place);
/* The envelope with its changing part and the prelude; both in `pool`. APR_EGENERAL: a checksum fails. */
apr_status_t edge_place_read(edge_place_t *place, apr_pool_t *pool, edge_envelope_t **envelope, edge_span_t *prelude);
void edge_place_damaged(edge_spool_t *spool, edge_place_t *place, const char *what);

/* The read side, by spool */
apr_status_t edge_spool_list(edge_spool_t *spool, const edge_queue_filter_t *filter,
                             bool (*visit)(void *context, const edge_queue_entry_t *entry), void *context);
apr_status_t edge_spool_stat(edge_spool_t *spool, edge_queue_stat_t *stat);
apr_status_t edge_spool_reader_open(edge_spool_t *spool, edge_uuid_t id, apr_pool_t *pool,
                                    edge_queue_reader_t **reader);
typedef enum edge_spool_change {
    EDGE_SPOOL_HOLD,
    EDGE_SPOOL_RELEASE,
    EDGE_SPOOL_REQUEUE,
    EDGE_SPOOL_GIVE_UP,
    EDGE_SPOOL_REMOVE
} edge_spool_change_t;
apr_status_t edge_spool_change(edge_spool_t *spool, edge_uuid_t id, edge_spool_change_t what);

/* The parts of a change (change.c). The message is this call's alone until edge_change_end; APR_EBUSY: it is somebody else's. */
apr_status_t edge_change_begin(edge_spool_t *spool, edge_uuid_t id, bool leased, edge_place_t *place);
/* `release`: it is not leased any more. */
void edge_change_end(edge_spool_t *spool, edge_place_t *place, bool release);
/* Records to be committed; what they need is made in `pool`. */
void edge_change_plan_done(const edge_place_t *place, apr_pool_t *pool, edge_spool_job_t *job);
void edge_change_plan_state(const edge_place_t *place, apr_pool_t *pool, const edge_envelope_t *envelope,
                            edge_message_state_t state, edge_spool_job_t *job);
/* After a done record: the body's file goes. When that fails, a later start sweeps it. */
void edge_change_remove_file(edge_spool_t *spool, const edge_place_t *place);

/* lease.c */
apr_status_t edge_spool_lease(edge_spool_t *spool, apr_time_t now, unsigned most, edge_queue_lease_t *leases,
                              unsigned *count);
void edge_spool_settle(edge_spool_t *spool, edge_queue_settling_t *list, unsigned count);
apr_status_t edge_spool_postpone(edge_spool_t *spool, edge_uuid_t id, apr_time_t next);
unsigned edge_spool_flush(edge_spool_t *spool);
apr_time_t edge_spool_due(edge_spool_t *spool);
void edge_spool_listen(edge_spool_t *spool, void (*arrived)(void *context), void *context);
/* Says so; under lock, so that nobody is called who has said that he does not listen any more. */
void edge_spool_tell_arrived(edge_spool_t *spool);

#endif
