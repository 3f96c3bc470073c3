/*
 * Answers that go on: server-sent events out of a source, until it or the reader ends.
 *
 * Concept:  a route gives a source, which is asked for one event after the other; what is
 *           common stands here: how many streams a carrier may have open, how an event goes
 *           over the wire, the sign of life when there is none, the look after the reader.
 * Owner:    the source is the route's.
 * Threads:  the carrier's, which a stream holds for as long as it lasts.
 * Lifetime: of one answer.
 * Errors:   a problem when all streams are taken.
 */
#ifndef EDGE_CONTROL_ADMIN_STREAM_H
#define EDGE_CONTROL_ADMIN_STREAM_H

#include "edge_admin.h"

#define EDGE_ADMIN_STREAM_TYPE "text/event-stream"

typedef struct edge_admin_event {
    uint64_t id;
    const char *type;
    edge_span_t json; /* without line breaks */
} edge_admin_event_t;

typedef enum edge_admin_next { EDGE_ADMIN_EVENT, EDGE_ADMIN_NO_EVENT, EDGE_ADMIN_NO_MORE } edge_admin_next_t;

/* The next event, in the pool; waits for it until the deadline. */
typedef edge_admin_next_t edge_admin_source_t(void *context, edge_mono_t deadline, edge_admin_event_t *event,
                                              apr_pool_t *pool);

void edge_admin_stream_events(const edge_admin_request_t *request, edge_admin_answer_t *answer,
                              edge_admin_source_t *source, void *context);
/* Tells how many events are lost; the next one follows the one with this id. */
edge_admin_event_t edge_admin_gap(uint64_t id, uint64_t lost, apr_pool_t *pool);
/* What Last-Event-ID says; `usual` when it says nothing. */
uint64_t edge_admin_stream_after(const edge_admin_request_t *request, uint64_t usual);
/* Every stream of this process ends, now and later: the server stops, or hands over to a new child. */
void edge_admin_streams_stop(void);

#endif
