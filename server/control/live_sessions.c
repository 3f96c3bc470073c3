/* Asks workers about their sessions. */
#include "control/live_sessions.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "core/session.h"
#include "core/visit.h"
#include "edge_obj.h"

#define LOOKED_AT 500 /* sessions a step: some hundred microseconds */

/* Lists */

typedef struct listing {
    edge_sessions_walk_t walk;
    edge_session_page_t page;
    uint64_t matched;
} listing_t;

static bool list_some(edge_worker_t *worker, const void *asked, void *place) {
    const edge_live_question_t *question = asked;
    listing_t *listing = place;
    edge_session_record_t record;
    listing->walk.oldest_first = question->place.oldest_first;
    for (unsigned i = 0; i < LOOKED_AT; i++) {
        const edge_session_t *session = edge_sessions_walk(worker, &listing->walk);
        if (!session) {
            edge_sessions_walk_end(worker, &listing->walk);
            return false;
        }
        edge_session_record_fill(session, &record);
        if (!edge_session_filter_takes(&question->filter, &record))
            continue;
        listing->matched++;
        edge_session_page_offer(&listing->page, &question->place, &record);
    }
    return true;
}

static void free_listing(void *place) { edge_session_page_free(&((listing_t *)place)->page); }

static int youngest_first(const void *a, const void *b) {
    return edge_session_page_order(*(const edge_session_record_t *const *)b, *(const edge_session_record_t *const *)a);
}

static int oldest_first(const void *a, const void *b) {
    return edge_session_page_order(*(const edge_session_record_t *const *)a, *(const edge_session_record_t *const *)b);
}

static void collect(const edge_live_question_t *question, edge_live_answer_t *answer, const listing_t *listing,
                    apr_pool_t *pool) {
    const edge_session_page_t *page = &listing->page;
    unsigned count = answer->count + page->count;
    const edge_session_record_t **all = apr_palloc(pool, (count + 1) * sizeof(*all));
    if (answer->count)
        memcpy(all, answer->records, answer->count * sizeof(*all));
    for (unsigned i = 0; i < page->count; i++)
        all[answer->count + i] = apr_pmemdup(pool, &page->records[i], sizeof(**all));
    qsort(all, count, sizeof(*all), question->place.oldest_first ? oldest_first : youngest_first);
    answer->records = all;
    answer->count = count < question->place.limit ? count : question->place.limit;
    answer->more |= page->more || count > question->place.limit;
    answer->matched += listing->matched;
}

void edge_live_sessions_list(const edge_live_question_t *question, edge_live_answer_t *answer, apr_pool_t *pool) {
    edge_visit_plan_t plan = {list_some, free_listing, sizeof(listing_t), question, sizeof(*question)};
    edge_visit_t *visit = edge_visit_start(&plan);
    *answer = (edge_live_answer_t){.unanswered = edge_visit_wait(visit, EDGE_LIVE_PATIENCE)};
    for (unsigned i = 0; i < edge_visit_count(visit); i++) {
        const listing_t *listing = edge_visit_place(visit, i);
        if (listing)
            collect(question, answer, listing, pool);
    }
    edge_visit_end(visit);
}

/* One session */

typedef struct wanted {
    char id[EDGE_SESSION_ID_TEXT];
    bool stop;
    edge_stop_t when;
    uint64_t watch; /* its number; 0: none */
} wanted_t;

typedef struct search {
    edge_sessions_walk_t walk;
    bool found;
    edge_session_story_t *story;
} search_t;

static bool stop_it(edge_session_t *session, edge_stop_t when) {
    edge_mono_t since;
    if (session->listener->protocol->look(session, &since) == EDGE_STATE_CLOSING)
        return false;
    session->listener->protocol->stop(session, when, EDGE_R_KICKED, EDGE_CLOSE_KICKED);
    return true;
}

static void act(edge_session_t *session, const wanted_t *wanted, search_t *search) {
    if (wanted->stop) {
        search->found = stop_it(session, wanted->when);
        return;
    }
    search->story = malloc(sizeof(*search->story));
    EDGE_ASSERT(search->story != NULL);
    edge_session_story_fill(session, search->story);
    if (wanted->watch)
        edge_session_watch_attach(wanted->watch, session);
    search->found = true;
}

static bool search_some(edge_worker_t *worker, const void *asked, void *place) {
    const wanted_t *wanted = asked;
    search_t *search = place;
    edge_session_t *session = NULL;
    for (unsigned i = 0; i < LOOKED_AT; i++) {
        session = edge_sessions_walk(worker, &search->walk);
        if (!session || strcmp(session->id, wanted->id) == 0)
            break;
        if (i + 1 == LOOKED_AT)
            return true;
    }
    edge_sessions_walk_end(worker, &search->walk);
    if (session)
        act(session, wanted, search);
    return false;
}

static void free_search(void *place) { free(((search_t *)place)->story); }

static bool visit_one(edge_span_t id, const wanted_t *how, edge_session_story_t *story, unsigned *unanswered) {
    wanted_t wanted = *how;
    bool found = false;
    *unanswered = 0;
    if (id.len != EDGE_SESSION_ID_TEXT - 1)
        return false;
    memcpy(wanted.id, id.at, id.len);
    edge_visit_plan_t plan = {search_some, free_search, sizeof(search_t), &wanted, sizeof(wanted)};
    edge_visit_t *visit = edge_visit_start(&plan);
    *unanswered = edge_visit_wait(visit, EDGE_LIVE_PATIENCE);
    for (unsigned i = 0; i < edge_visit_count(visit) && !found; i++) {
        const search_t *search = edge_visit_place(visit, i);
        found = search && search->found;
        if (found && story)
            *story = *search->story;
    }
    edge_visit_end(visit);
    return found;
}

bool edge_live_sessions_find(edge_span_t id, const edge_session_watch_t *watch, edge_session_story_t *story,
                             unsigned *unanswered) {
    wanted_t wanted = {.watch = watch ? edge_session_watch_number(watch) : 0};
    return visit_one(id, &wanted, story, unanswered);
}

bool edge_live_sessions_stop(edge_span_t id, edge_stop_t when, unsigned *unanswered) {
    wanted_t wanted = {.stop = true, .when = when};
    return visit_one(id, &wanted, NULL, unanswered);
}

/* Many sessions */

typedef struct order {
    char listener[64]; /* "": all */
    edge_stop_t when;
    edge_reply_row_t row;
    edge_close_reason_t reason;
} order_t;

typedef struct obeyed {
    edge_sessions_walk_t walk;
    unsigned count;
} obeyed_t;

static bool order_some(edge_worker_t *worker, const void *asked, void *place) {
    const order_t *order = asked;
    obeyed_t *obeyed = place;
    for (unsigned i = 0; i < LOOKED_AT; i++) {
        edge_session_t *session = edge_sessions_walk(worker, &obeyed->walk);
        if (!session) {
            edge_sessions_walk_end(worker, &obeyed->walk);
            return false;
        }
        if (order->listener[0] && !edge_span_equal(session->listener->name, edge_span_of(order->listener)))
            continue;
        obeyed->count++;
        session->listener->protocol->stop(session, order->when, order->row, order->reason);
    }
    return true;
}

unsigned edge_live_sessions_stop_all(edge_span_t listener, edge_stop_t when, edge_reply_row_t row,
                                     edge_close_reason_t reason) {
    order_t order = {.when = when, .row = row, .reason = reason};
    unsigned count = 0;
    apr_cpystrn(order.listener, listener.at ? listener.at : "", sizeof(order.listener));
    edge_visit_plan_t plan = {order_some, NULL, sizeof(obeyed_t), &order, sizeof(order)};
    edge_visit_t *visit = edge_visit_start(&plan);
    edge_visit_wait(visit, EDGE_LIVE_PATIENCE);
    for (unsigned i = 0; i < edge_visit_count(visit); i++) {
        const obeyed_t *obeyed = edge_visit_place(visit, i);
        count += obeyed ? obeyed->count : 0;
    }
    edge_visit_end(visit);
    return count;
}
