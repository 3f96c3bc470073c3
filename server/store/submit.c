/* A submission's way: from the edge to the committer, and the answer back to the worker. */
#include <apr_strings.h>
#include <errno.h>

#include "edge_codec.h"
#include "proto/envelope.h"
#include "store/body_priv.h"

edge_outcome_t edge_spool_outcome_of(apr_status_t status) {
    if (status == APR_SUCCESS) {
        return EDGE_OUTCOME_STORED;
    }
    return APR_STATUS_IS_ENOSPC(status) || status == APR_FROM_OS_ERROR(EDQUOT) ? EDGE_OUTCOME_NO_ROOM
                                                                               : EDGE_OUTCOME_FAILED;
}

static void count_outcome(edge_spool_t *spool, edge_outcome_t outcome) {
    if (outcome == EDGE_OUTCOME_STORED) {
        edge_spool_count(spool, EDGE_SPOOL_ENQUEUED, 1);
    } else if (outcome == EDGE_OUTCOME_NO_ROOM) {
        edge_spool_count(spool, EDGE_SPOOL_NO_ROOMS, 1);
    } else if (outcome == EDGE_OUTCOME_FAILED) {
        edge_spool_count(spool, EDGE_SPOOL_FAILURES, 1);
    }
}

/* A file without a record takes room that others wait for. After FAILED nobody knows whether the record is on the disk:
 * then the file stays for the next start to decide. */
static void remove_file_of(const edge_spool_body_t *body, const edge_submission_t *submission) {
    char path[EDGE_SPOOL_PATH];
    if (body->filed && body->job != NULL && submission->outcome == EDGE_OUTCOME_NO_ROOM) {
        edge_body_file_path(body->spool, body->job->record.id, path, sizeof path);
        body->spool->files->unlink(path);
    }
}

static void delivered(edge_letter_t *letter, edge_worker_t *worker) {
    edge_submission_t *submission = EDGE_CONTAINER(letter, edge_submission_t, letter);
    edge_spool_body_t *body = EDGE_CONTAINER(submission->body, edge_spool_body_t, base);
    (void)worker;
    EDGE_OBJ_CHECK(body, EDGE_BODY_MAGIC);
    remove_file_of(body, submission);
    count_outcome(body->spool, submission->outcome);
    submission->body = NULL;
    edge_spool_body_free(body);
    submission->done(submission);
}

void edge_spool_answer(edge_submission_t *submission, edge_outcome_t outcome) {
    submission->outcome = outcome;
    submission->letter.deliver = delivered;
    edge_worker_send(submission->worker, &submission->letter);
}

static void committed(edge_spool_job_t *job) { edge_spool_answer(job->submission, job->outcome); }

/* The record but for its place, checksums included: all that can be done on the worker. */
static edge_spool_job_t *make_job(edge_spool_t *spool, edge_submission_t *submission, const edge_spool_body_t *body) {
    size_t envelope = edge_envelope_encoded_size(submission->envelope), head = envelope + submission->prelude.len;
    edge_spool_job_t *job = apr_pcalloc(submission->pool, sizeof *job);
    job->head = apr_palloc(submission->pool, EDGE_RECORD_SIZE + head);
    edge_envelope_encode(submission->envelope, job->head + EDGE_RECORD_SIZE, envelope);
    if (submission->prelude.len > 0) {
        memcpy(job->head + EDGE_RECORD_SIZE + envelope, submission->prelude.at, submission->prelude.len);
    }
    job->record = (edge_record_t){.type = body->filed ? EDGE_RECORD_FILED : EDGE_RECORD_MESSAGE,
                                  .id = submission->envelope->id,
                                  .body_len = body->base.size,
                                  .head_len = (uint32_t)head,
                                  .prelude_len = (uint32_t)submission->prelude.len,
                                  .head_crc = edge_crc32c(0, job->head + EDGE_RECORD_SIZE, head),
                                  .body_crc = body->crc};
    job->blocks = body->filed ? NULL : body->pending.first;
    job->size = submission->prelude.len + body->base.size;
    job->finished = committed;
    job->spool = spool;
    job->submission = submission;
    return job;
}

void edge_spool_submit(edge_spool_t *spool, edge_submission_t *submission) {
    edge_spool_body_t *body = EDGE_CONTAINER(submission->body, edge_spool_body_t, base);
    EDGE_OBJ_CHECK(spool, EDGE_SPOOL_MAGIC);
    EDGE_OBJ_CHECK(body, EDGE_BODY_MAGIC);
    edge_outcome_t outcome = edge_spool_room(spool, body->base.size);
    if (body->filed) {
        body->submission = submission;
        body->job = make_job(spool, submission, body);
        if (!body->busy) {
            edge_body_file_finish(body);
        }
    } else if (outcome != EDGE_OUTCOME_STORED) {
        edge_spool_answer(submission, outcome);
    } else {
        body->job = make_job(spool, submission, body);
        edge_commit_push(spool, body->job);
    }
}
