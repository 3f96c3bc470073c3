/*
 * Histograms: how values are spread, as counters.
 *
 * Concept:  a histogram is a family of counters (edge_counter.h): one for each bucket of a
 *           fixed set of bounds, and one for the sum. Observing is two relaxed adds.
 * Owner:    slots are the counters'; who observes holds their numbers.
 * Threads:  make while loading; observe anywhere.
 * Lifetime: of the map.
 * Errors:   APR_ENOSPC: no room; what could not be made is not counted.
 */
#ifndef EDGE_HISTOGRAM_H
#define EDGE_HISTOGRAM_H

#include "edge_clock.h"
#include "edge_counter.h"

#define EDGE_HISTOGRAM_BUCKETS 14

typedef enum edge_histogram_bounds {
    EDGE_BOUNDS_OPERATION, /* microseconds: 0.5 ms to 10 s */
    EDGE_BOUNDS_SESSION,   /* microseconds: 0.1 s to an hour */
    EDGE_BOUNDS_SIZE,      /* octets: 1 KiB to 64 MiB */
    EDGE_BOUNDS_COUNT      /* 1 to 1000 */
} edge_histogram_bounds_t;

/* All zero: counts nothing. */
typedef struct edge_histogram {
    edge_histogram_bounds_t bounds;
    unsigned sum;    /* 1-based slot */
    unsigned bucket; /* of the first; the others follow */
} edge_histogram_t;

typedef struct edge_histogram_bucket {
    int64_t most; /* its upper bound; -1: the last one has none */
    int64_t count;
} edge_histogram_bucket_t;

/* A row of two: the histogram's name without prefix and ending, and its prose. */
typedef struct edge_histogram_row {
    const char *name;
    edge_histogram_bounds_t bounds;
    const char *prose;
} edge_histogram_row_t;

/* `labels` as in edge_counter_register_labelled; "" for none. */
EDGE_API apr_status_t edge_histogram_make(edge_histogram_t *histogram, const char *module,
                                          const edge_histogram_row_t *row, const char *labels);
/* Microseconds, octets, or a number, as the bounds are. */
EDGE_API void edge_histogram_observe(const edge_histogram_t *histogram, int64_t value);
/* How many values have fallen into one bucket and not into those before it; false: there is none of that index. */
EDGE_API bool edge_histogram_bucket_at(const edge_histogram_t *histogram, unsigned index,
                                       edge_histogram_bucket_t *bucket);
/* The sum of all values so far. */
EDGE_API int64_t edge_histogram_sum(const edge_histogram_t *histogram);
/* All values so far. */
EDGE_API uint64_t edge_histogram_observed(const edge_histogram_t *histogram);
/* The upper bound of the bucket in which that part (0.99) of the values is reached; -1: there are none, or it has none. */
EDGE_API int64_t edge_histogram_quantile(const edge_histogram_t *histogram, double part);

#endif
