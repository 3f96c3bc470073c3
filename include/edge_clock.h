/*
 * Two clocks, named apart: one for intervals, one for people.
 *
 * Concept:  deadlines use the monotonic clock (microseconds since an arbitrary
 *           start); dates use the wall clock (microseconds since 1970, UTC).
 *           A loop reads both once a turn and hands the pair out.
 * Owner:    values only.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   none.
 */
#ifndef EDGE_CLOCK_H
#define EDGE_CLOCK_H

#include "edge_base.h"

typedef int64_t edge_mono_t; /* microseconds, monotonic */

#define EDGE_MS(n) ((edge_mono_t)(n)*1000)
#define EDGE_SECONDS(n) ((edge_mono_t)(n)*1000000)

typedef struct edge_clock {
    edge_mono_t mono;
    apr_time_t wall;
} edge_clock_t;

EDGE_API edge_clock_t edge_clock_read(void);
/* The monotonic half alone. */
EDGE_API edge_mono_t edge_clock_mono(void);

/* "2026-11-22T16:41:09.120934Z"; writes 27 characters and a NUL. */
#define EDGE_CLOCK_RFC3339_SIZE 28
EDGE_API void edge_clock_rfc3339(apr_time_t wall, char out[EDGE_CLOCK_RFC3339_SIZE]);
/* The other way: a day alone (its first moment, UTC), or day and time, with Z or an offset such as +02:00; from 1970 on. False:
 * it is none. */
EDGE_API bool edge_clock_rfc3339_parse(edge_span_t text, apr_time_t *wall);
/* "Sun, 22 Nov 2026 16:41:09 +0000", always UTC (RFC 5322 3.3); 31 characters and a NUL. */
#define EDGE_CLOCK_RFC5322_SIZE 32
EDGE_API void edge_clock_rfc5322(apr_time_t wall, char out[EDGE_CLOCK_RFC5322_SIZE]);

#endif
