/*
 * The forwarder: one thread for a spool, which may block and so does all that asks the spool.
 *
 * Each turn: take what workers have brought back, write down what became of messages (all
 * of them with one sync), lease what is due as far as there is room, begin attempts. Then
 * it sleeps until something comes back, something arrives, or something is due.
 *
 * A message is in its hand from lease to settle, and a crash in between means that it is
 * tried once more: what a next hop has accepted is written down before anything else is
 * made of it, and nothing is written down that no next hop has said.
 */
#include <stdlib.h>

#include "edge_cond.h"
#include "relay.h"
#include "relay_hold.h"
#include "relay_log.h"
#include "relay_notice.h"

#define LEASE_MOST 256u      /* at a time */
#define RECIPIENTS_MOST 100u /* of an attempt (RFC 5321 4.5.3.1.8) */
#define SLEEP_MOST EDGE_SECONDS(60)
#define TROUBLE_PAUSE EDGE_SECONDS(1) /* when the spool does not work */
#define WORKERS_PAUSE EDGE_MS(10)     /* when there are no workers yet */
#define SWEEP_EVERY EDGE_SECONDS(600)
#define CROWD_PAUSE EDGE_SECONDS(30) /* for messages of a destination that has too many in hand */
#define HELD_PAUSE EDGE_SECONDS(600) /* for messages that are held, unless that ends before */

typedef struct turn {
    edge_clock_t now;
    edge_mono_t until; /* when the next turn is due, if nobody wakes us */
} turn_t;

static void not_later(turn_t *turn, edge_mono_t when) {
    if (when < turn->until)
        turn->until = when;
}

static uint32_t random_of(relay_forwarder_t *self) {
    self->random = self->random * 1664525u + 1013904223u;
    return self->random >> 8;
}

static apr_time_t expiry_of(const relay_forwarder_t *self, const edge_envelope_t *envelope) {
    return envelope->expires > 0 ? envelope->expires : envelope->received + self->conf->expire;
}

/* Waking */

static void wake(void *context) {
    relay_forwarder_t *self = context;
    pthread_mutex_lock(&self->lock);
    self->woken = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->lock);
}

void relay_forwarder_returned(relay_forwarder_t *self, relay_attempt_t *attempt) {
    pthread_mutex_lock(&self->lock);
    attempt->next = self->returned;
    self->returned = attempt;
    self->woken = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->lock);
}

void relay_forwarder_flush(relay_forwarder_t *self) {
    pthread_mutex_lock(&self->lock);
    self->flushed = self->woken = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->lock);
}

void relay_forwarder_look(relay_forwarder_t *self) { wake(self); }

apr_status_t relay_forwarder_give_up(edge_queue_t *queue, edge_uuid_t id) {
    relay_forwarder_t *self = relay_forwarder_first();
    while (self && self->queue != queue)
        self = self->next;
    if (!self || !self->conf->bounce)
        return APR_ENOTIMPL;
    return queue->provider->give_up(queue, id);
}

static void sleep_until(relay_forwarder_t *self, edge_mono_t until) {
    pthread_mutex_lock(&self->lock);
    while (!self->woken && edge_cond_wait(&self->wake, &self->lock, until))
        ;
    self->woken = false;
    pthread_mutex_unlock(&self->lock);
}

static edge_worker_t *next_worker(relay_forwarder_t *self) {
    return edge_worker_at(self->turn_of++ % edge_worker_count());
}

/* Messages that are over */

static void forget(relay_forwarder_t *self, relay_message_t *message) {
    for (relay_attempt_t *attempt = message->attempts; attempt; attempt = attempt->sibling)
        if (attempt->pool)
            apr_pool_destroy(attempt->pool);
    self->in_hand--;
    apr_pool_destroy(message->lease.pool);
}

static apr_time_t next_time(relay_forwarder_t *self, const relay_message_t *message, const turn_t *turn) {
    const edge_envelope_t *envelope = message->lease.envelope;
    edge_mono_t delay =
        relay_schedule_delay(self->conf->retries, self->conf->retry_count, envelope->attempts + 1, random_of(self));
    if (!message->tried)
        delay = 0;
    if (message->not_before > turn->now.mono + delay)
        delay = message->not_before - turn->now.mono;
    apr_time_t next = turn->now.wall + delay, expires = expiry_of(self, envelope);
    return next < expires || expires <= turn->now.wall ? next : expires; /* tried for the last time when it expires */
}

/* Notices are made on workers, before what became of the message is written down: a crash between the two repeats the
 * notice, the other way round it would be lost. */

void relay_forwarder_noticed(relay_forwarder_t *self, relay_message_t *message) {
    pthread_mutex_lock(&self->lock);
    message->next = self->noticed;
    self->noticed = message;
    self->woken = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->lock);
}

static void notice_rested(void *context) {
    relay_message_t *message = context;
    relay_forwarder_noticed(message->forwarder, message);
}

static void notice_done(relay_notice_t *notice) {
    relay_message_t *message = notice->owner;
    relay_source_rest(message->original, notice_rested, message);
}

static void notice_arrived(edge_letter_t *letter, edge_worker_t *worker) {
    relay_message_t *message = EDGE_CONTAINER(letter, relay_message_t, letter);
    message->notice->worker = worker;
    message->notice->source = relay_source_use(message->original, worker);
    relay_notice_make(message->notice);
}

static void begin_notice(relay_forwarder_t *self, relay_message_t *message) {
    const edge_envelope_t *envelope = message->lease.envelope;
    message->original = relay_source_open(self->queue, envelope->id, envelope->size, self->readers);
    if (!message->original)
        message->original = relay_source_nothing();
    message->notice->owner = message;
    message->notice->done = notice_done;
    message->letter.deliver = notice_arrived;
    edge_worker_send(next_worker(self), &message->letter);
}

static void finish(relay_forwarder_t *self, relay_message_t *message, const turn_t *turn) {
    const edge_envelope_t *envelope = message->lease.envelope;
    apr_time_t expires = expiry_of(self, envelope), next = next_time(self, message, turn);
    if (!relay_message_settle(message, turn->now.wall, expires, next)) {
        self->queue->provider->postpone(self->queue, message->lease.id, next);
        forget(self, message);
        return;
    }
    message->notice = relay_message_notice(message, turn->now.wall, expires);
    if (message->notice) {
        begin_notice(self, message);
        return;
    }
    message->next = self->finished;
    self->finished = message;
}

static void take_notice(relay_forwarder_t *self, relay_message_t *message) {
    relay_source_close(message->original);
    message->original = NULL;
    if (message->notice->stored) {
        relay_count(RELAY_C_NOTICES, 1);
        relay_log_noticed(self->queue->name, message);
    } else {
        relay_message_unfail(message);
        relay_log_unnoticed(self->queue->name, message);
    }
    message->next = self->finished;
    self->finished = message;
}

/* Writing down */

static void count_settled(const relay_message_t *message) {
    const edge_queue_settling_t *settling = &message->settling;
    for (unsigned i = 0; i < settling->count; i++) {
        const edge_relay_result_t *said = message->said[settling->results[i].recipient];
        bool expired =
            settling->results[i].state == EDGE_RECIPIENT_FAILED && (!said || said->outcome == EDGE_RELAY_DEFERRED);
        relay_count(expired                                                ? RELAY_C_EXPIRED
                    : settling->results[i].state == EDGE_RECIPIENT_DONE    ? RELAY_C_DONE
                    : settling->results[i].state == EDGE_RECIPIENT_WAITING ? RELAY_C_DEFERRED
                                                                           : RELAY_C_FAILED,
                    1);
    }
    relay_log_settled(message);
}

static void settle(relay_forwarder_t *self, turn_t *turn) {
    while (self->finished) {
        edge_queue_settling_t list[LEASE_MOST];
        relay_message_t *first = self->finished, *end = first, *failed = NULL;
        unsigned count = 0;
        for (; end && count < LEASE_MOST; end = end->next)
            list[count++] = end->settling;
        self->queue->provider->settle(self->queue, list, count);
        self->finished = end;
        unsigned i = 0;
        for (relay_message_t *message = first, *next; message != end; message = next, i++) {
            next = message->next;
            message->settling.status = list[i].status;
            if (list[i].status == APR_SUCCESS) {
                count_settled(message);
            } else if (list[i].status != APR_NOTFOUND && !atomic_load(&self->giving_up)) {
                message->next = failed;
                failed = message;
                continue;
            }
            forget(self, message);
        }
        if (failed) {
            relay_log_unsettled(self->queue->name, failed->settling.status);
            for (relay_message_t *message = failed; message; message = message->next)
                if (!message->next) {
                    message->next = self->finished;
                    break;
                }
            self->finished = failed;
            not_later(turn, turn->now.mono + TROUBLE_PAUSE);
            return;
        }
    }
}

/* Attempts that came back */

static void take_results(relay_forwarder_t *self, relay_attempt_t *attempt, const turn_t *turn) {
    relay_message_t *message = attempt->message;
    relay_message_take(message, attempt);
    if (message->open == 0)
        finish(self, message, turn);
}

/* It is left alone: what waits for it is answered with its trouble. What was found before the message was due says nothing
 * of it: a host may work again since, and a hold may have lasted for days. */
static void refuse_waiting(relay_forwarder_t *self, relay_attempt_t *attempt, const turn_t *turn) {
    const relay_destination_t *destination = attempt->destination;
    edge_span_t why = edge_span_copy(attempt->delivery.pool, edge_span_of(destination->trouble));
    relay_attempt_result(attempt, relay_result_own(EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 4, 1, why));
    if (attempt->message->not_before < destination->closed_until)
        attempt->message->not_before = destination->closed_until;
    attempt->asked = destination->failed_at == turn->now.wall ||
                     (attempt->message->lease.due > 0 && destination->failed_at >= attempt->message->lease.due);
    take_results(self, attempt, turn);
}

static void close_destination(relay_forwarder_t *self, relay_attempt_t *attempt, const edge_relay_result_t *result,
                              const turn_t *turn) {
    relay_destination_t *destination = attempt->destination;
    edge_mono_t delay =
        relay_schedule_delay(self->conf->retries, self->conf->retry_count, destination->failures + 1, random_of(self));
    edge_span_t why = relay_message_text(result, attempt->delivery.pool);
    if (!relay_destination_failed(destination, attempt->began, turn->now.mono + delay, why))
        return;
    destination->failed_at = turn->now.wall;
    attempt->message->not_before = destination->closed_until;
    if (destination->name_len == 0)
        relay_figures_works(&self->figures, false);
    relay_log_closed(self->queue->name, destination, delay);
    relay_attempt_t *waiting = relay_destination_empty(&self->destinations, destination), *next;
    for (; waiting; waiting = next) {
        next = waiting->next;
        refuse_waiting(self, waiting, turn);
    }
}

/* One answer of the host's is enough to know that it works. */
static const edge_relay_result_t *host_trouble(const relay_attempt_t *attempt) {
    const edge_relay_result_t *trouble = NULL;
    for (unsigned i = 0; i < attempt->delivery.count; i++) {
        const edge_relay_result_t *result = &attempt->delivery.results[i];
        if (result->outcome != EDGE_RELAY_DEFERRED || result->blame != EDGE_RELAY_HOST)
            return NULL;
        trouble = result;
    }
    return trouble;
}

static void destination_worked(relay_forwarder_t *self, const relay_attempt_t *attempt) {
    relay_destination_worked(attempt->destination, attempt->began);
    if (attempt->destination->name_len == 0)
        relay_figures_works(&self->figures, true);
}

static void came_back(relay_forwarder_t *self, relay_attempt_t *attempt, const turn_t *turn) {
    relay_source_close(attempt->source);
    attempt->source = NULL;
    attempt->destination->in_flight--;
    atomic_fetch_sub(&self->in_flight, 1);
    relay_figures_ended(&self->figures, &attempt->delivery, turn->now.mono - attempt->began);
    attempt->message->tried = true;
    attempt->asked = !attempt->cancelled;
    if (attempt->cancelled) {
        relay_attempt_result(attempt, relay_result_own(EDGE_RELAY_DEFERRED, EDGE_RELAY_MESSAGE, 451, 3, 2,
                                                       edge_span_of("this server stopped while it was delivered")));
    } else {
        const edge_relay_result_t *trouble = host_trouble(attempt);
        if (trouble)
            close_destination(self, attempt, trouble, turn);
        else
            destination_worked(self, attempt);
    }
    take_results(self, attempt, turn);
}

static void forget_troubles(relay_forwarder_t *self) {
    pthread_mutex_lock(&self->lock);
    bool flushed = self->flushed;
    self->flushed = false;
    pthread_mutex_unlock(&self->lock);
    if (flushed)
        relay_destinations_open(&self->destinations);
}

static void take_returned(relay_forwarder_t *self, const turn_t *turn) {
    pthread_mutex_lock(&self->lock);
    relay_attempt_t *attempt = self->returned, *next;
    relay_message_t *message = self->noticed, *following;
    self->returned = NULL;
    self->noticed = NULL;
    pthread_mutex_unlock(&self->lock);
    for (; message; message = following) {
        following = message->next;
        take_notice(self, message);
    }
    for (; attempt; attempt = next) {
        next = attempt->next;
        came_back(self, attempt, turn);
    }
}

/* Beginning */

/* One destination must not fill the hand: what is too much of it comes later, and the others are seen meanwhile. */
static bool is_crowded(const relay_forwarder_t *self, const relay_attempt_t *attempt) {
    return attempt->delivery.domain.at && attempt->destination->waiting_count >= self->conf->in_hand / 4;
}

static void refuse_crowded(relay_forwarder_t *self, relay_attempt_t *attempt, const turn_t *turn) {
    relay_attempt_result(attempt, relay_result_own(EDGE_RELAY_DEFERRED, EDGE_RELAY_MESSAGE, 451, 3, 2,
                                                   edge_span_of("it waits behind others for its destination")));
    attempt->message->crowded = true;
    attempt->message->not_before = turn->now.mono + CROWD_PAUSE + (edge_mono_t)(random_of(self) % EDGE_SECONDS(30));
    take_results(self, attempt, turn);
}

/* Held messages (relay_hold.h) */

static edge_mono_t held_pause(apr_time_t until, const turn_t *turn) {
    apr_time_t left = until - turn->now.wall;
    return turn->now.mono + (left < HELD_PAUSE ? left : HELD_PAUSE);
}

/* Until when nothing at all goes to this next hop; 0: it goes. */
static apr_time_t stopped_until(const relay_forwarder_t *self) {
    apr_time_t all = relay_holds_until(RELAY_HOLD_ALL, EDGE_NO_SPAN);
    apr_time_t own = relay_holds_until(RELAY_HOLD_BACKEND, self->relay->section->name);
    return all > own ? all : own;
}

/* When it goes again, whatever was known about destinations is from before the hold. */
static bool is_stopped(relay_forwarder_t *self, turn_t *turn) {
    apr_time_t until = stopped_until(self);
    if (self->stopped && until == 0)
        relay_destinations_open(&self->destinations);
    self->stopped = until > 0;
    if (until > 0 && until != EDGE_QUEUE_NEVER)
        not_later(turn, turn->now.mono + (until - turn->now.wall));
    return until > 0;
}

/* The hold has come while it waited. It is not tried, and comes again when that may be over. */
static void refuse_held(relay_forwarder_t *self, relay_attempt_t *attempt, apr_time_t until, const turn_t *turn) {
    attempt->message->crowded = true;
    attempt->message->not_before = held_pause(until, turn);
    relay_attempt_result(attempt, relay_result_own(EDGE_RELAY_DEFERRED, EDGE_RELAY_MESSAGE, 451, 3, 2,
                                                   edge_span_of("an operator holds this destination")));
    take_results(self, attempt, turn);
}

static void take_lease(relay_forwarder_t *self, const edge_queue_lease_t *lease, const turn_t *turn) {
    relay_message_t *message = relay_message_make(lease, self, &self->destinations, RECIPIENTS_MOST);
    self->in_hand++;
    if (lease->envelope->given_up) {
        relay_message_give_up(message);
        finish(self, message, turn);
        return;
    }
    if (message->open == 0 && message->held > 0)
        message->not_before = held_pause(message->held, turn);
    if (message->open == 0) {
        finish(self, message, turn);
        return;
    }
    message->open++; /* ours, until all attempts have been looked at */
    for (relay_attempt_t *attempt = message->attempts, *sibling; attempt; attempt = sibling) {
        sibling = attempt->sibling;
        if (relay_destination_is_closed(attempt->destination, turn->now.mono))
            refuse_waiting(self, attempt, turn);
        else if (is_crowded(self, attempt))
            refuse_crowded(self, attempt, turn);
        else
            relay_destination_add(&self->destinations, attempt->destination, attempt);
    }
    if (--message->open == 0)
        finish(self, message, turn);
}

static void lease(relay_forwarder_t *self, turn_t *turn) {
    edge_queue_lease_t leases[LEASE_MOST];
    unsigned count = LEASE_MOST;
    forget_troubles(self); /* where the hand is full, too */
    if (is_stopped(self, turn))
        return;
    while (count == LEASE_MOST && self->in_hand < self->conf->in_hand) {
        unsigned most = self->conf->in_hand - self->in_hand;
        apr_status_t status = self->queue->provider->lease(self->queue, turn->now.wall,
                                                           most < LEASE_MOST ? most : LEASE_MOST, leases, &count);
        if (status != APR_SUCCESS) {
            not_later(turn, turn->now.mono + TROUBLE_PAUSE);
            return;
        }
        forget_troubles(self); /* said before the messages were made due: seen before one of them is looked at */
        for (unsigned i = 0; i < count; i++)
            take_lease(self, &leases[i], turn);
    }
    apr_time_t due = self->queue->provider->due(self->queue);
    if (self->in_hand < self->conf->in_hand && due != EDGE_QUEUE_NEVER)
        not_later(turn, turn->now.mono + (due > turn->now.wall ? due - turn->now.wall : 0));
}

static void begin_one(relay_forwarder_t *self, relay_attempt_t *attempt, const turn_t *turn) {
    const edge_envelope_t *envelope = attempt->delivery.envelope;
    attempt->began = turn->now.mono;
    attempt->source = relay_source_open(self->queue, envelope->id, envelope->size, self->readers);
    if (!attempt->source) {
        relay_attempt_result(attempt, relay_result_own(EDGE_RELAY_DEFERRED, EDGE_RELAY_MESSAGE, 451, 3, 0,
                                                       edge_span_of("the spool cannot read this message")));
        attempt->message->tried = attempt->asked = true;
        take_results(self, attempt, turn);
        return;
    }
    attempt->destination->in_flight++;
    atomic_fetch_add(&self->in_flight, 1);
    relay_figures_begun(&self->figures);
    relay_attempt_send(attempt, next_worker(self));
}

/* The thread begins before the workers do. */
static bool workers_run(void) { return edge_worker_count() > 0 && edge_worker_at(edge_worker_count() - 1) != NULL; }

static void begin(relay_forwarder_t *self, const turn_t *turn) {
    relay_attempt_t *attempt;
    while (stopped_until(self) == 0 && atomic_load(&self->in_flight) < self->conf->in_flight &&
           (attempt = relay_destination_next(&self->destinations, self->conf->connections, turn->now.mono)) != NULL) {
        apr_time_t held =
            attempt->delivery.domain.at ? relay_holds_until(RELAY_HOLD_DOMAIN, attempt->delivery.domain) : 0;
        if (held > 0)
            refuse_held(self, attempt, held, turn);
        else
            begin_one(self, attempt, turn);
    }
}

/* What waits for a destination that is left alone was answered; what waits for one with too much to do is woken by it. */
static void sweep(relay_forwarder_t *self, turn_t *turn) {
    if (turn->now.mono >= self->sweep_at) {
        relay_destinations_sweep(&self->destinations, turn->now.mono);
        self->sweep_at = turn->now.mono + SWEEP_EVERY;
    }
    not_later(turn, self->sweep_at);
}

/* Ending */

static void drop_waiting(relay_forwarder_t *self) {
    while (self->destinations.ring) {
        relay_attempt_t *attempt = relay_destination_empty(&self->destinations, self->destinations.ring), *next;
        for (; attempt; attempt = next) {
            next = attempt->next;
            relay_message_t *message = attempt->message;
            if (--message->open == 0 && !message->tried)
                forget(self, message); /* leased, and so as it was */
            else if (message->open == 0)
                finish(self, message, &(turn_t){.now = edge_clock_read()});
        }
    }
}

/* True: nothing is in anybody's hand. */
static bool wind_up(relay_forwarder_t *self) {
    if (!atomic_load(&self->draining))
        return false;
    drop_waiting(self);
    if (atomic_load(&self->giving_up) && !self->cancelled) {
        self->cancelled = true;
        relay_attempts_cancel(self);
    }
    return self->in_hand == 0;
}

static void *live(void *argument) {
    relay_forwarder_t *self = argument;
    for (;;) {
        turn_t turn = {.now = edge_clock_read()};
        turn.until = turn.now.mono + SLEEP_MOST;
        take_returned(self, &turn);
        bool ended = wind_up(self);
        settle(self, &turn);
        if (ended && self->in_hand == 0)
            break;
        if (!atomic_load(&self->draining) && !workers_run()) {
            not_later(&turn, turn.now.mono + WORKERS_PAUSE);
        } else if (!atomic_load(&self->draining)) {
            lease(self, &turn);
            settle(self, &turn);
            begin(self, &turn);
            sweep(self, &turn);
        } else if (self->in_hand == 0) {
            continue;
        }
        sleep_until(self, turn.until);
    }
    self->queue->provider->listen(self->queue, NULL, NULL);
    relay_destinations_free(&self->destinations);
    relay_figures_works(&self->figures, false); /* the next generation counts for itself */
    atomic_store(&self->ended, true);
    return NULL;
}

apr_status_t relay_forwarder_start(relay_forwarder_t *self, apr_pool_t *pool) {
    pthread_mutex_init(&self->lock, NULL);
    edge_cond_make(&self->wake);
    self->random = (uint32_t)apr_time_now();
    relay_figures_make(&self->figures, self->relay->section, pool);
    self->queue->provider->listen(self->queue, wake, self);
    int error = pthread_create(&self->thread, NULL, live, self);
    if (error == 0)
        atomic_store(&self->queue->give_up, relay_forwarder_give_up);
    if (error == 0)
        pthread_setname_np(self->thread, "forwarder");
    return APR_FROM_OS_ERROR(error);
}

bool relay_forwarder_drain(relay_forwarder_t *self, bool now) {
    pthread_mutex_lock(&self->lock);
    if (!atomic_load(&self->draining) || (now && !atomic_load(&self->giving_up))) {
        atomic_store(&self->giving_up, now);
        atomic_store(&self->draining, true);
        self->woken = true;
        pthread_cond_signal(&self->wake);
    }
    pthread_mutex_unlock(&self->lock);
    return atomic_load(&self->ended);
}

void relay_forwarder_join(relay_forwarder_t *self) {
    pthread_join(self->thread, NULL);
    atomic_store(&self->queue->give_up, NULL);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->lock);
}
