/*
 * One page of a list of sessions, gathered from sessions that come in the order in which they began.
 *
 * Concept:  the order of the list is by the monotonic time a session began, then by id. Those that a worker accepted in
 *           the same turn began at the same time, and their ids need not grow (the number within begins again), so all
 *           of them are kept when the page is full in their midst: whoever sorts and cuts then cuts at the right place.
 * Owner:    the page owns its records; edge_session_page_free gives them back.
 * Threads:  one at a time.
 * Lifetime: from all zero to edge_session_page_free.
 * Errors:   none.
 */
#ifndef EDGE_CONTROL_SESSION_PAGE_H
#define EDGE_CONTROL_SESSION_PAGE_H

#include "core/session_record.h"

typedef struct edge_session_place {
    bool oldest_first; /* else the youngest first */
    unsigned limit;    /* as many at most */
    edge_mono_t after; /* behind the session that began then and has this id; 0: from the first */
    char after_id[EDGE_SESSION_ID_TEXT];
} edge_session_place_t;

typedef struct edge_session_page {
    edge_session_record_t *records;
    unsigned count, room;
    bool more; /* there are some behind the last */
} edge_session_page_t;

/* As strcmp: the older one is less. */
int edge_session_page_order(const edge_session_record_t *a, const edge_session_record_t *b);
/* Takes a copy of it, if it belongs to the page; offered in the order of `place`, but for those that began at once. */
void edge_session_page_offer(edge_session_page_t *page, const edge_session_place_t *place,
                             const edge_session_record_t *record);
void edge_session_page_free(edge_session_page_t *page);
#endif
