/*
 * The sessions that are open, as seen from a thread that is no worker's.
 *
 * Concept:  workers are asked by visits (core/visit.h): each looks at a few hundred of its
 *           sessions a turn and copies what is wanted. A worker that hangs is not waited
 *           for longer than EDGE_LIVE_PATIENCE: what the others say is given, and how many
 *           have said nothing.
 * Owner:    copies belong to the asker's pool.
 * Threads:  any but a worker's; they block.
 * Lifetime: of the pool.
 * Errors:   a count of workers that have not answered.
 */
#ifndef EDGE_CONTROL_LIVE_SESSIONS_H
#define EDGE_CONTROL_LIVE_SESSIONS_H

#include "control/session_page.h"
#include "core/session_watch.h"

#define EDGE_LIVE_PATIENCE EDGE_SECONDS(2)

typedef struct edge_live_question {
    edge_session_filter_t filter;
    edge_session_place_t place;
} edge_live_question_t;

typedef struct edge_live_answer {
    const edge_session_record_t **records;
    unsigned count;
    bool more;           /* there are some behind the last */
    uint64_t matched;    /* all that the filter takes */
    unsigned unanswered; /* workers */
} edge_live_answer_t;

void edge_live_sessions_list(const edge_live_question_t *question, edge_live_answer_t *answer, apr_pool_t *pool);
/* False: not found; `unanswered` may be where it is. A watch that is given (NULL: none) tells all that the session says
 * behind the story. */
bool edge_live_sessions_find(edge_span_t id, const edge_session_watch_t *watch, edge_session_story_t *story,
                             unsigned *unanswered);
/* Ends one session as an operator wants it. False: not found, or it is closing already. */
bool edge_live_sessions_stop(edge_span_t id, edge_stop_t when, unsigned *unanswered);

/* Tells all sessions of a listener that they are to end; of all listeners when the name is absent. Returns how many were told. */
unsigned edge_live_sessions_stop_all(edge_span_t listener, edge_stop_t when, edge_reply_row_t row,
                                     edge_close_reason_t reason);
#endif
