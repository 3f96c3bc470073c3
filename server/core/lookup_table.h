/*
 * A table: the entries of one list in one state.
 *
 * Concept:  networks are found by the longest that holds the address, texts by their
 *           hash, patterns one after the other in the order written. All keys are kept
 *           in one plain form: small letters, domains in A-labels without a dot at the
 *           end, local parts without needless quotes; what is looked for is brought into
 *           the same form. Of two entries with the same key the first counts.
 * Owner:    counted (edge_lookup_table_hold, _drop).
 * Threads:  one while it is filled; then read-only, by any.
 * Lifetime: until the last count is dropped.
 * Errors:   what cannot be taken is said in words.
 */
#ifndef EDGE_CORE_LOOKUP_TABLE_H
#define EDGE_CORE_LOOKUP_TABLE_H

#include "edge_ipaddr.h"
#include "edge_lookup.h"
#include "proto/lookup_line.h"

#define EDGE_LOOKUP_PATTERNS_MOST 1000
#define EDGE_LOOKUP_WHY 256

typedef struct edge_lookup_table edge_lookup_table_t;

edge_lookup_table_t *edge_lookup_table_make(void);
edge_lookup_table_t *edge_lookup_table_hold(edge_lookup_table_t *table);
void edge_lookup_table_drop(edge_lookup_table_t *table);

/* A line's entry. False: `why` says what is wrong with it. */
bool edge_lookup_table_add(edge_lookup_table_t *table, const edge_lookup_line_t *line, char why[EDGE_LOOKUP_WHY]);
/* All lines of `text`. Each that is wrong is told to `complain`; false after the first. */
typedef void edge_lookup_complain_fn(void *context, unsigned line, const char *what);
bool edge_lookup_table_fill(edge_lookup_table_t *table, edge_span_t text, edge_lookup_complain_fn *complain,
                            void *context);

unsigned edge_lookup_table_count(const edge_lookup_table_t *table);
/* EDGE_LOOKUP_KIND bits of what is in it. */
unsigned edge_lookup_table_kinds(const edge_lookup_table_t *table);

/* `kinds` says which entries may answer. `value` lives as long as the table. */
edge_lookup_answer_t edge_lookup_table_ask(const edge_lookup_table_t *table, const edge_lookup_key_t *key,
                                           unsigned kinds, edge_span_t *value);

#endif
