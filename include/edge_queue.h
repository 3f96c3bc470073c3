/*
 * A queue: who takes responsibility for a message.
 *
 * Concept:  an edge submits envelope and body and hands the answer to the client.
 *           A queue is an instance of a provider (kind "queue"): the durable spool,
 *           a store-nothing relay, later a distributed log. Its write side is
 *           asynchronous and answered exactly once; its read side blocks and is
 *           for operators, tools and the forwarder, never for a worker's thread.
 * Owner:    the child; one instance per <Queue> and generation.
 * Threads:  room, body_open and submit on any worker; the read side on any thread
 *           that is no worker.
 * Lifetime: from open until close returns; close waits for what is submitted.
 * Errors:   submissions answer by outcome; the read side returns APR_SUCCESS,
 *           APR_NOTFOUND, APR_EBUSY (the message is leased or being changed),
 *           APR_EAGAIN (the queue is still being read, or goes to another
 *           generation), APR_EGENERAL and the system's own.
 */
#ifndef EDGE_QUEUE_H
#define EDGE_QUEUE_H

#include "edge_body.h"
#include "edge_message.h"
#include "edge_reply.h"

struct edge_section; /* edge_conf.h: the <Queue> block */

typedef struct edge_queue edge_queue_t;
typedef struct edge_submission edge_submission_t;

typedef enum edge_outcome {
    EDGE_OUTCOME_STORED,  /* durable, or accepted by the next hop */
    EDGE_OUTCOME_NO_ROOM, /* 452 4.3.1 */
    EDGE_OUTCOME_FAILED,  /* 451 4.3.0: the machine's own trouble */
    EDGE_OUTCOME_ANSWERED /* `reply` is the next hop's own */
} edge_outcome_t;

struct edge_submission {
    edge_letter_t letter; /* private to the queue */
    edge_worker_t *worker;
    apr_pool_t *pool;          /* the transaction's; handed over with the submission until done */
    edge_envelope_t *envelope; /* complete, size included */
    edge_span_t prelude;       /* headers to stand in front of the body; in the pool */
    edge_body_t *body;         /* consumed */
    /* On the worker's loop, exactly once, never inside submit. Everything above is the edge's again, but for the body. */
    void (*done)(edge_submission_t *submission);
    edge_outcome_t outcome;
    bool discarded;     /* where it was accepted: by a next hop that keeps nothing */
    edge_reply_t reply; /* with EDGE_OUTCOME_ANSWERED; its text is in the pool */
};

typedef enum edge_message_state {
    EDGE_MESSAGE_ACTIVE,   /* waits for its next hop */
    EDGE_MESSAGE_DEFERRED, /* tried; waits for its next attempt */
    EDGE_MESSAGE_HELD,     /* waits for an operator */
    EDGE_MESSAGE_LEASED,   /* being delivered */
    EDGE_MESSAGE_DAMAGED   /* its record or body failed its check; kept aside */
} edge_message_state_t;
EDGE_API const char *edge_message_state_name(edge_message_state_t state);

/* One line of a list; spans are good during the visit only. */
typedef struct edge_queue_entry {
    edge_uuid_t id;
    edge_message_state_t state;
    const edge_envelope_t *envelope; /* NULL for a damaged record whose envelope cannot be read */
    uint64_t matched;                /* in a list without `most`: how many there are, shown or not */
} edge_queue_entry_t;

typedef struct edge_queue_filter {
    int state;         /* edge_message_state_t, or -1 for all */
    edge_uuid_t after; /* start behind this id; all zero = from the first */
    unsigned most;     /* 0 = no bound */
    unsigned spread;   /* of more than that, so many, evenly spread over all; 0 = all */
} edge_queue_filter_t;

typedef struct edge_queue_stat {
    uint64_t messages, held, deferred, leased, damaged;
    uint64_t bytes;                   /* of live messages */
    uint64_t disk_bytes;              /* taken on disk, empty segments included */
    uint64_t disk_most;               /* SpoolMax; 0 = no bound */
    uint64_t disk_free;               /* free on the file system */
    uint64_t inodes_free;             /* the same; 0 where there is no such bound */
    apr_time_t oldest;                /* received; 0 when empty */
    uint64_t commits, syncs, batches; /* since start */
    bool accepting;
    edge_span_t trouble; /* why not; absent when accepting */
} edge_queue_stat_t;

/* A message opened for reading. */
typedef struct edge_queue_reader edge_queue_reader_t;

typedef struct edge_queue_lease {
    edge_uuid_t id;
    apr_pool_t *pool;          /* its own, with memory of its own; the leaser's, who destroys it */
    edge_envelope_t *envelope; /* in that pool */
    apr_time_t due;            /* since when it could be leased; 0: it was to go at once */
} edge_queue_lease_t;

#define EDGE_QUEUE_NEVER INT64_MAX

/* The end of an attempt, for one recipient. */
typedef struct edge_settlement {
    unsigned recipient; /* index in the envelope */
    edge_recipient_state_t state;
    edge_span_t reply;
} edge_settlement_t;

/* The same for a message. */
typedef struct edge_queue_settling {
    edge_uuid_t id;
    edge_envelope_t *envelope; /* as it was leased; its states are brought up to date */
    const edge_settlement_t *results;
    unsigned count;
    apr_time_t next;
    apr_status_t status; /* what came of it; when it failed, the message stays leased and may be settled again */
} edge_queue_settling_t;

typedef struct edge_queue_provider {
    const char *name;
    const char *prose;
    uint32_t carries; /* EDGE_CARRIES_*, also without a next hop */
    /* `conf` is NULL for tools; `directory` is set in any case. On failure `why` says it for the operator. */
    apr_status_t (*open)(edge_queue_t *queue, const struct edge_section *conf, apr_pool_t *pool, const char **why);
    void (*close)(edge_queue_t *queue);
    /* This generation takes no new messages but what is open; another child adopts the rest. */
    void (*retire)(edge_queue_t *queue);
    /* At MAIL: whether a message of about `size` octets could be taken now. STORED means yes. Cheap; any worker. */
    edge_outcome_t (*room)(edge_queue_t *queue, uint64_t size);
    edge_body_t *(*body_open)(edge_queue_t *queue, edge_worker_t *worker, void (*room)(void *owner), void *owner);
    void (*submit)(edge_queue_t *queue, edge_submission_t *submission);

    /* The read side. */
    apr_status_t (*list)(edge_queue_t *queue, const edge_queue_filter_t *filter,
                         bool (*visit)(void *context, const edge_queue_entry_t *entry), void *context);
    apr_status_t (*stat)(edge_queue_t *queue, edge_queue_stat_t *stat);
    apr_status_t (*reader_open)(edge_queue_t *queue, edge_uuid_t id, apr_pool_t *pool, edge_queue_reader_t **reader);
    const edge_queue_entry_t *(*reader_entry)(edge_queue_reader_t *reader);
    /* The stored message's exact bytes, prelude first; APR_EOF at the end. A failed checksum is APR_EGENERAL. */
    apr_status_t (*reader_read)(edge_queue_reader_t *reader, char *into, size_t size, size_t *got);
    void (*reader_close)(edge_queue_reader_t *reader);
    apr_status_t (*hold)(edge_queue_t *queue, edge_uuid_t id);
    apr_status_t (*release)(edge_queue_t *queue, edge_uuid_t id);
    apr_status_t (*remove)(edge_queue_t *queue, edge_uuid_t id);
    apr_status_t (*requeue)(edge_queue_t *queue, edge_uuid_t id); /* due at once, attempts kept */
    /* The same, and whoever leases it finds `given_up` in its envelope, in a later process too. */
    apr_status_t (*give_up)(edge_queue_t *queue, edge_uuid_t id);
    /* Up to `most` messages that are due, the longest due first; they are LEASED until settled or postponed, or until the
     * process ends. */
    apr_status_t (*lease)(edge_queue_t *queue, apr_time_t now, unsigned most, edge_queue_lease_t *leases,
                          unsigned *count);
    /* Every recipient DONE or FAILED: the message is removed; else it is deferred until `next`. All of the list become
     * durable together. */
    void (*settle)(edge_queue_t *queue, edge_queue_settling_t *list, unsigned count);
    /* A leased message was not tried: it is due at `next`. Not written down: after a restart it is due as before. */
    apr_status_t (*postpone)(edge_queue_t *queue, edge_uuid_t id, apr_time_t next);
    /* All that are deferred are due at once, and how many that are. Not written down. */
    unsigned (*flush)(edge_queue_t *queue);
    /* When the first message is due: in the past, or later, or EDGE_QUEUE_NEVER. */
    apr_time_t (*due)(edge_queue_t *queue);
    /* `arrived` is called whenever something new may be due, on any thread and under the queue's locks: it may do no more
     * than wake somebody. NULL: nobody listens. */
    void (*listen)(edge_queue_t *queue, void (*arrived)(void *context), void *context);
} edge_queue_provider_t;

/* The message is given up, which no crash undoes, and its sender told, soon. May block. APR_ENOTIMPL: senders are told nothing. */
typedef apr_status_t edge_queue_give_up_t(edge_queue_t *queue, edge_uuid_t id);

struct edge_queue {
    const edge_queue_provider_t *provider;
    const char *name;                        /* of the <Queue> section */
    uint32_t carries;                        /* EDGE_CARRIES_*: by itself, and with its next hop */
    const char *directory;                   /* where it keeps its files; NULL for a queue that stores nothing */
    void *state;                             /* the provider's */
    _Atomic(edge_queue_give_up_t *) give_up; /* of whoever hands the queue on; NULL: nobody does */
};

#endif
