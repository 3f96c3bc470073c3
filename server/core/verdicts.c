/* Remembers the last answers of validators in a session. */
#include "core/verdicts.h"

#include <apr_strings.h>

typedef struct entry {
    const edge_binding_t *binding;
    uint32_t took;
    uint8_t phase, mode, result;
} entry_t;

typedef struct edge_verdicts {
    unsigned count; /* so far */
    entry_t entries[EDGE_VERDICTS_KEPT];
} edge_verdicts_t;

void edge_verdicts_note(edge_session_t *session, const edge_binding_t *binding, edge_phase_t phase,
                        edge_binding_mode_t mode, edge_check_result_t result, edge_mono_t took) {
    if (!session->judged)
        session->judged = edge_worker_take(edge_conn_worker(session->conn), sizeof(edge_verdicts_t));
    session->judged->entries[session->judged->count++ % EDGE_VERDICTS_KEPT] =
        (entry_t){.binding = binding,
                  .took = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX,
                  .phase = (uint8_t)phase,
                  .mode = (uint8_t)mode,
                  .result = (uint8_t)result};
}

void edge_verdicts_copy(const edge_session_t *session, edge_verdicts_copy_t *copy) {
    const edge_verdicts_t *judged = session->judged;
    unsigned count = judged ? judged->count : 0, kept = count < EDGE_VERDICTS_KEPT ? count : EDGE_VERDICTS_KEPT;
    copy->count = kept;
    for (unsigned i = 0; i < kept; i++) {
        const entry_t *entry = &judged->entries[(count - kept + i) % EDGE_VERDICTS_KEPT];
        copy->list[i] = (edge_verdict_copy_t){
            .phase = entry->phase, .mode = entry->mode, .result = entry->result, .took = entry->took};
        apr_cpystrn(copy->list[i].name, entry->binding->validator, EDGE_VERDICT_NAME);
    }
}

void edge_verdicts_free(edge_session_t *session) {
    if (session->judged)
        edge_worker_give(edge_conn_worker(session->conn), session->judged, sizeof(edge_verdicts_t));
    session->judged = NULL;
}
