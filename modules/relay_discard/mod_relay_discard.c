/*
 * A next hop that takes everything and keeps nothing: for trying out a queue, and for measuring one.
 *
 *     LoadModule relay_discard_module modules/mod_relay_discard.so
 *     <Queue main>
 *         Spool spool/main
 *         <Handoff nowhere>
 *             Protocol discard
 *         </Handoff>
 *     </Queue>
 */
#include "edge_module.h"
#include "edge_relay.h"

extern edge_module_t relay_discard_module;

enum { COUNTER_MESSAGES };

typedef struct discarding {
    edge_chore_t chore;
    edge_delivery_t *delivery; /* NULL: cancelled */
} discarding_t;

/* A chore that was posted is run in any case, so it is let go there when the delivery was cancelled meanwhile. */
static void let_go(discarding_t *discarding, edge_worker_t *worker) {
    if (!discarding->chore.queued) {
        edge_worker_give(worker, discarding, sizeof *discarding);
    }
}

static void finish(discarding_t *discarding, edge_relay_outcome_t outcome, const edge_reply_t *reply) {
    edge_delivery_t *delivery = discarding->delivery;
    for (unsigned i = 0; i < delivery->count; i++) {
        delivery->results[i] = (edge_relay_result_t){.outcome = outcome, .reply = *reply, .relayed_without = true};
    }
    discarding->delivery = NULL;
    delivery->hop = NULL;
    let_go(discarding, delivery->worker);
    delivery->finished(delivery);
}

static void done(discarding_t *discarding) {
    edge_reply_t reply = {.code = 250, .subject = 0, .detail = 0, .literal = true, .text = EDGE_SPAN("Discarded")};
    edge_counter_add(relay_discard_module.first_counter + COUNTER_MESSAGES, 1);
    finish(discarding, EDGE_RELAY_DONE, &reply);
}

static void broken(discarding_t *discarding) {
    edge_reply_t reply = {
        .code = 451, .subject = 3, .detail = 0, .literal = true, .text = EDGE_SPAN("The message cannot be read")};
    finish(discarding, EDGE_RELAY_DEFERRED, &reply);
}

/* All bytes are taken, as any next hop would, and dropped. */
static void pull(discarding_t *discarding) {
    edge_source_t *source = discarding->delivery->source;
    edge_span_t bytes;
    for (;;) {
        switch (edge_source_look(source, &bytes)) {
        case EDGE_SOURCE_BYTES: edge_source_eat(source, bytes.len); break;
        case EDGE_SOURCE_WAIT: return;
        case EDGE_SOURCE_END: done(discarding); return;
        case EDGE_SOURCE_BROKEN: broken(discarding); return;
        }
    }
}

static void ready(void *owner) { pull(owner); }

static void begin(edge_chore_t *chore, edge_worker_t *worker) {
    discarding_t *discarding = EDGE_CONTAINER(chore, discarding_t, chore);
    if (discarding->delivery != NULL) {
        pull(discarding);
    } else {
        let_go(discarding, worker);
    }
}

static void deliver(edge_delivery_t *delivery) {
    discarding_t *discarding = edge_worker_take(delivery->worker, sizeof *discarding);
    discarding->delivery = delivery;
    discarding->chore.run = begin;
    delivery->hop = discarding;
    delivery->source->ready = ready;
    delivery->source->owner = discarding;
    edge_worker_post(delivery->worker, &discarding->chore);
}

static void cancel(edge_delivery_t *delivery) {
    discarding_t *discarding = delivery->hop;
    discarding->delivery = NULL;
    delivery->hop = NULL;
    let_go(discarding, delivery->worker);
}

/* It has no settings, but a <Handoff> has an instance in any case. */
static void *prepare(edge_conf_check_t *check, const edge_section_t *handoff, apr_pool_t *pool) {
    (void)check;
    (void)handoff;
    return apr_pcalloc(pool, 1);
}

static const edge_relay_provider_t provider = {
    .name = "discard",
    .prose = "Takes every message and keeps none.",
    .prepare = prepare,
    .carries = EDGE_CARRIES_8BITMIME | EDGE_CARRIES_SMTPUTF8 | EDGE_CARRIES_BINARYMIME | EDGE_CARRIES_DSN |
               EDGE_CARRIES_REQUIRETLS,
    .final = true,
    .discards = true,
    .deliver = deliver,
    .cancel = cancel,
};

static const edge_counter_row_t counters[] = {
    [COUNTER_MESSAGES] = {"relay_discarded_total", EDGE_COUNTER_TOTAL, "Messages that the next hop discard has taken."},
    {NULL, EDGE_COUNTER_TOTAL, NULL},
};

static const edge_provider_row_t providers[] = {
    {"handoff", "discard", &provider, "Takes every message and keeps none: for tests and measurements."},
    {NULL, NULL, NULL, NULL},
};

EDGE_MODULE(relay_discard) = {
    .summary = "a next hop that takes every message and keeps none, for tests and measurements",
    .counters = counters,
    .providers = providers,
};
