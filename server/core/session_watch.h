/*
 * Watching one session: its lines as they come, for a thread that is no worker's.
 *
 * Concept:  a watch is a ring of lines that its reader owns. The session's worker puts each line into it as it puts it into
 *           the session's trail, and never waits for the reader: who reads too slowly is told how many lines are lost. A
 *           session that nobody watches costs one flag. Lines have numbers, counted from 1 over the whole session.
 * Owner:    whoever began the watch.
 * Threads:  beginning, reading and ending on the reader's thread; attaching, telling and closing on the session's worker.
 *           They meet under one lock, which is held for one line.
 * Lifetime: from edge_session_watch_begin to edge_session_watch_end; the session may go first.
 * Errors:   want of memory is an assertion.
 */
#ifndef EDGE_CORE_SESSION_WATCH_H
#define EDGE_CORE_SESSION_WATCH_H

#include "core/trail.h"
#include "edge_session.h"

#define EDGE_SESSION_WATCH_LINES 1024u /* that may wait for the reader */

typedef struct edge_session_watch edge_session_watch_t;

typedef enum edge_session_watch_next {
    EDGE_SESSION_WATCH_LINE,
    EDGE_SESSION_WATCH_GAP,     /* `lost` lines before the next one */
    EDGE_SESSION_WATCH_NOTHING, /* none came in time */
    EDGE_SESSION_WATCH_CLOSED,  /* the session has ended, and all it said has been read */
    EDGE_SESSION_WATCH_STOPPED  /* nothing is watched here any more; what became of the session is not known */
} edge_session_watch_next_t;

typedef struct edge_session_watch_seen {
    uint64_t number; /* of the line; of a gap, that of its last line */
    uint64_t lost;
    edge_trail_line_t line; /* its text is in `text` */
    char text[EDGE_TRAIL_LINE_MOST];
    apr_time_t ended;
    edge_close_reason_t end;
} edge_session_watch_seen_t;

/* On the reader's thread. */
edge_session_watch_t *edge_session_watch_begin(void);
/* By this the worker finds the watch, or sees that it is over by now. */
uint64_t edge_session_watch_number(const edge_session_watch_t *watch);
edge_session_watch_next_t edge_session_watch_next(edge_session_watch_t *watch, edge_mono_t deadline,
                                                  edge_session_watch_seen_t *seen);
void edge_session_watch_end(edge_session_watch_t *watch);
/* Every reader sees the end, now and later. On any thread. */
void edge_session_watch_stop(void);

/* On the session's worker. What is said from now on is told. */
void edge_session_watch_attach(uint64_t number, edge_session_t *session);
/* Of a session that is `watched`. */
void edge_session_watch_tell(edge_session_t *session, const edge_trail_line_t *line);
void edge_session_watch_close(edge_session_t *session, edge_close_reason_t reason);

#endif
