/*
 * Server-sent events, taken apart as they come.
 *
 * Concept:  octets go in, in any cut; each event that is whole comes out by a call. Comments, and fields that are not
 *           asked for here, are passed over; an event of more than CTL_EVENT_MOST octets is, too.
 * Owner:    the caller; zero-filled but for `take` and `context`.
 * Threads:  one.
 * Lifetime: the spans, of the call.
 * Errors:   none.
 */
#ifndef EDGECTL_EVENT_STREAM_H
#define EDGECTL_EVENT_STREAM_H

#include "edge_base.h"

#define CTL_EVENT_MOST 65536

typedef struct ctl_event {
    edge_span_t id; /* absent: it has none */
    edge_span_t type, data;
} ctl_event_t;

typedef void ctl_event_take_t(void *context, const ctl_event_t *event);

typedef struct ctl_event_stream {
    ctl_event_take_t *take;
    void *context;
    size_t len;
    bool too_long;
    char block[CTL_EVENT_MOST];
} ctl_event_stream_t;

void ctl_event_stream_feed(ctl_event_stream_t *stream, edge_span_t bytes);

#endif
