/* The head of a request: read when it is whole, sent where it belongs. */
#include "http_edge.h"

#include "edge_password.h"

static unsigned lines_of(edge_span_t head) {
    unsigned lines = 0;
    for (const char *at = head.at, *end = head.at + head.len; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lines++;
    return lines;
}

/* Its first line; the fields may hold credentials. */
static void tell(http_session_t *s, edge_span_t head) {
    const char *end = memchr(head.at, '\n', head.len);
    size_t len = end ? (size_t)(end - head.at) : head.len;
    edge_session_heard(&s->session, edge_span(head.at, len - (len > 0 && head.at[len - 1] == '\r')), false);
}

/* The head is copied: the input goes on, and checks may take their time. */
static http_request_t *request_make(http_session_t *s, edge_span_t head) {
    apr_pool_t *pool = edge_worker_take_pool(edge_conn_worker(s->session.conn));
    http_request_t *request = apr_pcalloc(pool, sizeof(*request));
    request->pool = pool;
    request->began = http_now(s);
    request->first_refused = -1;
    request->head.room = lines_of(head);
    request->head.fields = apr_palloc(pool, request->head.room * sizeof(edge_http1_field_t));
    s->request = request;
    return request;
}

void http_request_free(http_session_t *s) {
    if (!s->request)
        return;
    edge_span_t credentials = edge_http1_field(&s->request->head, "authorization", 0);
    if (credentials.len)
        edge_password_wipe((void *)(uintptr_t)credentials.at, credentials.len);
    edge_worker_give_pool(edge_conn_worker(s->session.conn), s->request->pool);
    s->request = NULL;
}

static bool is_json(const edge_http1_head_t *head) {
    edge_span_t value;
    for (unsigned i = 0; (value = edge_http1_field(head, "accept", i)).at != NULL; i++)
        if (edge_http1_has_token(value, "application/json"))
            return true;
    return false;
}

static void frame_content(http_session_t *s, const edge_http1_head_t *head) {
    s->chunked = head->chunked;
    s->left = head->has_length ? head->length : 0;
    s->open = 0;
    memset(&s->chunks, 0, sizeof(s->chunks));
}

static bool is_too_large(const http_session_t *s) {
    uint64_t most = http_settings_of(s)->limits->max_message_size;
    return most && s->left > most;
}

/* Everything that is known before anybody is asked. */
static void dispatch(http_session_t *s) {
    const http_conf_t *conf = http_settings_of(s)->conf;
    http_request_t *request = s->request;
    edge_http1_head_t *head = &request->head;
    edge_http_answer_row_t row = EDGE_HTTP_NOT_FOUND;
    bool any_path = edge_span_equal(head->target, edge_span_of("*")); /* OPTIONS * is about the server */
    if (edge_http_submit_is_path(head->target, conf->path) || any_path)
        row = edge_http_submit_method(head->method);
    if (any_path && row != EDGE_HTTP_OPTIONS)
        row = EDGE_HTTP_NOT_FOUND;
    if (row == EDGE_HTTP_ANSWER_COUNT)
        row = edge_http_submit_read(head, &conf->names, request->pool, &request->submit);
    if (row != EDGE_HTTP_ANSWER_COUNT) {
        http_answer_row(s, row);
    } else if (is_too_large(s)) {
        edge_reply_t reply =
            edge_reply_with_number(EDGE_R_SIZE_DECLARED, http_settings_of(s)->limits->max_message_size);
        http_answer_with_status(s, 413, &reply, "MAIL");
    } else {
        s->stage = HTTP_ASKS_CREDENTIALS;
    }
}

size_t http_request_head(http_session_t *s, edge_span_t bytes) {
    edge_http1_head_t head = {.searched = s->searched};
    edge_http1_state_t state = edge_http1_whole(&head, bytes);
    s->searched = (uint32_t)head.searched;
    if (state == EDGE_HTTP1_MORE)
        return 0;
    s->searched = 0;
    tell(s, bytes);
    if (state == EDGE_HTTP1_BAD) {
        http_answer_bad(s, &head);
        return bytes.len;
    }
    http_request_t *request = request_make(s, edge_span(bytes.at, head.size));
    edge_span_t copy = edge_span_copy(request->pool, edge_span(bytes.at, head.size));
    state = edge_http1_request(&request->head, copy);
    if (state == EDGE_HTTP1_BAD) {
        http_answer_bad(s, &request->head);
        return bytes.len;
    }
    request->json = is_json(&request->head);
    frame_content(s, &request->head);
    dispatch(s);
    return head.size;
}
