/*
 * A queue that stores nothing: the client's end of data waits for the next hop, whose reply becomes the client's.
 *
 *     <Queue straight>
 *         <Handoff backend>
 *             Protocol smtp
 *             Address  127.0.0.1:2526
 *         </Handoff>
 *         Relay backend
 *     </Queue>
 */
#include "relay_proxy.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "relay_log.h"

static edge_task_pool_t *threads;
static _Atomic unsigned under_way;
static _Atomic bool giving_up;

/* A submission on its way. */
typedef struct proxied {
    edge_delivery_t delivery;
    edge_submission_t *submission;
    edge_body_t *body;
    unsigned *recipients;
    bool delivering;
    struct proxied *next, **link; /* of the worker */
} proxied_t;

static unsigned seat;
static pthread_once_t seat_once = PTHREAD_ONCE_INIT;
static void take_seat(void) { seat = edge_worker_new_seat(); }

typedef struct at_work {
    proxied_t *first;
} at_work_t;

apr_status_t relay_proxy_worker_start(edge_worker_t *worker) {
    pthread_once(&seat_once, take_seat);
    edge_worker_set_seat(worker, seat, apr_pcalloc(edge_worker_pool(worker), sizeof(at_work_t)));
    return APR_SUCCESS;
}

void relay_proxy_use(edge_task_pool_t *pool) { threads = pool; }

/* Answers */

/* Of several recipients with different answers the first that is no success: nobody is left unheard. */
static const edge_relay_result_t *answer_of(const edge_delivery_t *delivery) {
    const edge_relay_result_t *answer = &delivery->results[0];
    for (unsigned i = 0; i < delivery->count && answer->outcome == EDGE_RELAY_DONE; i++)
        answer = &delivery->results[i];
    return answer;
}

static edge_reply_t unavailable(void) {
    return (edge_reply_t){.code = 451,
                          .subject = 4,
                          .detail = 1,
                          .literal = true,
                          .text = EDGE_SPAN("The next hop cannot be reached, try again later")};
}

/* Our own words may name what is inside; those of the next hop are the client's. */
static edge_reply_t reply_of(const edge_relay_result_t *answer) {
    bool own = answer->remote.len == 0;
    if (own && answer->outcome == EDGE_RELAY_DEFERRED)
        return unavailable();
    edge_reply_t reply = answer->reply;
    reply.utf8 = true;
    return reply;
}

static void end(proxied_t *self, edge_outcome_t outcome, edge_reply_t reply) {
    edge_submission_t *submission = self->submission;
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    relay_proxy_body_free(self->body);
    submission->body = NULL;
    submission->outcome = outcome;
    submission->reply = reply;
    atomic_fetch_sub(&under_way, 1);
    submission->done(submission);
}

static void count(const edge_delivery_t *delivery) {
    for (unsigned i = 0; i < delivery->count; i++)
        relay_count(delivery->results[i].outcome == EDGE_RELAY_DONE     ? RELAY_C_DONE
                    : delivery->results[i].outcome == EDGE_RELAY_FAILED ? RELAY_C_FAILED
                                                                        : RELAY_C_DEFERRED,
                    1);
}

static void finished(edge_delivery_t *delivery) {
    proxied_t *self = EDGE_CONTAINER(delivery, proxied_t, delivery);
    const edge_relay_result_t *answer = answer_of(delivery);
    relay_count(RELAY_C_IN_FLIGHT, -1);
    count(delivery);
    if (answer->outcome != EDGE_RELAY_DONE)
        relay_log_refused(delivery->relay->name, delivery->envelope, answer, delivery->pool);
    end(self, EDGE_OUTCOME_ANSWERED, reply_of(answer));
}

/* On the way */

static void body_ready(void *context, bool sound) {
    proxied_t *self = context;
    edge_submission_t *submission = self->submission;
    if (!sound || atomic_load(&giving_up)) {
        end(self, EDGE_OUTCOME_FAILED, unavailable());
        return;
    }
    self->delivery.source = relay_proxy_body_source(self->body, submission->prelude);
    self->delivering = true;
    relay_count(RELAY_C_IN_FLIGHT, 1);
    relay_count(RELAY_C_ATTEMPTS, 1);
    self->delivery.relay->provider->deliver(&self->delivery);
}

/* Never inside submit: the body may be whole already. */
static void begin(edge_letter_t *letter, edge_worker_t *worker) {
    edge_submission_t *submission = EDGE_CONTAINER(letter, edge_submission_t, letter);
    at_work_t *work = edge_worker_seat(worker, seat);
    proxied_t *self = submission->worker == worker ? work->first : NULL;
    while (self && self->submission != submission)
        self = self->next;
    EDGE_ASSERT(self != NULL);
    relay_proxy_body_end(self->body, body_ready, self);
}

static void submit(edge_queue_t *queue, edge_submission_t *submission) {
    const edge_relay_t *relay = queue->state;
    const edge_envelope_t *envelope = submission->envelope;
    apr_pool_t *pool = submission->pool;
    proxied_t *self = apr_pcalloc(pool, sizeof(*self));
    at_work_t *work = edge_worker_seat(submission->worker, seat);
    self->submission = submission;
    self->body = submission->body;
    self->recipients = apr_palloc(pool, envelope->recipient_count * sizeof(unsigned));
    for (unsigned i = 0; i < envelope->recipient_count; i++)
        self->recipients[i] = i;
    self->delivery = (edge_delivery_t){.relay = relay,
                                       .worker = submission->worker,
                                       .pool = pool,
                                       .envelope = envelope,
                                       .recipients = self->recipients,
                                       .count = envelope->recipient_count,
                                       .all_or_none = true,
                                       .finished = finished};
    self->delivery.results = apr_pcalloc(pool, envelope->recipient_count * sizeof(edge_relay_result_t));
    self->next = work->first;
    if (self->next)
        self->next->link = &self->next;
    self->link = &work->first;
    work->first = self;
    atomic_fetch_add(&under_way, 1);
    submission->letter.deliver = begin;
    edge_worker_send(submission->worker, &submission->letter);
}

/* Giving up: a letter to each worker, which frees itself. */

static void cancel_all(edge_letter_t *letter, edge_worker_t *worker) {
    at_work_t *work = edge_worker_seat(worker, seat);
    for (proxied_t *self = work->first, *next; self; self = next) {
        next = self->next;
        if (!self->delivering)
            continue; /* its body is on its way, and ends it */
        self->delivery.relay->provider->cancel(&self->delivery);
        relay_count(RELAY_C_IN_FLIGHT, -1);
        end(self, EDGE_OUTCOME_ANSWERED, unavailable());
    }
    free(letter);
}

unsigned relay_proxy_under_way(bool now) {
    unsigned count = atomic_load(&under_way);
    if (now && count > 0 && !atomic_exchange(&giving_up, true))
        for (unsigned i = 0; i < edge_worker_count(); i++) {
            edge_letter_t *letter = calloc(1, sizeof(*letter));
            EDGE_ASSERT(letter != NULL);
            letter->deliver = cancel_all;
            edge_worker_send(edge_worker_at(i), letter);
        }
    return count;
}

/* The queue */

static const edge_section_t *handoff_named(const edge_section_t *queue, edge_span_t name) {
    const edge_section_t *section = queue->first;
    while (section && (section->scope != EDGE_SCOPE_HANDOFF || !edge_span_equal(section->name, name)))
        section = section->next;
    return section;
}

static apr_status_t open_queue(edge_queue_t *queue, const edge_section_t *section, apr_pool_t *pool, const char **why) {
    const relay_queue_conf_t *conf = edge_section_conf(section, &relay_module);
    const edge_section_t *handoff = handoff_named(section, conf->relay);
    (void)pool;
    if (!handoff || !handoff->instance) {
        *why = "its next hop is not there";
        return APR_NOTFOUND;
    }
    queue->state = handoff->instance;
    return APR_SUCCESS;
}

static void close_queue(edge_queue_t *queue) { queue->state = NULL; }

static edge_outcome_t room(edge_queue_t *queue, uint64_t size) {
    (void)queue, (void)size;
    return EDGE_OUTCOME_STORED;
}

static edge_body_t *body_open(edge_queue_t *queue, edge_worker_t *worker, void (*more)(void *owner), void *owner) {
    (void)queue;
    return relay_proxy_body_open(worker, threads, more, owner);
}

const edge_queue_provider_t relay_proxy = {
    .name = "relay",
    .prose = "Stores nothing: the next hop's reply to a message becomes the client's.",
    .open = open_queue,
    .close = close_queue,
    .room = room,
    .body_open = body_open,
    .submit = submit,
};
