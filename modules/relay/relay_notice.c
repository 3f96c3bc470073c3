/* Makes a notice of a report and an original. */
#include "relay_notice.h"

#include <apr_general.h>

#include "edge_obj.h"

static void go_on(relay_notice_t *self);

static void more_of_original(void *owner) { go_on(owner); }
static void room_in_body(void *owner) { go_on(owner); }

/* Looking over the original: false: it is to be waited for. */
static bool survey(relay_notice_t *self) {
    edge_span_t bytes;
    bool wanted = true;
    edge_source_state_t state = EDGE_SOURCE_BYTES;
    while (wanted && (state = edge_source_look(self->source, &bytes)) == EDGE_SOURCE_BYTES) {
        wanted = edge_dsn_survey_feed(&self->survey, bytes) &&
                 (edge_dsn_may_return_whole(&self->report) || self->survey.size < EDGE_DSN_HEADERS_MOST);
        edge_source_eat(self->source, bytes.len);
    }
    return state != EDGE_SOURCE_WAIT;
}

static void end(relay_notice_t *self, bool stored) {
    self->stored = stored;
    self->done(self);
}

static void stored(edge_submission_t *submission) {
    relay_notice_t *self = EDGE_CONTAINER(submission, relay_notice_t, submission);
    end(self, submission->outcome == EDGE_OUTCOME_STORED);
}

static void give_up(relay_notice_t *self) {
    edge_body_abandon(self->body);
    self->body = NULL;
    end(self, false);
}

static void begin_report(relay_notice_t *self) {
    edge_dsn_survey_end(&self->survey);
    self->surveyed = true;
    edge_source_rewind(self->source);
    self->dsn = apr_palloc(self->pool, sizeof(*self->dsn));
    edge_dsn_begin(self->dsn, &self->report, &self->survey);
    self->body = self->queue->provider->body_open(self->queue, self->worker, room_in_body, self);
}

/* A message of the null sender to the sender. */
static void submit(relay_notice_t *self) {
    edge_envelope_t *envelope = apr_pcalloc(self->pool, sizeof(*envelope));
    envelope->id = self->report.id;
    envelope->received = self->report.now;
    envelope->sender = edge_span_of("");
    envelope->size = self->body->size;
    envelope->needs = self->dsn->needs;
    envelope->client.protocol = edge_span_of("DSN");
    envelope->client.security = edge_span_of("none");
    envelope->client.receiver = self->report.reporting_mta;
    edge_envelope_add(envelope, self->pool, self->report.envelope->sender);
    self->submission = (edge_submission_t){
        .worker = self->worker, .pool = self->pool, .envelope = envelope, .body = self->body, .done = stored};
    self->queue->provider->submit(self->queue, &self->submission);
}

typedef enum step { STEP_ON, STEP_WAIT, STEP_END } step_t;

static step_t write_bytes(relay_notice_t *self, edge_span_t bytes) {
    return edge_body_write(self->body, bytes) == EDGE_BODY_WAIT ? STEP_WAIT : STEP_ON;
}

static step_t copy(relay_notice_t *self) {
    edge_span_t bytes;
    switch (edge_source_look(self->source, &bytes)) {
    case EDGE_SOURCE_WAIT: return STEP_WAIT;
    case EDGE_SOURCE_BYTES: break;
    default: give_up(self); return STEP_END; /* it was there a moment ago */
    }
    bytes.len = bytes.len < self->left ? bytes.len : (size_t)self->left;
    self->left -= bytes.len;
    step_t step = write_bytes(self, bytes);
    edge_source_eat(self->source, bytes.len);
    return step;
}

static step_t generate(relay_notice_t *self) {
    edge_span_t piece;
    if (self->left > 0)
        return copy(self);
    switch (edge_dsn_next(self->dsn, &piece)) {
    case EDGE_DSN_PIECE: return write_bytes(self, piece);
    case EDGE_DSN_ORIGINAL: self->left = self->dsn->original_octets; return STEP_ON;
    case EDGE_DSN_END: break;
    }
    submit(self);
    return STEP_END;
}

static void go_on(relay_notice_t *self) {
    if (!self->surveyed) {
        if (!survey(self))
            return;
        begin_report(self);
    }
    while (generate(self) == STEP_ON) {
    }
}

void relay_notice_make(relay_notice_t *self) {
    uint8_t random[EDGE_DSN_BOUNDARY_OCTETS];
    apr_status_t status = apr_generate_random_bytes(random, sizeof(random));
    EDGE_ASSERT(status == APR_SUCCESS);
    self->report.now = edge_worker_clock(self->worker).wall;
    self->report.id = edge_uuid_make(self->report.now);
    self->source->ready = more_of_original;
    self->source->owner = self;
    edge_dsn_survey_begin(&self->survey, random);
    go_on(self);
}
