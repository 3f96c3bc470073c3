/* Attempts on their worker: they come by letter, are given to the next hop, and go back when it has answered. */
#include <stdlib.h>

#include "relay.h"

/* What a worker has under way. */
typedef struct at_work {
    relay_attempt_t *first;
} at_work_t;

static unsigned seat;
static pthread_once_t seat_once = PTHREAD_ONCE_INIT;
static void take_seat(void) { seat = edge_worker_new_seat(); }

static apr_status_t free_seat(void *data) {
    free(data);
    return APR_SUCCESS;
}

apr_status_t relay_attempts_worker_start(edge_worker_t *worker) {
    pthread_once(&seat_once, take_seat);
    at_work_t *work = calloc(1, sizeof(*work));
    if (!work)
        return APR_ENOMEM;
    edge_worker_set_seat(worker, seat, work);
    apr_pool_cleanup_register(edge_worker_pool(worker), work, free_seat, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

static void link_in(relay_attempt_t *attempt) {
    at_work_t *work = edge_worker_seat(attempt->delivery.worker, seat);
    attempt->follower = work->first;
    if (attempt->follower)
        attempt->follower->link = &attempt->follower;
    attempt->link = &work->first;
    work->first = attempt;
}

static void link_out(relay_attempt_t *attempt) {
    *attempt->link = attempt->follower;
    if (attempt->follower)
        attempt->follower->link = attempt->link;
}

static void rested(void *context) {
    relay_attempt_t *attempt = context;
    relay_count(RELAY_C_IN_FLIGHT, -1);
    relay_forwarder_returned(attempt->forwarder, attempt);
}

static void go_back(relay_attempt_t *attempt) {
    link_out(attempt);
    relay_source_rest(attempt->source, rested, attempt);
}

static void finished(edge_delivery_t *delivery) { go_back(EDGE_CONTAINER(delivery, relay_attempt_t, delivery)); }

static void arrived(edge_letter_t *letter, edge_worker_t *worker) {
    relay_attempt_t *attempt = EDGE_CONTAINER(letter, relay_attempt_t, letter);
    attempt->delivery.source = relay_source_use(attempt->source, worker);
    attempt->delivery.finished = finished;
    link_in(attempt);
    relay_count(RELAY_C_IN_FLIGHT, 1);
    relay_count(RELAY_C_ATTEMPTS, 1);
    attempt->delivery.relay->provider->deliver(&attempt->delivery);
}

void relay_attempt_send(relay_attempt_t *attempt, edge_worker_t *worker) {
    attempt->delivery.worker = worker;
    attempt->letter.deliver = arrived;
    edge_worker_send(worker, &attempt->letter);
}

/* Cancelling: one letter to each worker, which frees itself. */

typedef struct order {
    edge_letter_t letter;
    relay_forwarder_t *forwarder;
} order_t;

static void cancel_all(edge_letter_t *letter, edge_worker_t *worker) {
    order_t *order = EDGE_CONTAINER(letter, order_t, letter);
    at_work_t *work = edge_worker_seat(worker, seat);
    for (relay_attempt_t *attempt = work->first, *next; attempt; attempt = next) {
        next = attempt->follower;
        if (attempt->forwarder != order->forwarder)
            continue;
        attempt->delivery.relay->provider->cancel(&attempt->delivery);
        attempt->cancelled = true;
        go_back(attempt);
    }
    free(order);
}

void relay_attempts_cancel(relay_forwarder_t *forwarder) {
    for (unsigned i = 0; i < edge_worker_count(); i++) {
        order_t *order = calloc(1, sizeof(*order));
        EDGE_ASSERT(order != NULL);
        order->forwarder = forwarder;
        order->letter.deliver = cancel_all;
        edge_worker_send(edge_worker_at(i), &order->letter);
    }
}
