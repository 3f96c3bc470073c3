/*
 * The bytes of a message while they arrive.
 *
 * Concept:  a queue opens a body and decides where its bytes go (memory, a file,
 *           a next hop); an edge writes spans into it and ends it in exactly one
 *           of two ways: abandon, or a submission to the queue (edge_queue.h),
 *           which consumes it.
 * Owner:    the edge, from open to abandon or submit; then the queue.
 * Threads:  the worker's on which it was opened.
 * Lifetime: it does not outlive its queue.
 * Errors:   a failed write is remembered; later writes are ignored and the
 *           submission answers EDGE_OUTCOME_FAILED or NO_ROOM.
 */
#ifndef EDGE_BODY_H
#define EDGE_BODY_H

#include "edge_worker.h"

typedef struct edge_body edge_body_t;

typedef enum edge_body_flow {
    EDGE_BODY_MORE, /* go on */
    EDGE_BODY_WAIT  /* the bytes were taken; write no more until `room` is called */
} edge_body_flow_t;

typedef struct edge_body_kind {
    edge_body_flow_t (*write)(edge_body_t *body, edge_span_t bytes); /* copies what it keeps */
    void (*abandon)(edge_body_t *body);
} edge_body_kind_t;

struct edge_body {
    const edge_body_kind_t *kind;
    edge_worker_t *worker;
    uint64_t size;             /* octets written so far; kept by edge_body_write */
    void (*room)(void *owner); /* after EDGE_BODY_WAIT, on the worker's loop, never inside write */
    void *owner;
};

static inline edge_body_flow_t edge_body_write(edge_body_t *body, edge_span_t bytes) {
    body->size += bytes.len;
    return body->kind->write(body, bytes);
}

static inline void edge_body_abandon(edge_body_t *body) { body->kind->abandon(body); }

#endif
