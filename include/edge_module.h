/*
 * A module: one struct at the bottom of its file, made of tables.
 *
 * Concept:  a module registers nothing in code. It is a shared object that exports
 *           EDGE_MODULE(name); everything it offers is a table in that struct
 *           whose rows carry their prose, so that help, manual, checks and the
 *           admin's lists are printed from them. Modules never see each other:
 *           they meet through providers, which the configuration names.
 * Owner:    the core, from LoadModule to the end of the process.
 * Threads:  `expand`, `check` and `start` on the child's main thread before any worker
 *           runs; worker_start and worker_stop on each worker's own; `stop` after
 *           the last worker has ended.
 * Lifetime: of the process; a reload is a new process, so a module is never unloaded.
 * Errors:   a module of another ABI is refused with both numbers.
 */
#ifndef EDGE_MODULE_H
#define EDGE_MODULE_H

#include "edge_check.h"
#include "edge_conf.h"
#include "edge_counter.h"
#include "edge_log.h"
#include "edge_worker.h"

/* Raised with every change of a struct or call that modules see. */
#define EDGE_MODULE_ABI 3u

struct edge_admin_route;

/* A named table of functions that the configuration may choose. */
typedef struct edge_provider_row {
    const char *kind; /* "protocol" (edge_protocol_t), "queue" (edge_queue_provider_t), "transport", ... */
    const char *name;
    const void *table;
    const char *prose;
} edge_provider_row_t;

struct edge_module {
    const char *name;                      /* set by the loader from the symbol: "smtp_edge" of smtp_edge_module */
    const char *summary;                   /* one sentence */
    const edge_conf_struct_t *structs;     /* ends with size 0 */
    const edge_directive_t *directives;    /* ends with name NULL */
    const edge_check_row_t *checks;        /* ends with name NULL */
    const edge_counter_row_t *counters;    /* ends with name NULL */
    const edge_provider_row_t *providers;  /* ends with kind NULL */
    const struct edge_admin_route *routes; /* ends with path NULL */
    /* Before anything is checked: adds to the configuration what a file of the module's own says (edge_conf_grow.h). Called by
     * `edged -t` too, as `check` is; not by the parent, which runs no module's code. */
    void (*expand)(edge_conf_check_t *check);
    /* After all sections are filled: cross checks; errors by edge_conf_error_in. Called by `edged -t` too: it must open nothing
     * that a running server has open, and start nothing. */
    void (*check)(edge_conf_check_t *check, const edge_snapshot_t *snapshot);
    apr_status_t (*start)(const edge_snapshot_t *snapshot, apr_pool_t *pool);
    void (*stop)(void);
    apr_status_t (*worker_start)(edge_worker_t *worker);
    void (*worker_stop)(edge_worker_t *worker);
    /* The child ends, or another serves in its place: begin nothing new that uses a queue. True: nothing is under way any
     * more, and nothing will be. Called again and again, on the child's main thread, while workers and queues still work;
     * with `now` give up what is under way, since nobody waits much longer. */
    bool (*drain)(bool now);
    unsigned first_counter; /* set by the loader: slot of the first counter row */
};

/* EDGE_MODULE(spf) = { .summary = ..., .directives = ... }; */
#define EDGE_MODULE(name)                               \
    EDGE_API extern const uint32_t name##_module_abi;   \
    const uint32_t name##_module_abi = EDGE_MODULE_ABI; \
    EDGE_API extern edge_module_t name##_module;        \
    edge_module_t name##_module

/* Whether the section is a <Validator> of this module: all modules with rows there have a struct in each of them. */
EDGE_API bool edge_validator_is_of(const edge_section_t *section, const edge_module_t *module);
/* Its Timeout; 0: none. */
EDGE_API edge_mono_t edge_validator_timeout(const edge_section_t *validator);

/* NULL when no loaded module offers it. */
EDGE_API const void *edge_provider_find(const char *kind, edge_span_t name);
/* For suggestions in error messages: the index-th name of that kind, NULL behind the last. */
EDGE_API const char *edge_provider_at(const char *kind, unsigned index);
/* The index-th loaded module, NULL behind the last; "core" is the first. */
EDGE_API const edge_module_t *edge_module_at(unsigned index);
EDGE_API const edge_module_t *edge_module_find(edge_span_t name);

#endif
