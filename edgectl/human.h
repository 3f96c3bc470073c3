/*
 * Numbers and times as people read them, and tables of them.
 *
 * Concept:  columns as wide as their widest cell, no more; cells are cleaned of what a
 *           terminal would obey.
 * Owner:    the pool.
 * Threads:  one.
 * Lifetime: of the pool.
 * Errors:   none.
 */
#ifndef EDGECTL_HUMAN_H
#define EDGECTL_HUMAN_H

#include <stdio.h>

#include "edge_base.h"

/* "512 B", "1.5 KiB", "75 MiB" */
const char *ctl_human_size(uint64_t octets, apr_pool_t *pool);
/* The two largest parts: "3d 4h", "12m 5s", "0s" */
const char *ctl_human_duration(int64_t microseconds, apr_pool_t *pool);
/* "2026-11-22T16:41:09.120934Z" -> microseconds since 1970; -1 when it is no such time. */
apr_time_t ctl_human_parse_time(edge_span_t text);
/* Control bytes and bad UTF-8 become "?"; NUL behind it. */
const char *ctl_human_clean(edge_span_t text, apr_pool_t *pool);

#define CTL_COLUMNS_MOST 16

typedef struct ctl_table ctl_table_t;
/* `heads` ends with NULL; one that begins with ">" is of a column aligned to the right. */
ctl_table_t *ctl_table_make(const char *const *heads, apr_pool_t *pool);
/* One cell after the other, row by row; NULL is "-". The text is cleaned. */
void ctl_table_add(ctl_table_t *table, const char *cell);
void ctl_table_print(const ctl_table_t *table, FILE *out);

#endif
