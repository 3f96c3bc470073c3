/*
 * Events: what has just happened, for whoever watches the server.
 *
 * Concept:  whoever changes state says so with a type and a small JSON document. The
 *           last ones are kept in a ring, so that a reader who was away for a moment
 *           misses nothing; one who was away for longer is told how many he missed.
 *           Ids rise for ever, over reloads as well.
 * Owner:    the ring copies what it is given.
 * Threads:  any. Telling an event costs a copy under a lock, and never waits for a reader.
 * Lifetime: of the process; an event until the ring needs its room.
 * Errors:   none; an event of more than EDGE_EVENT_MOST octets keeps its type alone.
 */
#ifndef EDGE_EVENT_H
#define EDGE_EVENT_H

#include "edge_clock.h"

#define EDGE_EVENT_MOST 16384

/* `type` is a literal, one of edge_event_type_at; `json` is a document without line breaks. */
EDGE_API void edge_event(const char *type, edge_span_t json);
/* Whether anybody has asked for events in the last minute: what happens often need not be written for nobody. */
EDGE_API bool edge_event_wanted(void);

typedef struct edge_event_type {
    const char *name;
    const char *prose;
} edge_event_type_t;
/* NULL behind the last. */
EDGE_API const edge_event_type_t *edge_event_type_at(unsigned index);

typedef struct edge_event_seen {
    uint64_t id;
    const char *type;
    edge_span_t json; /* in the pool of edge_event_next */
} edge_event_seen_t;

typedef enum edge_event_next {
    EDGE_EVENT_SEEN,
    EDGE_EVENT_NOTHING, /* none came in time */
    EDGE_EVENT_GAP,     /* `id` is how many of this process's are lost; the next call goes on behind them */
    EDGE_EVENT_END      /* the server ends, or hands over to a new child */
} edge_event_next_t;

/* The newest id; a reader who begins behind it sees what happens from now on. */
EDGE_API uint64_t edge_event_last(void);
/* The event behind `*after`, which becomes its id; waits for it until `deadline`. */
EDGE_API edge_event_next_t edge_event_next(uint64_t *after, edge_mono_t deadline, edge_event_seen_t *seen,
                                           apr_pool_t *pool);
/* Every reader sees the end, now and later. */
EDGE_API void edge_event_stop(void);

#endif
