/*
 * A body between its worker, the pool of threads that writes files, and the committer.
 *
 * Concept:  blocks in memory until it is large or memory is short; then a file.
 * Owner:    the worker, but for the blocks in `writing` while a task has them.
 * Threads:  the worker's; body_file.c says what runs elsewhere.
 * Lifetime: from open until abandoned or answered.
 * Errors:   kept in `trouble`; the submission tells.
 */
#ifndef EDGE_STORE_BODY_PRIV_H
#define EDGE_STORE_BODY_PRIV_H

#include "store/spool_priv.h"

#define EDGE_BODY_MAGIC 0x5b0d1u
#define EDGE_BODY_CHUNK (512u << 10)    /* a file is written in pieces of at least that */
#define EDGE_BODY_PENDING (1024u << 10) /* more than that waits for the file: the edge is to wait */

typedef struct edge_blocks {
    edge_body_block_t *first, *last;
    uint64_t len;    /* octets in them */
    uint64_t memory; /* octets they take */
} edge_blocks_t;

typedef struct edge_spool_body {
    edge_body_t base;
    unsigned magic;
    edge_spool_t *spool;
    edge_blocks_t pending; /* not yet in the file; the whole body when there is none */
    uint32_t crc;
    bool filed; /* goes to a file */
    bool wants_room, abandoned;
    apr_status_t trouble;
    /* The file (body_file.c) */
    edge_task_t task;
    bool busy; /* the task has `writing`, fd, offset, temporary and task_trouble */
    edge_blocks_t writing;
    int fd; /* + 1; 0 = not open */
    uint64_t offset;
    edge_uuid_t temporary;
    apr_status_t task_trouble; /* the task's; the worker takes it over when it is done */
    /* The end */
    edge_submission_t *submission;
    edge_spool_job_t *job;
} edge_spool_body_t;

void edge_blocks_append(edge_spool_t *spool, edge_worker_t *worker, edge_blocks_t *blocks, edge_span_t bytes);
void edge_blocks_clear(edge_spool_t *spool, edge_worker_t *worker, edge_blocks_t *blocks);
/* Nothing of it may be in use any more. */
void edge_spool_body_free(edge_spool_body_t *body);

/* Writes what is pending, unless a task is at it. */
void edge_body_file_write(edge_spool_body_t *body);
/* Writes the rest, makes the file durable under its message's id, then pushes body->job. */
void edge_body_file_finish(edge_spool_body_t *body);
/* Removes the file and frees the body. */
void edge_body_file_remove(edge_spool_body_t *body);
/* Answers the submission; any thread. */
void edge_spool_answer(edge_submission_t *submission, edge_outcome_t outcome);
edge_outcome_t edge_spool_outcome_of(apr_status_t status);

#endif
