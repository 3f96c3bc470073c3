/*
 * Loading modules and calling them at their times.
 *
 * Concept:  see edge_module.h. The table's first entry is the core itself.
 * Owner:    the process.
 * Threads:  loading, start and stop on the main thread; worker calls on workers.
 * Lifetime: a module stays until the process ends.
 * Errors:   loading says why in `why`.
 */
#ifndef EDGE_CORE_MODULE_H
#define EDGE_CORE_MODULE_H

#include "edge_module.h"

#define EDGE_MODULES_MOST 128

/* The core into the table; may be called again. */
void edge_modules_begin(void);
/* `symbol` is "spf_module", `path` absolute. APR_EEXIST: it is loaded already. */
apr_status_t edge_module_load(const char *symbol, const char *path, apr_pool_t *pool, const char **why);
/* The file that the index-th module came of; NULL: it is the core. */
const char *edge_module_path(unsigned index);
/* Slots for the rows of every module's counters; after the last load, in a server only. */
apr_status_t edge_modules_register_counters(const char **why);

apr_status_t edge_modules_start(const edge_snapshot_t *snapshot, apr_pool_t *pool);
void edge_modules_stop(void);
apr_status_t edge_modules_worker_start(edge_worker_t *worker);
void edge_modules_worker_stop(edge_worker_t *worker);
/* All modules are told to drain; true: nothing is under way in any. */
bool edge_modules_drain(bool now);

#endif
