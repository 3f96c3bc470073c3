/*
 * A notice to a sender, put into the queue that its message came from.
 *
 * Concept:  the original is read twice, once to see what of it can be returned and once to return it; the report
 *           (proto/dsn.h) becomes a message of the null sender in the same queue.
 * Owner:    whoever gives it; texts, source and pool are good until `done`.
 * Threads:  the notice's worker.
 * Lifetime: from relay_notice_make to `done`, which comes exactly once, perhaps inside that call.
 * Errors:   `stored` is false.
 */
#ifndef EDGE_MODULE_RELAY_NOTICE_H
#define EDGE_MODULE_RELAY_NOTICE_H

#include "edge_queue.h"
#include "edge_relay.h"
#include "proto/dsn.h"

#define RELAY_NOTICE_RETURN_MOST 65536u /* longer originals come back as headers only */

typedef struct relay_notice relay_notice_t;
struct relay_notice {
    edge_queue_t *queue;
    edge_worker_t *worker;
    apr_pool_t *pool;
    edge_dsn_report_t report; /* but for id and now */
    edge_source_t *source;    /* of the original, at its first octet */
    void (*done)(relay_notice_t *notice);
    void *owner;
    bool stored;
    /* Private. */
    edge_dsn_survey_t survey;
    edge_dsn_t *dsn;
    edge_body_t *body;
    edge_submission_t submission;
    uint64_t left; /* octets of the original that are still to be copied */
    bool surveyed;
};

void relay_notice_make(relay_notice_t *notice);

#endif
