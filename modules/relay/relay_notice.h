/*
 * Telling a sender what became of a message: a report (proto/dsn.h) that is put into the message's own queue.
 *
 * Concept:  the original is read twice: once to learn what of it may come back, once
 *           while it is copied. Neither it nor the report is ever in memory as a whole.
 *           What of the original cannot be read is left out; the report is made anyway.
 * Owner:    the giver, until `done`.
 * Threads:  the worker's.
 * Lifetime: from relay_notice_make to `done`.
 * Errors:   `stored` is false when the queue has not taken it: the message that it is
 *           about must then stay as it is, and be tried again.
 */
#ifndef EDGE_MODULE_RELAY_NOTICE_H
#define EDGE_MODULE_RELAY_NOTICE_H

#include "edge_queue.h"
#include "edge_relay.h"
#include "proto/dsn.h"

typedef struct relay_notice relay_notice_t;

struct relay_notice {
    edge_queue_t *queue;
    edge_worker_t *worker;
    apr_pool_t *pool;         /* lives until `done`; nobody else uses it meanwhile */
    edge_dsn_report_t report; /* but for id and now; its sender is not the null one, and somebody has an action */
    edge_source_t *source;    /* the original, at its first octet */
    void (*done)(relay_notice_t *notice); /* on the worker, once, never inside make */
    void *owner;
    bool stored;
    edge_uuid_t id; /* of the notice, for the log */
};

void relay_notice_make(relay_notice_t *notice);

#endif
