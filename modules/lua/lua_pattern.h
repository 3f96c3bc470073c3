/*
 * What a pattern of the string library will try.
 *
 * Concept:  string.find and its like try in C, where no instruction is counted, and a
 *           pattern with several repetitions can try for hours. This walks the same way
 *           as the library will (Lua 5.4 manual, 6.4.1), counts its steps, and stops at
 *           a limit: only what stays below it is then left to the library.
 * Owner:    values only.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   a malformed pattern, or one that nests too deep, is walked as far as it is
 *           sound: the library says what is wrong with it.
 */
#ifndef EDGE_LUA_PATTERN_H
#define EDGE_LUA_PATTERN_H

#include "edge_base.h"

/* Who searches: string.find and match look for the first one; gmatch, which knows no anchor, and gsub for all. */
typedef enum elua_pattern_search { ELUA_PATTERN_FIRST, ELUA_PATTERN_GMATCH, ELUA_PATTERN_GSUB } elua_pattern_search_t;

typedef struct elua_pattern_walk {
    int64_t steps; /* more than `most`: it was given up */
    bool found;    /* the first one: where it begins, and where what is behind it does */
    size_t begin, end;
} elua_pattern_walk_t;

elua_pattern_walk_t elua_pattern_walk(edge_span_t text, edge_span_t pattern, size_t from, elua_pattern_search_t search,
                                      int64_t most);
/* Whether it holds nothing but letters that stand for themselves. */
bool elua_pattern_is_plain(edge_span_t pattern);

#endif
