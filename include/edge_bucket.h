/*
 * Token buckets: how often something may happen, counted over all workers.
 *
 * Concept:  a bucket holds at most `burst` tokens and is filled with `count` of them in
 *           each `period`; what happens takes tokens, and is refused when there are too
 *           few. A bucket is not a number of tokens but the moment at which it will be
 *           full again, so nothing needs to be filled, and a full bucket need not be
 *           kept at all. Buckets live in a table of a fixed size, in memory that all
 *           generations of the child share: counts outlive a reload and a crash.
 *           A key has its place in one of many sets by a hash that nobody outside can
 *           aim at. In a set without a free place the bucket that is nearest to being
 *           full gives way, for it says least; one that is refusing never does: when all
 *           of a set refuse, the newcomer passes without being remembered.
 * Owner:    the parent maps the table before its first fork; rules belong to whoever
 *           made them.
 * Threads:  any, of any process.
 * Lifetime: of the parent.
 * Errors:   none; without a table (in tools) everything passes.
 */
#ifndef EDGE_BUCKET_H
#define EDGE_BUCKET_H

#include "edge_clock.h"
#include "edge_keyed_hash.h"

#define EDGE_BUCKET_KEY_KEPT 63                             /* octets of a key that a list shows */
#define EDGE_BUCKET_PERIOD_MOST (EDGE_SECONDS(86400) * 366) /* of a period, and of burst / count periods */
#define EDGE_BUCKET_COUNT_MOST ((uint64_t)1 << 50)

/* A rule as it is counted. Two with one name and one rate share their buckets, in whatever generation. */
typedef struct edge_bucket_rule {
    edge_keyed_hash_t id;
    uint64_t count, burst; /* tokens */
    uint64_t period;       /* 1/8192 us, as the next ones */
    uint64_t room;         /* an empty bucket needs so long to be full */
    uint64_t one;          /* a token needs so long */
} edge_bucket_rule_t;

/* Something that wants to happen. */
typedef struct edge_bucket_want {
    const edge_bucket_rule_t *rule;
    edge_span_t key;
    uint64_t amount; /* tokens; more than `burst` is taken as `burst` */
} edge_bucket_want_t;

#define EDGE_BUCKET_WANTS_MOST 32

/* A bucket that is not full, for lists. */
typedef struct edge_bucket_seen {
    edge_keyed_hash_t hash;
    char key[EDGE_BUCKET_KEY_KEPT + 1]; /* the key's beginning; NUL behind it */
    size_t key_len;                     /* of that beginning */
    uint64_t left;                      /* tokens */
    edge_mono_t next, full;             /* microseconds until there is one token (0: there is), until there are all */
} edge_bucket_seen_t;

/* 1 <= count, burst <= COUNT_MOST; 0 < period <= PERIOD_MOST; burst / count * period <= PERIOD_MOST: else false. */
EDGE_API bool edge_bucket_rule_make(edge_bucket_rule_t *rule, edge_span_t name, uint64_t count, edge_mono_t period,
                                    uint64_t burst);

/* Takes what all of them want, or nothing (1 <= count <= EDGE_BUCKET_WANTS_MOST). 0: taken. Else the microseconds until
 * the one at *refused, which has to wait longest, may have it. */
EDGE_API edge_mono_t edge_bucket_take(const edge_bucket_want_t *wants, unsigned count, edge_mono_t now,
                                      unsigned *refused);
/* Puts back what was taken. */
EDGE_API void edge_bucket_give(const edge_bucket_want_t *want, edge_mono_t now);
/* The tokens that are there; *next as in edge_bucket_seen_t. */
EDGE_API uint64_t edge_bucket_left(const edge_bucket_rule_t *rule, edge_span_t key, edge_mono_t now, edge_mono_t *next);

/* The buckets of a rule that are not full, in no order: copies at most `most`, returns how many there are. */
EDGE_API unsigned edge_bucket_list(const edge_bucket_rule_t *rule, edge_bucket_seen_t *into, unsigned most,
                                   edge_mono_t now);
/* The bucket is full from now on. False: it is not there. */
EDGE_API bool edge_bucket_forget(edge_keyed_hash_t hash);

#endif
