/* Makes reports and puts them into the queue. */
#include <apr_general.h>

#include "relay_notice.h"

/* What is done in one go before others of this worker have their turn. */
#define TURN_BYTES ((uint64_t)262144)

typedef enum step { STEP_SURVEY, STEP_WRITE, STEP_COPY, STEP_SUBMITTED } step_t;

typedef struct making {
    relay_notice_t *notice;
    edge_chore_t chore;
    edge_dsn_report_t report;
    edge_dsn_survey_t survey;
    edge_dsn_t dsn;
    edge_body_t *body;
    edge_submission_t submission;
    uint64_t left; /* of the original, to be copied */
    step_t step;
    bool surveyed_whole;
} making_t;

static void go_on(making_t *making);

static void finish(making_t *making, bool stored) {
    relay_notice_t *notice = making->notice;
    notice->stored = stored;
    notice->done(notice);
}

static void post(making_t *making) { edge_worker_post(making->notice->worker, &making->chore); }

static void run_chore(edge_chore_t *chore, edge_worker_t *worker) {
    (void)worker;
    go_on(EDGE_CONTAINER(chore, making_t, chore));
}

/* The source's and the body's call: there are bytes, there is room. Neither may be used inside the other's call. */
static void called(void *owner) { post(owner); }

static void begin_survey(making_t *making) {
    uint8_t random[EDGE_DSN_BOUNDARY_OCTETS];
    if (apr_generate_random_bytes(random, sizeof random) != APR_SUCCESS) {
        /* The id is as good for one boundary: nobody knew it when the message was written. */
        memcpy(random, making->report.id.bytes, sizeof making->report.id.bytes);
        memcpy(random + sizeof making->report.id.bytes, making->report.id.bytes + 8, 8);
    }
    edge_dsn_survey_begin(&making->survey, random);
}

/* The report goes where the original came from, and is nobody's: nothing is ever reported about it (RFC 5321 6.1). */
static edge_envelope_t *make_envelope(making_t *making) {
    const relay_notice_t *notice = making->notice;
    edge_envelope_t *envelope = apr_pcalloc(notice->pool, sizeof *envelope);
    envelope->id = making->report.id;
    envelope->received = making->report.now;
    envelope->sender = edge_span("", 0);
    /* What asked for TLS on its whole way is not told of in clear text (RFC 8689 5). */
    envelope->needs = making->dsn.needs | (notice->report.envelope->needs & EDGE_CARRIES_REQUIRETLS);
    envelope->client.protocol = edge_span_of("DSN");
    envelope->client.receiver = notice->report.reporting_mta;
    envelope->client.security = edge_span_of("none");
    edge_envelope_add(envelope, notice->pool, notice->report.envelope->sender);
    return envelope;
}

static void survey_is_over(making_t *making, bool readable) {
    edge_dsn_survey_end(&making->survey);
    if (!readable || !edge_source_rewind(making->notice->source)) {
        begin_survey(making);
        edge_dsn_survey_end(&making->survey);
    }
    edge_dsn_begin(&making->dsn, &making->report, &making->survey);
    making->body =
        making->notice->queue->provider->body_open(making->notice->queue, making->notice->worker, called, making);
    making->step = STEP_WRITE;
    post(making);
}

/* Whether there is something left to learn. */
static bool survey_wants(const making_t *making) {
    return making->surveyed_whole || (making->survey.size < EDGE_DSN_HEADERS_MOST && !making->survey.header.ended);
}

static void survey(making_t *making) {
    edge_source_t *source = making->notice->source;
    uint64_t before = making->survey.size;
    edge_span_t bytes;
    while (making->survey.size - before < TURN_BYTES) {
        switch (edge_source_look(source, &bytes)) {
        case EDGE_SOURCE_WAIT: return;
        case EDGE_SOURCE_BROKEN: survey_is_over(making, false); return;
        case EDGE_SOURCE_END: survey_is_over(making, true); return;
        case EDGE_SOURCE_BYTES:
            if (!edge_dsn_survey_feed(&making->survey, bytes) || !survey_wants(making)) {
                survey_is_over(making, true);
                return;
            }
            edge_source_eat(source, bytes.len);
        }
    }
    post(making);
}

/* Not stored: what was said to be readable is not, or the queue has no room. */
static void give_up(making_t *making) {
    edge_body_abandon(making->body);
    finish(making, false);
}

/* False: it waits, or has ended. */
static bool copy(making_t *making) {
    edge_source_t *source = making->notice->source;
    edge_span_t bytes;
    switch (edge_source_look(source, &bytes)) {
    case EDGE_SOURCE_WAIT: return false;
    case EDGE_SOURCE_END:
    case EDGE_SOURCE_BROKEN: give_up(making); return false;
    case EDGE_SOURCE_BYTES: break;
    }
    bytes.len = bytes.len < making->left ? bytes.len : (size_t)making->left;
    making->left -= bytes.len;
    edge_body_flow_t flow = edge_body_write(making->body, bytes);
    edge_source_eat(source, bytes.len);
    if (making->left == 0) {
        making->step = STEP_WRITE;
    }
    return flow == EDGE_BODY_MORE;
}

static void submitted(edge_submission_t *submission) {
    making_t *making = EDGE_CONTAINER(submission, making_t, submission);
    finish(making, submission->outcome == EDGE_OUTCOME_STORED);
}

static void submit(making_t *making) {
    relay_notice_t *notice = making->notice;
    edge_submission_t *submission = &making->submission;
    submission->worker = notice->worker;
    submission->pool = notice->pool;
    submission->envelope = make_envelope(making);
    submission->envelope->size = making->body->size;
    submission->prelude = edge_span("", 0);
    submission->body = making->body;
    submission->done = submitted;
    making->step = STEP_SUBMITTED;
    notice->queue->provider->submit(notice->queue, submission);
}

/* The next piece of the report; false: it waits, or has ended. */
static bool write_piece(making_t *making) {
    edge_span_t piece;
    switch (edge_dsn_next(&making->dsn, &piece)) {
    case EDGE_DSN_PIECE: return edge_body_write(making->body, piece) == EDGE_BODY_MORE;
    case EDGE_DSN_ORIGINAL:
        making->left = making->dsn.original_octets;
        making->step = STEP_COPY;
        return true;
    case EDGE_DSN_END: break;
    }
    submit(making);
    return false;
}

static void write_report(making_t *making) {
    uint64_t before = making->body->size;
    while (making->body->size - before < TURN_BYTES) {
        if (!(making->step == STEP_COPY ? copy(making) : write_piece(making))) {
            return;
        }
    }
    post(making);
}

static void go_on(making_t *making) {
    switch (making->step) {
    case STEP_SURVEY: survey(making); break;
    case STEP_WRITE:
    case STEP_COPY: write_report(making); break;
    case STEP_SUBMITTED: break;
    }
}

void relay_notice_make(relay_notice_t *notice) {
    making_t *making = apr_pcalloc(notice->pool, sizeof *making);
    apr_time_t now = edge_worker_clock(notice->worker).wall;
    notice->stored = false;
    notice->id = edge_uuid_make(now);
    making->notice = notice;
    making->chore.run = run_chore;
    making->report = notice->report;
    making->report.id = notice->id;
    making->report.now = now;
    making->surveyed_whole = edge_dsn_may_return_whole(&making->report);
    notice->source->ready = called;
    notice->source->owner = making;
    begin_survey(making);
    post(making);
}
