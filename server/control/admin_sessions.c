/* Admin routes about sessions: lists of the open and of the last closed ones, one of them, and its end. */
#include "control/admin_priv.h"
#include "core/closed_sessions.h"
#include "control/live_sessions.h"
#include "core/session.h"
#include "edge_audit.h"
#include "edge_log.h"

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>

EDGE_LOG_AREA(edge_admin_sessions_log, "admin")

#define LIST_USUAL 100

static const char *const which_words[] = {"live", "closed", NULL};
static const char *const sort_words[] = {"age", "-age", NULL};
static const char *const state_words[] = {
#define EDGE_STATE(name, text, prose) text,
#include "tbl/session_states.def"
#undef EDGE_STATE
    NULL};
enum { LIST_WHICH, LIST_LISTENER, LIST_IP, LIST_PHASE, LIST_EHLO, LIST_MIN_AGE, LIST_SORT, LIST_LIMIT, LIST_CURSOR };
const edge_admin_argument_t edge_admin_sessions_list_arguments[] = {
    [LIST_WHICH] = {.name = "state",
                    .kind = EDGE_ADMIN_WORD,
                    .words = which_words,
                    .prose = "Those that are open (when not given), or the last that have ended."},
    [LIST_LISTENER] = {.name = "listener", .kind = EDGE_ADMIN_TEXT, .max = 63, .prose = "Only of this <Listener>."},
    [LIST_IP] = {.name = "ip", .kind = EDGE_ADMIN_TEXT, .prose = "Only clients in this network, or of this address."},
    [LIST_PHASE] = {.name = "phase",
                    .kind = EDGE_ADMIN_WORD,
                    .words = state_words,
                    .prose = "Only those in this state; of those that have ended, the last one they were in."},
    [LIST_EHLO] = {.name = "ehlo",
                   .kind = EDGE_ADMIN_TEXT,
                   .max = 127,
                   .prose = "Only those whose hello is so; * and ? stand for anything."},
    [LIST_MIN_AGE] = {.name = "min_age",
                      .kind = EDGE_ADMIN_SECONDS,
                      .max = EDGE_SECONDS(100 * 86400L),
                      .prose = "Only those that are, or were, as old as this."},
    [LIST_SORT] = {.name = "sort",
                   .kind = EDGE_ADMIN_WORD,
                   .words = sort_words,
                   .prose = "age: the youngest first, as when not given; of those that have ended, the last first. "
                            "-age: the other way round."},
    [LIST_LIMIT] = {.name = "limit",
                    .kind = EDGE_ADMIN_NUMBER,
                    .min = 1,
                    .max = 1000,
                    .prose = "At most so many; 100 when not given."},
    [LIST_CURSOR] = {.name = "cursor",
                     .kind = EDGE_ADMIN_TEXT,
                     .max = 60,
                     .prose = "Go on behind this: next_cursor of the answer before."},
    {.name = NULL},
};

/* Lists */

typedef struct listing {
    edge_live_question_t question;
    edge_live_answer_t answer;
    uint64_t after; /* of the closed: the number of the last one shown; 0: from the first */
    const char *cursor;
} listing_t;

static bool read_network(edge_span_t text, edge_session_filter_t *filter, edge_admin_answer_t *answer) {
    if (text.at == NULL || edge_ipaddr_parse_network(text, &filter->network, &filter->bits)) {
        return true;
    }
    edge_admin_error(answer, 422, "?ip", "bad-address", "\"%.100s\" is no address and no network.", text.at);
    return false;
}

static void copy_text(char *to, size_t size, edge_span_t from) {
    apr_cpystrn(to, from.at != NULL ? from.at : "", size);
}

static bool read_filter(const edge_admin_request_t *request, edge_session_filter_t *filter,
                        edge_admin_answer_t *answer) {
    copy_text(filter->listener, sizeof filter->listener, request->arguments[LIST_LISTENER]);
    copy_text(filter->ehlo, sizeof filter->ehlo, request->arguments[LIST_EHLO]);
    filter->state = request->arguments[LIST_PHASE].at != NULL ? (int)request->numbers[LIST_PHASE] : -1;
    filter->min_age = (edge_mono_t)request->numbers[LIST_MIN_AGE];
    return read_network(request->arguments[LIST_IP], filter, answer);
}

/* "BEGAN.ID" of the open ones, "NUMBER" of the closed. */
static bool read_cursor(edge_span_t cursor, bool closed, listing_t *listing, edge_admin_answer_t *answer) {
    const char *dot = cursor.at != NULL ? memchr(cursor.at, '.', cursor.len) : NULL;
    edge_span_t number = edge_span(cursor.at, dot != NULL ? (size_t)(dot - cursor.at) : cursor.len);
    edge_span_t id = edge_span_after(cursor, dot != NULL ? number.len + 1 : cursor.len);
    uint64_t value = 0;
    if (cursor.at == NULL) {
        return true;
    }
    bool good = edge_span_number(number, &value) && value > 0 && value < INT64_MAX &&
                (closed ? dot == NULL : dot != NULL && id.len == EDGE_SESSION_ID_TEXT - 1);
    if (!good) {
        edge_admin_error(answer, 422, "?cursor", "bad-cursor", "This cursor was not given by this list.");
        return false;
    }
    listing->after = value;
    listing->question.place.after = (edge_mono_t)value;
    copy_text(listing->question.place.after_id, sizeof listing->question.place.after_id, closed ? EDGE_NO_SPAN : id);
    return true;
}

static void list_live(listing_t *listing, apr_pool_t *pool) {
    edge_live_answer_t *answer = &listing->answer;
    edge_live_sessions_list(&listing->question, answer, pool);
    if (answer->more && answer->count > 0) {
        const edge_session_record_t *last = answer->records[answer->count - 1];
        listing->cursor = apr_psprintf(pool, "%" APR_INT64_T_FMT ".%s", last->opened_mono, last->id);
    }
}

/* False: it is full. */
static bool keep_closed(listing_t *listing, uint64_t number, const edge_session_record_t *record, apr_pool_t *pool) {
    edge_live_answer_t *answer = &listing->answer;
    bool behind = listing->after == 0 ||
                  (listing->question.place.oldest_first ? number > listing->after : number < listing->after);
    answer->matched++;
    if (!behind) {
        return true;
    }
    if (answer->count == listing->question.place.limit) {
        return false;
    }
    answer->records[answer->count++] = apr_pmemdup(pool, record, sizeof *record);
    listing->cursor = apr_psprintf(pool, "%" APR_UINT64_T_FMT, number);
    return true;
}

static void list_closed(listing_t *listing, apr_pool_t *pool) {
    const edge_live_question_t *question = &listing->question;
    uint64_t newest = edge_closed_sessions_newest();
    uint64_t oldest = newest < EDGE_CLOSED_SESSIONS ? 1 : newest - EDGE_CLOSED_SESSIONS + 1;
    edge_session_record_t record;
    bool more = false;
    listing->answer.records = apr_palloc(pool, question->place.limit * sizeof *listing->answer.records);
    for (uint64_t i = 0; newest > 0 && i <= newest - oldest; i++) {
        uint64_t number = question->place.oldest_first ? oldest + i : newest - i;
        if (edge_closed_sessions_record(number, &record) && edge_session_filter_takes(&question->filter, &record)) {
            more |= !keep_closed(listing, number, &record, pool);
        }
    }
    listing->cursor = more ? listing->cursor : NULL;
}

void edge_admin_sessions_list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    listing_t listing = {.cursor = NULL};
    bool closed = request->numbers[LIST_WHICH] == 1;
    edge_json_t *json = edge_admin_json(answer);
    listing.question.place.oldest_first = request->numbers[LIST_SORT] == 1;
    listing.question.place.limit =
        request->arguments[LIST_LIMIT].at != NULL ? (unsigned)request->numbers[LIST_LIMIT] : LIST_USUAL;
    if (!read_filter(request, &listing.question.filter, answer) ||
        !read_cursor(request->arguments[LIST_CURSOR], closed, &listing, answer)) {
        return;
    }
    closed ? list_closed(&listing, request->pool) : list_live(&listing, request->pool);
    edge_admin_list_start(answer);
    for (unsigned i = 0; i < listing.answer.count; i++) {
        edge_json_object(json);
        edge_session_record_put(json, listing.answer.records[i]);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
    edge_json_put_number(json, "unanswered", listing.answer.unanswered);
    edge_admin_list_tail(answer, listing.cursor, (int64_t)listing.answer.matched);
}

/* One session */

static void answer_silence(edge_admin_answer_t *answer, unsigned unanswered) {
    edge_admin_problem(answer, 503, "not-ready", "%u worker%s did not answer in time, and may have this session.",
                       unanswered, unanswered == 1 ? "" : "s");
}

bool edge_admin_session_find(const edge_admin_request_t *request, const edge_session_watch_t *watch,
                             edge_session_story_t *story, edge_admin_answer_t *answer) {
    edge_span_t id = request->pieces[0];
    unsigned unanswered;
    if (edge_live_sessions_find(id, watch, story, &unanswered) || edge_closed_sessions_find(id, story)) {
        return true;
    }
    if (unanswered > 0) {
        answer_silence(answer, unanswered);
    } else {
        edge_admin_problem(answer, 404, "not-found", "No session %.60s is open or among the last %u that have ended.",
                           id.at, EDGE_CLOSED_SESSIONS);
    }
    return false;
}

void edge_admin_sessions_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_session_story_t story;
    if (!edge_admin_session_find(request, NULL, &story, answer)) {
        return;
    }
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_session_story_put(json, &story);
    edge_json_object_end(json);
}

/* Its end */

static const char *const stop_words[] = {"after_reply", "now", NULL};
static const edge_stop_t stops[] = {EDGE_STOP_ANSWERED, EDGE_STOP_NOW};
enum { DISCONNECT_MODE };
const edge_admin_argument_t edge_admin_sessions_disconnect_arguments[] = {
    [DISCONNECT_MODE] = {.name = "mode",
                         .kind = EDGE_ADMIN_WORD,
                         .words = stop_words,
                         .prose =
                             "after_reply, as when not given: what has been asked is answered first, a message that "
                             "is arriving too. now: only what the queue has already got is waited for."},
    {.name = NULL},
};

/* It has ended by now, or is just doing so. */
static void answer_gone(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_session_story_t story;
    if (!edge_admin_session_find(request, NULL, &story, answer)) {
        return;
    }
    edge_admin_problem(answer, 410, "gone", "The session %.60s %s.", request->pieces[0].at,
                       story.record.ended != 0 ? "has ended" : "is ending already");
    edge_json_t *json = edge_admin_json(answer);
    edge_json_key(json, "session");
    edge_json_object(json);
    edge_session_record_put(json, &story.record);
    edge_json_object_end(json);
}

void edge_admin_sessions_disconnect(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_span_t id = request->pieces[0];
    unsigned index = (unsigned)request->numbers[DISCONNECT_MODE], unanswered;
    if (!edge_live_sessions_stop(id, stops[index], &unanswered)) {
        unanswered > 0 ? answer_silence(answer, unanswered) : answer_gone(request, answer);
        return;
    }
    EDGE_LOG(&edge_admin_sessions_log, EDGE_LOG_NOTICE, 915, "session %s is disconnected for %s (%s): %s", id.at,
             request->who, stop_words[index], request->reason.at != NULL ? request->reason.at : "");
    edge_audit(request, "session.disconnect", id.at, NULL, stop_words[index], "done");
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_text(json, "id", id, 0);
    edge_json_put_string(json, "mode", stop_words[index]);
    edge_json_object_end(json);
}
