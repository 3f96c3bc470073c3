/*
 * A next hop: where the messages of a queue go on to.
 *
 * Concept:  the operator names it in a <Handoff>; its `Protocol` is a provider (kind
 *           "handoff"). Whoever has a message to deliver (the forwarder of a spool, a
 *           queue that stores nothing) makes a delivery of it: an envelope, some of its
 *           recipients, and a source of the message's bytes. The next hop answers once,
 *           with one result for each of these recipients.
 *
 *             deliver   begins; returns at once, whatever it meets
 *             finished  the answer: all results are set, and the next hop has let go of
 *                       delivery and source
 *             cancel    nobody wants the answer any more: lets go at once, `finished` is
 *                       not called
 *
 *           A delivery may also be a question, without a source: whether its recipients would
 *           be taken. Its results say so, DONE for those that would.
 *
 *           A source is pulled: `look` shows the bytes at its front, `eat` drops them.
 *           When there are none yet it says WAIT, and calls `ready` once there are. It
 *           holds a few blocks at a time and never the whole of a large message, so a
 *           next hop looks no further than it can send: bytes that wait for a slow peer
 *           stay where they are. What blocks (a spool's disk) is done by the source on
 *           threads of its own; what blocks in a next hop (a Maildir) goes to a task pool
 *           of the next hop's (edge_task.h), with bytes that were copied for it.
 * Owner:    the giver owns delivery, pool and source. Between deliver and finished (or
 *           cancel) the next hop may use them, and nobody else does. Settings belong to
 *           the snapshot.
 * Threads:  prepare while loading; all else on the delivery's worker. A delivery never
 *           leaves it.
 * Lifetime: texts of results live in the delivery's pool.
 * Errors:   all trouble is a result. A next hop ends by itself in bounded time, whatever
 *           the other side does or does not do: deadlines are its own business.
 */
#ifndef EDGE_RELAY_H
#define EDGE_RELAY_H

#include "edge_conf.h"
#include "edge_message.h"
#include "edge_relay_result.h"
#include "edge_reply.h"
#include "edge_worker.h"

/* The bytes of a message */

typedef enum edge_source_state {
    EDGE_SOURCE_BYTES, /* some are there */
    EDGE_SOURCE_WAIT,  /* none yet: `ready` will be called */
    EDGE_SOURCE_END,   /* all have been eaten */
    EDGE_SOURCE_BROKEN /* the rest cannot be had: nothing may be said to be complete */
} edge_source_state_t;

typedef struct edge_source edge_source_t;

typedef struct edge_source_kind {
    /* The same bytes, or more, until they are eaten. `bytes` is never empty with BYTES. */
    edge_source_state_t (*look)(edge_source_t *source, edge_span_t *bytes);
    void (*eat)(edge_source_t *source, size_t len);
    /* Back to the first octet, for another try. False: it cannot; what was eaten is gone. */
    bool (*rewind)(edge_source_t *source);
} edge_source_kind_t;

#define EDGE_SOURCE_SIZE_UNKNOWN UINT64_MAX

struct edge_source {
    const edge_source_kind_t *kind;
    uint64_t size; /* octets in all, headers that were put in front included; or EDGE_SOURCE_SIZE_UNKNOWN */
    /* Set by the next hop before it looks; called on the worker, never inside `look`, once for each WAIT. */
    void (*ready)(void *owner);
    void *owner;
};

static inline edge_source_state_t edge_source_look(edge_source_t *source, edge_span_t *bytes) {
    return source->kind->look(source, bytes);
}
static inline void edge_source_eat(edge_source_t *source, size_t len) { source->kind->eat(source, len); }
static inline bool edge_source_rewind(edge_source_t *source) { return source->kind->rewind(source); }

/* What became of a recipient */

typedef struct edge_relay_result {
    edge_relay_outcome_t outcome;
    edge_relay_blame_t blame; /* of DEFERRED */
    /* The next hop's own words, or ours where `remote` is absent (4.4.1 "Connection refused" ...). Its code is of the
     * class of the outcome: 2xx, 4xx, 5xx. */
    edge_reply_t reply;
    edge_span_t remote; /* who said it: "mx1.example.net", "127.0.0.1:2526"; absent: nobody did */
    /* DONE: nobody there will report to the sender by RFC 3461, so that the promise of NOTIFY=SUCCESS is kept here. */
    bool relayed_without;
    bool of_itself; /* DEFERRED: what `remote` said is about itself or this server, and no word on the message */
} edge_relay_result_t;

typedef struct edge_delivery edge_delivery_t;

struct edge_delivery {
    const struct edge_relay *relay; /* which next hop */
    edge_worker_t *worker;
    apr_pool_t *pool;
    const edge_envelope_t *envelope;
    const unsigned *recipients; /* indices in the envelope */
    unsigned count;             /* at least one */
    edge_span_t domain; /* all of them are of this domain, in lower case, where the relay goes by domain; else absent */
    edge_source_t *source;        /* at its first octet; NULL: the delivery is a question */
    bool all_or_none;             /* nobody shall get it where one recipient is refused: then all have that answer */
    edge_relay_result_t *results; /* `count` of them, in the order of `recipients` */
    /* On the worker's loop, exactly once, never inside `deliver`, and not after `cancel`. */
    void (*finished)(edge_delivery_t *delivery);
    void *hop; /* the next hop's own, from deliver to finished or cancel */
};

/* What a next hop's module gives: provider kind "handoff", named as `Protocol` names it. */

typedef struct edge_relay_provider {
    const char *name; /* "smtp", "lmtp", "http", "maildir", "discard" */
    const char *prose;
    /* While loading: what the <Handoff> says, made once in `pool`; NULL and an error reported when it is wrong. */
    void *(*prepare)(edge_conf_check_t *check, const edge_section_t *handoff, apr_pool_t *pool);
    /* What it can carry on, whatever is at the other side (EDGE_CARRIES_*). */
    uint32_t carries;
    /* What of that these settings cannot; NULL: nothing. */
    uint32_t (*lacks)(const void *settings);
    /* Whether recipients of different domains go different ways, each a destination of its own (SMTP without a fixed
     * Address); NULL: never. */
    bool (*by_domain)(const void *settings);
    /* DONE means that the message lies where its recipient finds it: NOTIFY=SUCCESS is answered "delivered", not "relayed". */
    bool final;
    bool discards; /* DONE means that the message is gone */
    bool asks;     /* it takes deliveries that are questions */
    void (*deliver)(edge_delivery_t *delivery);
    void (*cancel)(edge_delivery_t *delivery);
} edge_relay_provider_t;

/* A <Handoff> as it runs: the section's `instance`. */
typedef struct edge_relay {
    const edge_relay_provider_t *provider;
    const edge_section_t *section;
    const char *name; /* of the section */
    void *settings;   /* what `prepare` gave */
    edge_span_t server_name;
} edge_relay_t;

#endif
