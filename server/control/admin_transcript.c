/* The admin route of a session's lines: the last ones, or one after the other as they are said. */
#include "control/admin_priv.h"
#include "control/admin_stream.h"
#include "control/live_sessions.h"

enum { TRANSCRIPT_FOLLOW };
const edge_admin_argument_t edge_admin_transcript_arguments[] = {
    [TRANSCRIPT_FOLLOW] =
        {.name = "follow",
         .kind = EDGE_ADMIN_SWITCH,
         .prose = "As server-sent events, while the session goes on: line, as those of the list; gap, "
                  "with how many lines are lost; at last end, with how the session ended, or with its id alone "
                  "when the server stops. The ids are the numbers of the lines."},
    {.name = NULL},
};

static const edge_admin_argument_t line_rows[] = {
    {"at", EDGE_ADMIN_TIME, .prose = "When."},
    {"from", EDGE_ADMIN_TEXT, .prose = "C: the client, S: the server."},
    {"text", EDGE_ADMIN_TEXT, .prose = "The line, or as much of it as may be shown."},
    {"more", EDGE_ADMIN_SWITCH, .prose = "There was more: cut, further lines of a reply, or credentials."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_transcript_answer[] = {
    {"id", EDGE_ADMIN_TEXT, .prose = "The session."},
    {"lines", EDGE_ADMIN_LIST, .rows = line_rows, .prose = "The last commands and replies, the oldest first."},
    {"dropped", EDGE_ADMIN_NUMBER, .prose = "Lines before these."},
    {.name = NULL},
};

static void show(const edge_session_story_t *story, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_string(json, "id", story->record.id);
    edge_session_trail_put(json, story);
    edge_json_object_end(json);
}

/* Following: first what the session has said, out of the story; then what the watch brings. */

#define LINE_ROOM 2048 /* a text of EDGE_TRAIL_LINE_MOST octets may be escapes all over */

typedef struct follow {
    edge_session_story_t story;
    edge_session_watch_t *watch;
    unsigned at;     /* in the story's trail */
    uint64_t passed; /* lines of the session so far */
    uint64_t after;  /* as many lines the reader knows */
    bool told_end;
} follow_t;

static void tell_line(const follow_t *follow, const edge_trail_line_t *line, edge_admin_event_t *event,
                      apr_pool_t *pool) {
    edge_json_t json;
    edge_json_start(&json, pool, LINE_ROOM);
    edge_json_object(&json);
    edge_session_line_put(&json, &follow->story, line);
    edge_json_object_end(&json);
    *event = (edge_admin_event_t){follow->passed, "line", edge_span(json.text, json.len)};
}

/* Of a session that lives, as far as is known: the server ends, or hands over. */
static edge_admin_next_t tell_end(follow_t *follow, edge_admin_event_t *event, apr_pool_t *pool) {
    edge_json_t json;
    edge_json_start(&json, pool, LINE_ROOM);
    edge_json_object(&json);
    edge_json_put_string(&json, "id", follow->story.record.id);
    edge_session_end_put(&json, &follow->story.record);
    edge_json_object_end(&json);
    follow->told_end = true;
    *event = (edge_admin_event_t){follow->passed, "end", edge_span(json.text, json.len)};
    return EDGE_ADMIN_EVENT;
}

/* False: there is nothing more in the story that the reader does not know. */
static bool tell_story(follow_t *follow, edge_admin_event_t *event, apr_pool_t *pool) {
    const edge_trail_t *trail = &follow->story.trail.trail;
    edge_trail_line_t line;
    if (follow->passed < trail->dropped) {
        uint64_t lost = trail->dropped - (follow->after < trail->dropped ? follow->after : trail->dropped);
        follow->passed = trail->dropped;
        if (lost > 0) {
            *event = edge_admin_gap(follow->passed, lost, pool);
            return true;
        }
    }
    while (edge_trail_next(trail, &follow->at, &line)) {
        if (++follow->passed > follow->after) {
            tell_line(follow, &line, event, pool);
            return true;
        }
    }
    return false;
}

static edge_admin_next_t tell_watched(follow_t *follow, edge_mono_t deadline, edge_admin_event_t *event,
                                      apr_pool_t *pool) {
    edge_session_watch_seen_t seen;
    switch (edge_session_watch_next(follow->watch, deadline, &seen)) {
    case EDGE_SESSION_WATCH_LINE:
        follow->passed = seen.number;
        tell_line(follow, &seen.line, event, pool);
        return EDGE_ADMIN_EVENT;
    case EDGE_SESSION_WATCH_GAP:
        follow->passed = seen.number;
        *event = edge_admin_gap(seen.number, seen.lost, pool);
        return EDGE_ADMIN_EVENT;
    case EDGE_SESSION_WATCH_NOTHING: break;
    case EDGE_SESSION_WATCH_CLOSED:
        follow->story.record.ended = seen.ended;
        follow->story.record.end = (uint8_t)seen.end;
        return tell_end(follow, event, pool);
    case EDGE_SESSION_WATCH_STOPPED: return tell_end(follow, event, pool);
    }
    return EDGE_ADMIN_NO_EVENT;
}

static edge_admin_next_t next_line(void *context, edge_mono_t deadline, edge_admin_event_t *event, apr_pool_t *pool) {
    follow_t *follow = context;
    if (follow->told_end) {
        return EDGE_ADMIN_NO_MORE;
    }
    if (tell_story(follow, event, pool)) {
        return EDGE_ADMIN_EVENT;
    }
    return follow->story.record.ended != 0 ? tell_end(follow, event, pool)
                                           : tell_watched(follow, deadline, event, pool);
}

/* A number of a line that has not been said yet is one of another session: all is told. */
static void follow_lines(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    follow_t follow = {.watch = edge_session_watch_begin(), .after = edge_admin_stream_after(request, 0)};
    if (edge_admin_session_find(request, follow.watch, &follow.story, answer)) {
        if (follow.after > edge_trail_count(&follow.story.trail.trail)) {
            follow.after = 0;
        }
        edge_admin_stream_events(request, answer, next_line, &follow);
    }
    edge_session_watch_end(follow.watch);
}

void edge_admin_transcript(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_session_story_t story;
    if (request->numbers[TRANSCRIPT_FOLLOW] != 0) {
        follow_lines(request, answer);
    } else if (edge_admin_session_find(request, NULL, &story, answer)) {
        show(&story, answer);
    }
}
