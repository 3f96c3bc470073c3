/*
 * A regular expression that an operator has written.
 *
 * Concept:  PCRE2 without its compiler to machine code, and with limits: a pattern
 *           that tries too much is given up, so that no text of a client can hold a
 *           worker.
 * Owner:    whoever makes one frees it.
 * Threads:  a made pattern is read-only; any thread may match with it.
 * Lifetime: until it is freed.
 * Errors:   made: what is wrong and where. Matching: EDGE_PATTERN_GAVE_UP.
 */
#ifndef EDGE_PATTERN_H
#define EDGE_PATTERN_H

#include "edge_base.h"

/* What a match may try, and how deep it may nest. */
#define EDGE_PATTERN_TRIES 100000u
#define EDGE_PATTERN_DEPTH 1000u
#define EDGE_PATTERN_WHY 128

typedef struct edge_pattern edge_pattern_t;

typedef enum edge_pattern_match { EDGE_PATTERN_NO, EDGE_PATTERN_YES, EDGE_PATTERN_GAVE_UP } edge_pattern_match_t;

/* NULL: `why` says it, and `at` is the character, from 1, where. */
EDGE_API edge_pattern_t *edge_pattern_make(edge_span_t regex, bool nocase, char why[EDGE_PATTERN_WHY], size_t *at);
/* NULL is left alone. */
EDGE_API void edge_pattern_free(edge_pattern_t *pattern);
EDGE_API edge_pattern_match_t edge_pattern_match(const edge_pattern_t *pattern, edge_span_t text);

#endif
