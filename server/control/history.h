/*
 * What the server did, second by second, over the last six hours.
 *
 * Concept:  a ring of samples in memory that all children share, so that a reload leaves no
 *           hole. What rises (connections, messages) is kept as it stood, so that a rate
 *           is a difference; what stands (sessions, queue) as it was. A second in which
 *           nobody looked is a gap, and shows as one.
 * Owner:    the parent maps the ring before its first fork.
 * Threads:  one writer, the pulse of the newest child; any reader.
 * Lifetime: of the parent.
 * Errors:   none; without a map nothing is kept.
 */
#ifndef EDGE_CONTROL_HISTORY_H
#define EDGE_CONTROL_HISTORY_H

#include "edge_clock.h"

#define EDGE_HISTORY_SECONDS 21600u

typedef enum edge_history_series {
    EDGE_HISTORY_ACCEPTED, /* these rise */
    EDGE_HISTORY_REJECTED,
    EDGE_HISTORY_TEMPFAIL,
    EDGE_HISTORY_CONNECTIONS,
    EDGE_HISTORY_BYTES,
    EDGE_HISTORY_RISING,
    EDGE_HISTORY_SESSIONS = EDGE_HISTORY_RISING, /* these stand */
    EDGE_HISTORY_QUEUE,
    EDGE_HISTORY_COUNT
} edge_history_series_t;

typedef struct edge_history_sample {
    int64_t values[EDGE_HISTORY_COUNT];
} edge_history_sample_t;

/* "accepted", "sessions" ... */
const char *edge_history_name(edge_history_series_t series);
apr_status_t edge_history_map(void);
/* Of the second `second` since 1970. */
void edge_history_put(int64_t second, const edge_history_sample_t *sample);
bool edge_history_at(int64_t second, edge_history_sample_t *sample);
/* Per second, from the samples that there are between `from` and `to` (both included): false when there are not two. */
bool edge_history_rate(edge_history_series_t series, int64_t from, int64_t to, double *rate);
/* The last value in that time; false when there is none. */
bool edge_history_last(edge_history_series_t series, int64_t from, int64_t to, int64_t *value);

#endif
