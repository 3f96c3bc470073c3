/*
 * A queue that stores nothing: the client's end of data waits for the next hop, whose reply becomes the client's.
 *
 *     <Queue straight>
 *         <Handoff backend>
 *             Protocol smtp
 *             Address  127.0.0.1:2526
 *         </Handoff>
 *         Relay backend
 *         RelayFallback later             # a <Queue> with a Spool, while the next hop cannot be reached
 *     </Queue>
 */
#include "relay_proxy.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "relay_fallback.h"
#include "relay_log.h"

#define DOWN_PAUSE EDGE_SECONDS(5) /* what comes meanwhile goes to the other queue at once */

static edge_task_pool_t *threads;
static _Atomic unsigned under_way;
static _Atomic bool giving_up;

/* A queue. */
typedef struct proxy {
    const edge_relay_t *relay;
    const edge_section_t *fallback; /* NULL: none */
    _Atomic edge_mono_t down_until; /* with a fallback: the next hop is left alone */
    relay_figures_t figures;
} proxy_t;

/* A submission on its way. */
typedef struct proxied {
    edge_delivery_t delivery;
    proxy_t *proxy;
    relay_fallback_t fallback;
    edge_mono_t began;
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

/* Our own words may name what is inside, and what the next hop says of itself or of us (421, a refused AUTH) is nothing
 * about this message; what it says of that is the client's. */
static edge_reply_t reply_of(const edge_relay_result_t *answer) {
    bool own = answer->remote.len == 0;
    if (answer->outcome == EDGE_RELAY_DEFERRED && (own || answer->of_itself))
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

/* The other queue */

static void fell_back(relay_fallback_t *fallback) {
    proxied_t *self = EDGE_CONTAINER(fallback, proxied_t, fallback);
    end(self, fallback->outcome, fallback->reply);
}

static void fall_back(proxied_t *self) {
    self->fallback = (relay_fallback_t){.queue = self->proxy->fallback->instance,
                                        .original = self->submission,
                                        .source = relay_proxy_body_source(self->body, edge_span("", 0)),
                                        .done = fell_back};
    relay_count(RELAY_C_FELL_BACK, 1);
    relay_fallback_begin(&self->fallback);
}

/* Nobody has answered who could say something of the message. */
static bool is_down(const edge_delivery_t *delivery) {
    for (unsigned i = 0; i < delivery->count; i++)
        if (delivery->results[i].outcome != EDGE_RELAY_DEFERRED || delivery->results[i].blame != EDGE_RELAY_HOST)
            return false;
    return true;
}

static edge_mono_t now_of(const proxied_t *self) { return edge_worker_clock(self->submission->worker).mono; }

/* The next hop has let go of it. */
static void end_delivery(proxied_t *self) {
    self->delivering = false;
    relay_count(RELAY_C_IN_FLIGHT, -1);
    relay_figures_ended(&self->proxy->figures, &self->delivery, now_of(self) - self->began);
}

static void finished(edge_delivery_t *delivery) {
    proxied_t *self = EDGE_CONTAINER(delivery, proxied_t, delivery);
    const edge_relay_result_t *answer = answer_of(delivery);
    bool down = is_down(delivery);
    end_delivery(self);
    count(delivery);
    relay_figures_works(&self->proxy->figures, !down);
    if (answer->outcome != EDGE_RELAY_DONE)
        relay_log_refused(delivery->relay->name, delivery->envelope, answer, delivery->pool);
    if (down && self->proxy->fallback) {
        atomic_store(&self->proxy->down_until, now_of(self) + DOWN_PAUSE);
        fall_back(self);
    } else {
        self->submission->discarded = delivery->relay->provider->discards;
        end(self, EDGE_OUTCOME_ANSWERED, reply_of(answer));
    }
}

/* On the way */

static void deliver(proxied_t *self) {
    self->delivery.source = relay_proxy_body_source(self->body, self->submission->prelude);
    self->delivering = true;
    self->began = now_of(self);
    relay_count(RELAY_C_IN_FLIGHT, 1);
    relay_count(RELAY_C_ATTEMPTS, 1);
    relay_figures_begun(&self->proxy->figures);
    self->delivery.relay->provider->deliver(&self->delivery);
}

static void body_ready(void *context, bool sound) {
    proxied_t *self = context;
    if (!sound || atomic_load(&giving_up))
        end(self, EDGE_OUTCOME_FAILED, unavailable());
    else if (self->proxy->fallback && atomic_load(&self->proxy->down_until) > now_of(self))
        fall_back(self);
    else
        deliver(self);
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
    proxy_t *proxy = queue->state;
    const edge_envelope_t *envelope = submission->envelope;
    apr_pool_t *pool = submission->pool;
    proxied_t *self = apr_pcalloc(pool, sizeof(*self));
    at_work_t *work = edge_worker_seat(submission->worker, seat);
    self->proxy = proxy;
    self->submission = submission;
    self->body = submission->body;
    self->recipients = apr_palloc(pool, envelope->recipient_count * sizeof(unsigned));
    for (unsigned i = 0; i < envelope->recipient_count; i++)
        self->recipients[i] = i;
    self->delivery = (edge_delivery_t){.relay = proxy->relay,
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
        end_delivery(self);
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

static apr_status_t open_queue(edge_queue_t *queue, const edge_section_t *section, apr_pool_t *pool, const char **why) {
    const relay_queue_conf_t *conf = edge_section_conf(section, &relay_module);
    const edge_section_t *handoff = relay_handoff_named(section, conf->relay);
    if (!handoff || !handoff->instance) {
        *why = "its next hop is not there";
        return APR_NOTFOUND;
    }
    proxy_t *proxy = apr_pcalloc(pool, sizeof(*proxy));
    proxy->relay = handoff->instance;
    proxy->fallback = conf->fallback_queue;
    relay_figures_make(&proxy->figures, handoff, pool);
    queue->state = proxy;
    return APR_SUCCESS;
}

static void close_queue(edge_queue_t *queue) {
    proxy_t *proxy = queue->state;
    if (proxy)
        relay_figures_works(&proxy->figures, false); /* the next generation counts for itself */
    queue->state = NULL;
}

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
