/* What modules keep for a session until it closes. */
#include "core/session.h"

void edge_session_kept_add(edge_session_t *session, edge_session_kept_t *kept) {
    kept->next = session->kept;
    session->kept = kept;
}

edge_session_kept_t *edge_session_kept_find(const edge_session_t *session, const void *whose) {
    edge_session_kept_t *kept = session->kept;
    while (kept && kept->whose != whose)
        kept = kept->next;
    return kept;
}

void edge_session_kept_remove(edge_session_t *session, edge_session_kept_t *kept) {
    for (edge_session_kept_t **link = &session->kept; *link; link = &(*link)->next)
        if (*link == kept) {
            *link = kept->next;
            return;
        }
}

void edge_session_kept_release(edge_session_t *session) {
    for (edge_session_kept_t *kept; (kept = session->kept) != NULL;) {
        session->kept = kept->next;
        kept->release(kept);
    }
}
