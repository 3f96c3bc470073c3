/*
 * The last answers of validators in one session.
 *
 * Concept:  a ring of EDGE_VERDICTS_KEPT answers, made with the first of them: a session
 *           whose listener has no validators has none.
 * Owner:    its session; the memory is the worker's.
 * Threads:  the worker's own; a copy is anybody's.
 * Lifetime: as long as the session. Entries name bindings of its snapshot; copies
 *           name validators by text.
 * Errors:   none.
 */
#ifndef EDGE_CORE_VERDICTS_H
#define EDGE_CORE_VERDICTS_H

#include "core/policy.h"

#define EDGE_VERDICTS_KEPT 16
#define EDGE_VERDICT_NAME 32

typedef struct edge_verdict_copy {
    char name[EDGE_VERDICT_NAME]; /* of the validator; cut */
    uint8_t phase, mode, result;
    uint32_t took; /* microseconds */
} edge_verdict_copy_t;

/* The oldest first. */
typedef struct edge_verdicts_copy {
    unsigned count;
    edge_verdict_copy_t list[EDGE_VERDICTS_KEPT];
} edge_verdicts_copy_t;

void edge_verdicts_note(edge_session_t *session, const edge_binding_t *binding, edge_phase_t phase,
                        edge_binding_mode_t mode, edge_check_result_t result, edge_mono_t took);
void edge_verdicts_copy(const edge_session_t *session, edge_verdicts_copy_t *copy);
void edge_verdicts_free(edge_session_t *session);

#endif
