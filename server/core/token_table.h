/*
 * A token file as a table.
 *
 * Concept:  one state of the file, frozen but for the days of use; a change makes a new
 *           one aside. Looking a token up goes through all of them, known or not, so that
 *           neither what is kept nor where it stands shows in the time it takes.
 * Owner:    whoever holds a count.
 * Threads:  any.
 * Lifetime: until the last count is dropped.
 * Errors:   by a callback, with the line; line 0: about the file as a whole.
 */
#ifndef EDGE_CORE_TOKEN_TABLE_H
#define EDGE_CORE_TOKEN_TABLE_H

#include <stdatomic.h>

#include "edge_reopen.h"
#include "edge_tokens.h"

typedef struct edge_token_row {
    uint8_t digest[EDGE_TOKEN_DIGEST];
    edge_token_facts_t facts; /* but `used` */
    _Atomic int32_t used;
    unsigned line;
} edge_token_row_t;

typedef struct edge_token_table {
    _Atomic unsigned counts;
    unsigned count;
    uint64_t fronts[EDGE_TOKENS_MOST]; /* of the digests, for looking through them */
    edge_token_row_t rows[];
} edge_token_table_t;

typedef void edge_token_complain_t(void *context, unsigned line, const char *what);

/* NULL after at least one complaint. */
edge_token_table_t *edge_token_table_make(edge_span_t text, edge_token_complain_t *complain, void *context);
/* Of the file; of one that is not there an empty one. `stamp` tells the state that was read. */
edge_token_table_t *edge_token_table_read(const char *path, edge_file_stamp_t *stamp, edge_token_complain_t *complain,
                                          void *context);
edge_token_table_t *edge_token_table_hold(edge_token_table_t *table);
void edge_token_table_drop(edge_token_table_t *table);
/* NULL: there is none. */
edge_token_row_t *edge_token_table_find(edge_token_table_t *table, const uint8_t digest[EDGE_TOKEN_DIGEST]);
/* Days of use that `before` knows and `table` does not. */
void edge_token_table_inherit(edge_token_table_t *table, edge_token_table_t *before);

#endif
