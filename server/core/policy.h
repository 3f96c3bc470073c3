/*
 * The policy runner: a phase's list of checks, with a saved cursor.
 *
 * Concept:  a listener has a list of bindings per phase, in the order of the
 *           configuration. Asking walks the list from a cursor that is kept in the
 *           heap and not on the C stack, so a check may wait in the middle: its
 *           ticket brings the walk back, and it goes on behind that check. The first
 *           refusal ends the list.
 * Owner:    lists belong to the snapshot, an open question to its session.
 * Threads:  the session's worker; blocking checks on the pool "checks"; a binding's mode
 *           may be set by any thread and holds from the next question on.
 * Lifetime: a question lives from edge_session_ask to the protocol's verdict, or
 *           until its session closes: then its ticket is dropped and a blocking
 *           check's late answer is freed unseen.
 * Errors:   see edge_check.h.
 */
#ifndef EDGE_CORE_POLICY_H
#define EDGE_CORE_POLICY_H

#include <stdatomic.h>

#include "core/check_counters.h"
#include "core/refusal.h"
#include "edge_module.h"
#include "edge_session.h"

typedef struct edge_binding {
    const char *validator; /* the <Validator>'s name */
    const char *module;
    edge_span_t listener;
    const edge_check_row_t *row;
    const void *conf;
    _Atomic unsigned mode;       /* edge_binding_mode_t, as it holds now */
    edge_binding_mode_t written; /* as the configuration says */
    bool error_passes;           /* OnError pass; else tempfail */
    bool refers;                 /* ReplyReference: refusals name their line in the log */
    edge_mono_t timeout;
    const edge_refusal_t *refusal; /* Reply; code 0: what the module says */
    edge_check_counters_t counters;
    const char *file; /* where the Validate line stands */
    unsigned line;
} edge_binding_t;

typedef struct edge_policy_list {
    edge_binding_t *bindings; /* the mode alone changes */
    unsigned count;
} edge_policy_list_t;

typedef struct edge_policy {
    edge_policy_list_t phases[EDGE_PHASE_COUNT];
} edge_policy_t;

/* While loading: the lists of a <Listener>, from its <On> sections; errors go to `check`. */
edge_policy_t *edge_policy_prepare(edge_conf_check_t *check, const edge_section_t *listener, apr_pool_t *pool);

/* While loading: the module of a <Validator>; NULL and an error reported when it has none that is loaded. */
const edge_module_t *edge_policy_module(edge_conf_check_t *check, const edge_section_t *validator);

/* Once the snapshot is to serve; APR_ENOSPC when there is no room for the counters. */
apr_status_t edge_policy_register_counters(const edge_snapshot_t *snapshot);
/* From now on, in this generation; for the commands to come. */
void edge_binding_set_mode(edge_binding_t *binding, edge_binding_mode_t mode);

static inline edge_binding_mode_t edge_binding_mode(const edge_binding_t *binding) {
    return (edge_binding_mode_t)atomic_load_explicit(&binding->mode, memory_order_relaxed);
}

/* The pool of blocking checks; before workers start and after they have ended. */
apr_status_t edge_policy_start(unsigned threads, unsigned queue_most);
void edge_policy_stop(void);

/* The session goes: an open question is given up. */
void edge_policy_abandon(edge_session_t *session);

/* The validator whose answer the session waits for, and since when; NULL: none. */
const char *edge_policy_awaited(const edge_session_t *session, edge_mono_t *since);

/* "BANNER" ...; -1 when unknown. */
int edge_phase_parse(edge_span_t name);
const char *edge_phase_name(edge_phase_t phase);
const char *edge_phase_prose(edge_phase_t phase);

#endif
