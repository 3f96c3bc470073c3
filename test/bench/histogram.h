/* A clock, and histograms of what it measures, for the load generators. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>
#include <time.h>

#define BUCKETS 1024u /* 32 steps per power of two of microseconds */

typedef struct histogram {
    uint64_t count[BUCKETS];
    uint64_t total;
} histogram_t;

static inline uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* Exact below 32, then 32 buckets for each doubling. */

static inline unsigned bucket_of(uint64_t value) {
    if (value < 32)
        return (unsigned)value;
    unsigned log = 63u - (unsigned)__builtin_clzll(value);
    unsigned bucket = (log - 4) * 32 + (unsigned)((value >> (log - 5)) & 31);
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static inline uint64_t bucket_value(unsigned bucket) {
    if (bucket < 32)
        return bucket;
    unsigned log = bucket / 32 + 4;
    return (UINT64_C(1) << log) + ((uint64_t)(bucket % 32) << (log - 5));
}

static inline void histogram_add(histogram_t *h, uint64_t value) {
    h->count[bucket_of(value)]++;
    h->total++;
}

static inline uint64_t percentile(const histogram_t *h, double share) {
    uint64_t wanted = (uint64_t)((double)h->total * share), seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++)
        if ((seen += h->count[i]) > wanted)
            return bucket_value(i);
    return 0;
}

#endif
