/*
 * Spans, visibility and the few macros every floor uses.
 *
 * Concept:  a span is a length-counted run of bytes that somebody else owns; it
 *           is the type in which text crosses function boundaries, because what
 *           comes from the network may hold NUL bytes.
 * Owner:    a span owns nothing. It is good as long as the bytes behind it are.
 * Threads:  plain values; any thread.
 * Lifetime: said by the function that hands one out.
 * Errors:   none; an absent span is {NULL, 0}, an empty one has a non-NULL `at`.
 */
#ifndef EDGE_BASE_H
#define EDGE_BASE_H

#include <apr.h>
#include <apr_errno.h>
#include <apr_pools.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Marks what modules may link to; all else stays inside the executable. */
#define EDGE_API __attribute__((visibility("default")))

#define EDGE_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define EDGE_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define EDGE_LIKELY(x) __builtin_expect(!!(x), 1)
#define EDGE_UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef struct edge_span {
    const char *at;
    size_t len;
} edge_span_t;

/* A span over a string literal; also usable in static initialisers. */
#define EDGE_SPAN(literal) \
    { (literal), sizeof(literal) - 1 }
#define EDGE_NO_SPAN ((edge_span_t){NULL, 0})

static inline edge_span_t edge_span(const char *at, size_t len) {
    edge_span_t span = {at, len};
    return span;
}

/* The bytes of a C string without its NUL; NULL gives the absent span. */
static inline edge_span_t edge_span_of(const char *text) { return edge_span(text, text ? strlen(text) : 0); }

/* What is left after the first `skip` bytes (skip <= len). */
static inline edge_span_t edge_span_after(edge_span_t span, size_t skip) {
    return edge_span(span.at + skip, span.len - skip);
}

EDGE_API bool edge_span_equal(edge_span_t a, edge_span_t b);
/* ASCII letters only are folded; other bytes compare as they are. */
EDGE_API bool edge_span_equal_nocase(edge_span_t a, edge_span_t b);
EDGE_API bool edge_span_starts_nocase(edge_span_t span, edge_span_t start);
/* Blanks (space, tab) removed at both ends. */
EDGE_API edge_span_t edge_span_trim(edge_span_t span);
/* A copy in `pool`, with a NUL behind it that is not counted. */
EDGE_API edge_span_t edge_span_copy(apr_pool_t *pool, edge_span_t span);
/* Decimal digits only, no sign, no blanks, at least one; false when it does not fit. */
EDGE_API bool edge_span_number(edge_span_t span, uint64_t *value);

#endif
