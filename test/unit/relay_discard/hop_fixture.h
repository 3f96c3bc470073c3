/* A delivery to a next hop, made by a test: an envelope, a source that gives bytes as it is told, and what came of it. */
#ifndef EDGE_TEST_HOP_FIXTURE_H
#define EDGE_TEST_HOP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge_counter.h"
#include "edge_module.h"
#include "edge_relay.h"

#include "event/worker.h"
#include "event/loop_priv.h"
#include "event/worker_priv.h"

/* Called by the test's main: makes the worker that all deliveries live on. */
extern edge_worker_t *hop_worker;
int hop_start(void **state);
int hop_stop(void **state);

typedef struct hop_source {
    edge_source_t source;
    edge_span_t text;
    size_t at;
    size_t step;    /* octets shown at a time */
    unsigned waits; /* every second look says WAIT this many times, and calls ready a turn later */
    size_t breaks;  /* BROKEN from this octet on; SIZE_MAX: never */
    bool stuck;     /* rewind says no */
    unsigned rewinds;
    bool waiting;
    edge_chore_t chore;
} hop_source_t;

#define HOP_RECIPIENTS_MOST 16

typedef struct hop {
    apr_pool_t *pool;
    edge_envelope_t envelope;
    hop_source_t from;
    unsigned recipients[HOP_RECIPIENTS_MOST];
    edge_relay_result_t results[HOP_RECIPIENTS_MOST];
    edge_relay_t relay;
    edge_delivery_t delivery;
    unsigned finished;
} hop_t;

/* A message of `text` from a@client.example; recipients are added by hop_to. */
hop_t *hop_make(const edge_relay_provider_t *provider, void *settings, const char *text);
void hop_to(hop_t *hop, const char *recipient);
/* Begins, and turns the loop until it has finished. */
void hop_deliver(hop_t *hop);
void hop_begin(hop_t *hop);
void hop_until_finished(hop_t *hop);
/* Nobody wants the answer any more; what the source still had to say is said to nobody. */
void hop_cancel(hop_t *hop);
/* "250 2.1.5 text" of one recipient's result, with "!" in front for failed and "~" for deferred. */
const char *hop_result(hop_t *hop, unsigned index);
void hop_free(hop_t *hop);

#endif
