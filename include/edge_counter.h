/*
 * Counters that survive a reload and a crash.
 *
 * Concept:  a counter is a row (name, kind, prose) in a table of the core
 *           (tbl/counters.def) or of a module. Values live in anonymous shared
 *           memory that the parent maps before its first fork: for each child one
 *           block per worker, so that counting is one relaxed add without sharing
 *           a cache line, and so that the gauges of a child that died can be
 *           forgotten while others live. A directory of names in the same memory
 *           gives a counter the same slot in every generation of the child.
 * Owner:    the parent maps, everyone adds.
 * Threads:  any; a thread without a worker counts in block 0 of its process.
 * Lifetime: from edge_counter_map to the end of the parent.
 * Errors:   a full directory (EDGE_COUNTER_SLOTS) is APR_ENOSPC when loading.
 */
#ifndef EDGE_COUNTER_H
#define EDGE_COUNTER_H

#include "edge_base.h"

#define EDGE_COUNTER_SLOTS 8192
#define EDGE_COUNTER_BLOCKS 129 /* block 0: threads that are no worker; 1..128: workers */
#define EDGE_COUNTER_CHILDREN 8 /* children alive at one time */

typedef enum edge_counter_kind {
    EDGE_COUNTER_TOTAL,
    EDGE_COUNTER_GAUGE,
    EDGE_COUNTER_TIME,  /* a total of microseconds, shown as seconds; NAME_sum when a histogram NAME is its family */
    EDGE_COUNTER_SUM,   /* NAME_sum of a histogram of something else */
    EDGE_COUNTER_BUCKET /* NAME_bucket: one bucket of a histogram, counted by itself; its labels end in le="..." */
} edge_counter_kind_t;

typedef struct edge_counter_row {
    const char *name; /* "dns_queries_total": metric name without the prefix edge_; with fixed labels name{labels} */
    edge_counter_kind_t kind;
    const char *prose; /* one sentence, printed as help */
} edge_counter_row_t;

/* The core's counters: EDGE_C_<NAME>. What belongs to a listener is in tbl/listener_counters.def. */
typedef enum edge_core_counter {
#define EDGE_COUNTER(name, text, kind, prose) EDGE_C_##name,
#include "tbl/counters.def"
#undef EDGE_COUNTER
    EDGE_C_CORE_END
} edge_core_counter_t;

/* Before the first fork, once; registers the core's rows at slots 0.. Without a map nothing is counted. */
EDGE_API apr_status_t edge_counter_map(void);
/* Finds or makes `count` consecutive slots for a module's rows. */
EDGE_API apr_status_t edge_counter_register(const char *module, const edge_counter_row_t *rows, unsigned count,
                                            unsigned *first_slot);
/* Finds or makes one slot of a family: the same row with labels, as in `validator="local",command="RCPT"`. */
EDGE_API apr_status_t edge_counter_register_labelled(const char *module, const edge_counter_row_t *row,
                                                     const char *labels, unsigned *slot);
/* Finds or makes consecutive slots of a family, one for each of `labels`. */
EDGE_API apr_status_t edge_counter_register_series(const char *module, const edge_counter_row_t *row,
                                                   const char *const *labels, unsigned count, unsigned *first_slot);
/* In a child, before it counts: from now on this process counts apart from the parent and other children. */
EDGE_API void edge_counter_use_child(unsigned child);
/* Says which block this thread counts in; workers call it once, 1-based. */
EDGE_API void edge_counter_use_block(unsigned block);
EDGE_API void edge_counter_add(unsigned slot, int64_t amount);
EDGE_API int64_t edge_counter_sum(unsigned slot);
/* In the parent, after that child has ended: nobody will take back what it added to gauges. Totals stay. */
EDGE_API void edge_counter_forget_child(unsigned child);

typedef struct edge_counter_entry {
    const char *module; /* "core" or the module's name */
    const char *name;
    const char *labels; /* "" when it has none */
    edge_counter_kind_t kind;
    const char *prose;
} edge_counter_entry_t;
/* For listings; false behind the last. The strings live as long as the map. A slot given up by a module whose
 * rows have changed has an empty name: skip it (its value went on into the new slot). */
EDGE_API bool edge_counter_at(unsigned slot, edge_counter_entry_t *entry);

#endif
