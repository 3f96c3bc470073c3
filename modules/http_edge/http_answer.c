/* Answers: what is written, and what comes behind them on the connection. */
#include "http_edge.h"

#include <stdio.h>

#include "edge_clock.h"
#include "proto/http1_write.h"

#define REASON_MOST 512
#define SWALLOW_MOST ((uint64_t)1024 * 1024) /* more of a refused content is not worth reading */
#define FIELDS_MOST 10

typedef struct answer {
    unsigned status;
    edge_span_t reason;        /* absent: the status' own phrase */
    const edge_reply_t *reply; /* NULL: no reply stands behind it */
    edge_span_t content, type;
    edge_span_t extra_name, extra_value; /* Allow, Accept */
    edge_span_t challenges[2];           /* WWW-Authenticate; absent: none */
} answer_t;

/* Writing */

typedef struct fields {
    edge_http1_field_t list[FIELDS_MOST];
    unsigned count;
} fields_t;

static void add(fields_t *fields, const char *name, edge_span_t value) {
    fields->list[fields->count++] = (edge_http1_field_t){edge_span_of(name), value};
}

/* "250 2.6.0" */
static edge_span_t reply_codes(const edge_reply_t *reply, char *text, size_t size) {
    int len = reply->subject == EDGE_NO_ENHANCED ? snprintf(text, size, "%u", reply->code)
                                                 : snprintf(text, size, "%u %u.%u.%u", reply->code,
                                                            edge_reply_class(reply), reply->subject, reply->detail);
    return edge_span(text, (size_t)len);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7) */
static edge_span_t date_of(apr_time_t wall, char text[EDGE_CLOCK_RFC5322_SIZE]) {
    edge_clock_rfc5322(wall, text);
    char *zone = strchr(text, '+');
    memcpy(zone, "GMT", 4);
    return edge_span_of(text);
}

/* An answer to HTTP/1.0 says nothing that the client need not know. */
static void write_answer(http_session_t *s, const answer_t *answer, unsigned minor, bool keep_alive) {
    char head[2048], length[24], date[EDGE_CLOCK_RFC5322_SIZE], codes[32];
    fields_t fields = {.count = 0};
    edge_conn_t *conn = s->session.conn;
    if (minor > 0) {
        add(&fields, "Date", date_of(edge_worker_clock(edge_conn_worker(conn)).wall, date));
        add(&fields, "Server", edge_span_of("edged"));
    }
    if (minor > 0 && answer->reply)
        add(&fields, "X-Smtp-Reply", reply_codes(answer->reply, codes, sizeof(codes)));
    if (answer->extra_name.at)
        fields.list[fields.count++] = (edge_http1_field_t){answer->extra_name, answer->extra_value};
    for (unsigned i = 0; i < EDGE_COUNT(answer->challenges); i++)
        if (answer->challenges[i].at)
            add(&fields, "WWW-Authenticate", answer->challenges[i]);
    if (answer->type.at)
        add(&fields, "Content-Type", answer->type);
    snprintf(length, sizeof(length), "%zu", answer->content.len);
    if (answer->status != 204)
        add(&fields, "Content-Length", edge_span_of(length));
    if (keep_alive == (minor == 0))
        add(&fields, "Connection", edge_span_of(keep_alive ? "keep-alive" : "close"));
    size_t len =
        edge_http1_write_response(minor, answer->status, answer->reason, fields.list, fields.count, head, sizeof(head));
    edge_conn_write(conn, edge_span(head, len < sizeof(head) ? len : sizeof(head)));
    edge_session_said(&s->session, edge_span(head, len < sizeof(head) ? len : sizeof(head)));
    if (answer->content.len)
        edge_conn_write(conn, answer->content);
}

static edge_span_t text_of(const edge_reply_t *reply, char text[REASON_MOST]) {
    size_t len = edge_reply_text(reply, text, REASON_MOST);
    return edge_span(text, len < REASON_MOST ? len : REASON_MOST);
}

/* What comes behind it */

static bool has_content_left(const http_session_t *s) { return s->chunked || s->left > 0 || s->open > 0; }

/* A client that waits for 100 may or may not send its content now: only the end of the connection tells it which. */
static bool may_swallow(const http_session_t *s) {
    uint64_t known = s->chunked ? s->chunks.left : s->left;
    return !s->request->head.expects_continue && known <= SWALLOW_MOST;
}

static edge_close_reason_t close_reason(const http_session_t *s, const edge_reply_t *reply) {
    if (reply && (reply->code == 421 || reply->code == 221))
        return reply->subject == 7 && s->stage == HTTP_ASKS_CREDENTIALS ? EDGE_CLOSE_BANNED : EDGE_CLOSE_POLICY;
    if (s->stops)
        return (edge_close_reason_t)s->stop_reason;
    return has_content_left(s) ? EDGE_CLOSE_REQUEST_REFUSED : EDGE_CLOSE_QUIT;
}

static bool goes_on(const http_session_t *s, const edge_reply_t *reply) {
    bool closes = reply && (reply->code == 421 || reply->code == 221);
    return s->request->head.keep_alive && !s->stops && !closes && (!has_content_left(s) || may_swallow(s));
}

static unsigned verb_of(edge_span_t method) {
    static const char *const methods[] = {"POST", "GET", "HEAD", "OPTIONS"};
    for (unsigned i = 0; i < EDGE_COUNT(methods); i++)
        if (edge_span_equal(method, edge_span_of(methods[i])))
            return i;
    return EDGE_COUNT(methods);
}

static void count(http_session_t *s, const answer_t *answer, edge_span_t method) {
    edge_reply_t plain = edge_reply_of(answer->status < 400 ? EDGE_R_OK : EDGE_R_BAD_ARGUMENTS);
    edge_session_count_reply(&s->session, verb_of(method), answer->reply ? answer->reply : &plain);
    edge_session_count_request(&s->session, answer->status, s->request ? s->request->began : 0);
}

static void await_next(http_session_t *s) {
    bool swallows = has_content_left(s);
    s->stage = swallows ? HTTP_SWALLOWS : HTTP_AWAITS_HEAD;
    if (swallows && s->chunked)
        s->left = SWALLOW_MOST;
    if (swallows)
        edge_pace_body(&s->pace, http_now(s));
}

/* The request is over: written, counted, logged, and let go. */
static void finish(http_session_t *s, const answer_t *answer, const char *command) {
    const http_request_t *request = s->request;
    bool keep = goes_on(s, answer->reply);
    edge_close_reason_t reason = close_reason(s, answer->reply);
    write_answer(s, answer, request->head.minor, keep);
    count(s, answer, request->head.method);
    if (s->session.transaction)
        edge_transaction_end(&s->session, answer->reply, edge_span_of(command));
    edge_session_replied(&s->session);
    http_request_free(s);
    s->body_full = false;
    if (keep) {
        await_next(s);
    } else {
        edge_conn_close(s->session.conn, reason);
        s->stage = HTTP_CLOSES;
    }
}

/* The kinds of answers */

static void add_document(http_session_t *s, answer_t *answer) {
    bool refused = answer->status >= 400;
    const http_request_t *request = s->request;
    if (answer->status == 204 || edge_span_equal(request->head.method, edge_span_of("HEAD")))
        return;
    if (request->json) {
        answer->type = edge_span_of(refused ? "application/problem+json" : "application/json");
        answer->content = http_json_answer(request, answer->status, answer->reason, answer->reply);
    } else if (!refused) {
        answer->content = edge_span_of(request->id);
    }
}

/* One field a scheme: not every client reads two in one (RFC 9110 11.6.1). */
static void add_challenges(const http_session_t *s, answer_t *answer) {
    const http_settings_t *settings = http_settings_of(s);
    answer->challenges[0] = settings->basic_challenge;
    answer->challenges[1] = s->request->with_token ? settings->token_is_wrong : settings->bearer_challenge;
}

void http_answer_with_status(http_session_t *s, unsigned status, const edge_reply_t *reply, const char *command) {
    char text[REASON_MOST];
    answer_t answer = {.status = status, .reply = reply, .reason = text_of(reply, text)};
    if (status == 401)
        add_challenges(s, &answer);
    add_document(s, &answer);
    finish(s, &answer, command);
}

void http_answer_reply(http_session_t *s, const edge_reply_t *reply, const char *command) {
    http_answer_with_status(s, edge_http_submit_status(reply), reply, command);
}

static void add_extra(answer_t *answer) {
    if (answer->status == 406) {
        answer->extra_name = edge_span_of("Accept");
        answer->extra_value = edge_span_of("message/rfc822");
    } else if (answer->status == 501 || answer->status == 204) {
        answer->extra_name = edge_span_of("Allow");
        answer->extra_value = edge_span_of("POST, OPTIONS");
    }
}

void http_answer_row(http_session_t *s, edge_http_answer_row_t row) {
    char text[REASON_MOST];
    size_t len = edge_http_answer_reason(row, s->request->submit.about, text, sizeof(text));
    answer_t answer = {.status = edge_http_answer_status(row),
                       .reason = edge_span(text, len < sizeof(text) ? len : sizeof(text))};
    /* Where the request ends is doubtful: what comes behind it may have been meant as its content. */
    if (row == EDGE_HTTP_BAD_CHUNK || row == EDGE_HTTP_NO_LENGTH)
        s->request->head.keep_alive = false;
    if (row == EDGE_HTTP_WRONG_ROLE)
        answer.challenges[0] = http_settings_of(s)->token_is_for_another;
    add_extra(&answer);
    add_document(s, &answer);
    finish(s, &answer, "DATA");
}

/* The reason stays in our log: the head is garbage, or somebody tries what it would do. */
static void log_bad(const http_session_t *s, const edge_http1_head_t *head) {
    edge_log_about_t about = {s->session.id, NULL};
    EDGE_LOG_ABOUT(&http_log, EDGE_LOG_INFO, 650, &about, APR_SUCCESS, "a request is refused with %u: %s", head->status,
                   head->wrong);
}

static void close_with(http_session_t *s, const answer_t *answer, unsigned minor, edge_span_t method,
                       edge_close_reason_t reason) {
    write_answer(s, answer, minor, false);
    count(s, answer, method);
    edge_conn_close(s->session.conn, reason);
    s->stage = HTTP_CLOSES;
    s->body_full = s->waiting = false;
}

void http_answer_bad(http_session_t *s, const edge_http1_head_t *head) {
    /* 431 would be its name today; the table of answers is older. */
    answer_t answer = {.status = head->status == 431 ? 400 : head->status};
    log_bad(s, head);
    if (answer.status == 501)
        add_extra(&answer);
    close_with(s, &answer, head->minor, EDGE_NO_SPAN, EDGE_CLOSE_REQUEST_REFUSED);
    http_request_free(s);
}

void http_answer_last(http_session_t *s, unsigned status, const edge_reply_t *reply, edge_close_reason_t reason) {
    char text[REASON_MOST];
    const http_request_t *request = s->request;
    bool own = reply && status == edge_http_submit_status(reply);
    answer_t answer = {.status = status};
    if (own) {
        answer.reply = reply;
        answer.reason = text_of(reply, text);
    }
    close_with(s, &answer, request ? request->head.minor : 1, request ? request->head.method : EDGE_NO_SPAN, reason);
}
