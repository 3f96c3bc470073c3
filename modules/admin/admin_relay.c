/* Protocol admin: reads requests on a worker, and passes the well-formed ones on to civetweb. */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD_TIME EDGE_SECONDS(10)    /* for a handshake, and for a whole head */
#define CONTENT_TIME EDGE_SECONDS(30) /* for all that follows it */
#define IDLE_TIME EDGE_SECONDS(30)    /* between an answer and the next request */
#define LOOK_AGAIN EDGE_MS(200)       /* whether the last answers are out */
#define LAST_TIME EDGE_SECONDS(30)    /* for them */
#define ONE_MORE EDGE_SECONDS(2)      /* for a request that may be on its way when the connection is to end */
#define KEPT_MOST ((size_t)262144)    /* octets that wait for the other side */

typedef enum stage { SHAKES_HANDS, AWAITS_HEAD, AWAITS_CONTENT, CLOSES } stage_t;

typedef struct relay {
    edge_session_t session;   /* first: the core sees this part only */
    admin_upstream_t *server; /* NULL unless a request is being answered */
    char *request;            /* one whose content is awaited: what there is of it */
    size_t have, whole;       /* octets of it */
    edge_mono_t end_by;       /* draining, or the client has said all: the last answers are waited for until then */
    uint32_t searched;        /* of the awaited head: no end before this octet */
    uint8_t stage;
    bool client_waits, server_waits; /* paused, for the other to take what it was sent */
    bool head_begun;                 /* its clock runs from the first octet */
    bool last;                       /* the next request is answered, and is the last */
    bool refused;
    bool leaves_it_open;         /* civetweb does, behind the answers to what was asked */
    bool is_plain;               /* what was asked is GET or HEAD without content */
    bool request_leaves_it_open; /* the one whose content is awaited */
} relay_t;

static edge_mono_t now_of(const relay_t *relay) {
    return edge_worker_clock(edge_conn_worker(relay->session.conn)).mono;
}

/* Ending */

static bool is_busy(const relay_t *relay) { return relay->server && admin_upstream_is_busy(relay->server); }

static void drop_server(relay_t *relay) {
    admin_upstream_t *server = relay->server;
    relay->server = NULL;
    relay->server_waits = false;
    if (server)
        admin_upstream_drop(server);
}

static void forget_request(relay_t *relay) {
    free(relay->request);
    relay->request = NULL;
}

static void close_client(relay_t *relay, edge_close_reason_t reason) {
    relay->stage = CLOSES;
    drop_server(relay);
    forget_request(relay);
    edge_conn_close(relay->session.conn, reason);
}

/* Said in place of an answer, unless answers to earlier requests are still to come. */
static void refuse(relay_t *relay, unsigned status, const char *code, const char *detail) {
    char text[4096];
    if (relay->stage != SHAKES_HANDS && !is_busy(relay)) {
        size_t len = admin_fields_refusal(status, code, detail, relay->session.tls, text, sizeof(text));
        edge_conn_write(relay->session.conn, edge_span(text, len));
    }
    close_client(relay, EDGE_CLOSE_REQUEST_REFUSED);
}

/* No further request is read; the connection ends when all are answered. */
static void finish(relay_t *relay) {
    if (!is_busy(relay) && edge_conn_unsent(relay->session.conn) == 0) {
        close_client(relay, EDGE_CLOSE_PEER_CLOSED);
        return;
    }
    if (relay->end_by == 0)
        relay->end_by = now_of(relay) + LAST_TIME;
    edge_conn_deadline(relay->session.conn, now_of(relay) + LOOK_AGAIN);
}

/* The side of civetweb */

/* Who is idle holds none of its threads. */
static void give_back_if_all_is_answered(relay_t *relay) {
    admin_upstream_t *server = relay->server;
    if (!server || !relay->leaves_it_open || is_busy(relay))
        return;
    relay->server = NULL;
    relay->server_waits = false;
    admin_upstream_give_back(server, relay->is_plain);
    if (relay->stage == AWAITS_HEAD && !relay->head_begun && relay->end_by == 0)
        edge_conn_deadline(relay->session.conn, now_of(relay) + (relay->last ? ONE_MORE : IDLE_TIME));
}

static void server_answers(void *owner, edge_span_t bytes) {
    relay_t *relay = owner;
    edge_conn_t *client = relay->session.conn;
    edge_conn_write(client, bytes);
    if (edge_conn_unsent(client) > KEPT_MOST) {
        relay->server_waits = true;
        admin_upstream_pause(relay->server);
    }
    if (admin_origin_is_told(admin_upstream_port(relay->server))) {
        relay->end_by = 0; /* as long as it goes on */
        finish(relay);
        return;
    }
    give_back_if_all_is_answered(relay);
    if (relay->end_by != 0)
        finish(relay);
}

static void server_drained(void *owner) {
    relay_t *relay = owner;
    if (relay->client_waits) {
        relay->client_waits = false;
        edge_conn_resume(relay->session.conn);
    }
}

static void server_lost(void *owner) {
    relay_t *relay = owner;
    relay->server = NULL;
    if (relay->stage != CLOSES)
        close_client(relay, EDGE_CLOSE_PEER_CLOSED);
}

static const admin_upstream_user_t server_user = {server_answers, server_drained, server_lost};

static void fill_origin(const relay_t *relay, admin_origin_t *origin) {
    const edge_session_t *session = &relay->session;
    edge_span_t name = session->listener->name;
    *origin = (admin_origin_t){.address = session->from_ip, .port = session->from_port, .tls = session->tls};
    snprintf(origin->listener, sizeof(origin->listener), "%.*s", (int)name.len, name.at);
    /* A subject that does not fit is nobody's: cut, it might be somebody else's. */
    const char *subject = session->tls ? session->secured.client_subject : NULL;
    if (subject && strlen(subject) < sizeof(origin->subject))
        memcpy(origin->subject, subject, strlen(subject) + 1);
}

static bool reach_server(relay_t *relay) {
    admin_origin_t origin;
    if (relay->server)
        return true;
    fill_origin(relay, &origin);
    relay->server = admin_upstream_take(edge_conn_worker(relay->session.conn), &origin, &server_user, relay);
    relay->leaves_it_open = relay->is_plain = true;
    if (relay->server && relay->last)
        admin_origin_last(admin_upstream_port(relay->server));
    return relay->server != NULL;
}

/* The client's side */

/* A request that is all there: nobody who is slow to send holds a thread of civetweb's. */
static void pass_on(relay_t *relay, edge_span_t request, bool leaves_it_open, bool is_plain) {
    relay->stage = AWAITS_HEAD;
    if (!reach_server(relay)) {
        refuse(relay, 503, "not-ready", "The admin's server cannot be reached just now.");
        return;
    }
    relay->leaves_it_open = relay->leaves_it_open && leaves_it_open;
    relay->is_plain = relay->is_plain && is_plain;
    edge_conn_deadline(relay->session.conn, 0);
    if (admin_upstream_ask(relay->server, request) > KEPT_MOST && !relay->client_waits) {
        relay->client_waits = true;
        edge_conn_pause(relay->session.conn);
    }
}

/* What of a head civetweb need not decide. False: refused. */
static bool may_pass(relay_t *relay, const edge_http1_head_t *head) {
    if (head->target.at[0] != '/')
        refuse(relay, 400, "bad-target", "The request target must be a path.");
    else if (head->chunked)
        refuse(relay, 411, "length-required", "The content must have a Content-Length.");
    else if (head->length > ADMIN_CONTENT_MOST)
        refuse(relay, 413, "too-large", "The content has more than 1048576 octets.");
    else
        return true;
    return false;
}

/* Whether civetweb keeps its connection open behind the answer: only where no reading of the fields leaves a doubt. */
static bool is_left_open(const edge_http1_head_t *head) {
    edge_span_t said = edge_http1_field(head, "Connection", 0);
    return head->minor == 1 && head->keep_alive && !edge_http1_field(head, "Connection", 1).at &&
           (!said.at || edge_span_equal_nocase(said, edge_span_of("keep-alive")));
}

/* Behind such a one no octet can be left that would be taken for the head of the next, which is somebody else's. */
static bool is_plain(const edge_http1_head_t *head) {
    return head->length == 0 &&
           (edge_span_equal(head->method, edge_span_of("GET")) || edge_span_equal(head->method, edge_span_of("HEAD")));
}

/* The head is there, its content may come as it likes. */
static size_t begin_request(relay_t *relay, const edge_http1_head_t *head, edge_span_t bytes) {
    size_t whole = head->size + (size_t)head->length;
    if (bytes.len >= whole) {
        pass_on(relay, edge_span(bytes.at, whole), is_left_open(head), is_plain(head));
        return whole;
    }
    relay->request = malloc(whole);
    if (!relay->request) {
        refuse(relay, 503, "not-ready", "There is no memory for the content just now.");
        return bytes.len;
    }
    memcpy(relay->request, bytes.at, bytes.len);
    relay->have = bytes.len;
    relay->whole = whole;
    relay->request_leaves_it_open = is_left_open(head);
    relay->stage = AWAITS_CONTENT;
    edge_conn_deadline(relay->session.conn, now_of(relay) + CONTENT_TIME);
    if (head->expects_continue && bytes.len == head->size && !is_busy(relay))
        edge_conn_write(relay->session.conn, edge_span_of("HTTP/1.1 100 Continue\r\n\r\n"));
    return bytes.len;
}

static size_t await_head(relay_t *relay, const edge_http1_head_t *head) {
    relay->searched = (uint32_t)head->searched;
    if (!relay->head_begun) {
        relay->head_begun = true;
        edge_conn_deadline(relay->session.conn, now_of(relay) + HEAD_TIME);
    }
    return 0;
}

static size_t read_head(relay_t *relay, edge_span_t bytes) {
    edge_http1_field_t fields[ADMIN_FIELDS_MOST - 1];
    edge_http1_head_t head = {.fields = fields, .room = ADMIN_FIELDS_MOST - 1, .searched = relay->searched};
    edge_http1_state_t state = edge_http1_request(&head, bytes);
    if (state == EDGE_HTTP1_BAD) {
        refuse(relay, head.status, "bad-request", head.wrong);
        return bytes.len;
    }
    if ((state == EDGE_HTTP1_MORE ? bytes.len : head.size) > ADMIN_HEAD_MOST) {
        refuse(relay, 431, "head-too-large", "The head of the request has more than 16384 octets.");
        return bytes.len;
    }
    if (state == EDGE_HTTP1_MORE)
        return await_head(relay, &head);
    relay->searched = 0;
    relay->head_begun = false;
    return may_pass(relay, &head) ? begin_request(relay, &head, bytes) : bytes.len;
}

static size_t read_content(relay_t *relay, edge_span_t bytes) {
    size_t left = relay->whole - relay->have, len = bytes.len < left ? bytes.len : left;
    memcpy(relay->request + relay->have, bytes.at, len);
    relay->have += len;
    if (relay->have == relay->whole) {
        pass_on(relay, edge_span(relay->request, relay->whole), relay->request_leaves_it_open, false);
        forget_request(relay);
    }
    return len;
}

static size_t on_input(edge_conn_t *conn, edge_span_t bytes) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay->stage == AWAITS_HEAD && relay->end_by == 0)
        return read_head(relay, bytes);
    return relay->stage == AWAITS_CONTENT ? read_content(relay, bytes) : bytes.len;
}

static void on_opened(edge_conn_t *conn) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay->stage == SHAKES_HANDS && relay->session.listener->tls)
        edge_session_secured(&relay->session);
    relay->stage = AWAITS_HEAD;
    if (relay->refused)
        refuse(relay, 503, "not-ready", "Too many connections, or none from this address.");
    else
        edge_conn_deadline(conn, now_of(relay) + HEAD_TIME);
}

/* A client that shuts down its own direction still gets its answers. */
static void on_ended(edge_conn_t *conn) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay->stage == AWAITS_CONTENT)
        close_client(relay, EDGE_CLOSE_PEER_CLOSED_IN_DATA);
    else if (relay->server && admin_origin_is_streaming(admin_upstream_port(relay->server)))
        close_client(relay, EDGE_CLOSE_PEER_CLOSED);
    else
        finish(relay);
}

static void on_timeout(edge_conn_t *conn) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay->end_by != 0 && now_of(relay) < relay->end_by)
        finish(relay);
    else if (relay->end_by != 0 || relay->stage == SHAKES_HANDS ||
             (relay->stage != AWAITS_CONTENT && edge_conn_unread(conn) == 0))
        close_client(relay, relay->stage == SHAKES_HANDS ? EDGE_CLOSE_TIMEOUT_TLS : EDGE_CLOSE_TIMEOUT_COMMAND);
    else
        refuse(relay, 408, "timeout",
               relay->stage == AWAITS_CONTENT ? "The content of the request did not come in 30 seconds."
                                              : "The head of the request did not come in 10 seconds.");
}

static void on_drained(edge_conn_t *conn) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay->server_waits && relay->server) {
        relay->server_waits = false;
        admin_upstream_resume(relay->server);
    }
}

static void on_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    relay_t *relay = edge_conn_owner(conn);
    relay->stage = CLOSES;
    drop_server(relay);
    forget_request(relay);
    edge_session_close(&relay->session, reason);
}

static const edge_conn_handler_t client_handler = {
    .opened = on_opened,
    .input = on_input,
    .ended = on_ended,
    .timeout = on_timeout,
    .drained = on_drained,
    .closed = on_closed,
};

/* The core's calls */

static void session_open(edge_session_t *session, const edge_reply_t *refused, edge_close_reason_t reason) {
    relay_t *relay = (relay_t *)session;
    const edge_tls_listener_t *tls = session->listener->tls;
    (void)reason;
    relay->refused = refused != NULL;
    relay->stage = SHAKES_HANDS;
    if (tls)
        edge_conn_set_transport(session->conn, tls->transport, tls->settings);
    edge_conn_deadline(session->conn, now_of(relay) + HEAD_TIME);
}

/* A request may be on its way already: it is answered, and told that it was the last. */
static void end_soon(relay_t *relay) {
    if (relay->last || relay->end_by != 0)
        return;
    relay->last = true;
    if (relay->server)
        admin_origin_last(admin_upstream_port(relay->server));
    if (relay->stage == AWAITS_HEAD && !relay->head_begun && !is_busy(relay))
        edge_conn_deadline(relay->session.conn, now_of(relay) + ONE_MORE);
}

static void session_stop(edge_session_t *session, edge_stop_t when, edge_reply_row_t row, edge_close_reason_t reason) {
    relay_t *relay = (relay_t *)session;
    (void)row;
    if (relay->stage == CLOSES)
        return;
    if (when == EDGE_STOP_SOON)
        end_soon(relay);
    else if (when == EDGE_STOP_NOW || relay->stage == SHAKES_HANDS)
        close_client(relay, reason);
    else
        finish(relay);
}

static edge_session_state_t session_look(const edge_session_t *session, edge_mono_t *idle_since) {
    const relay_t *relay = (const relay_t *)session;
    *idle_since = session->opened.mono;
    return relay->stage == CLOSES ? EDGE_STATE_CLOSING : EDGE_STATE_REQUEST;
}

static const char *const verbs[] = {NULL};

static void *session_prepare(edge_conf_check_t *check, const edge_section_t *listener, uint32_t carries,
                             apr_pool_t *pool) {
    (void)check, (void)carries, (void)pool;
    return (void *)(uintptr_t)listener;
}

/* No validator is asked, nothing is stored, nobody authenticates: what the core would answer to that never comes. */
static void no_verdict(edge_session_t *session, edge_reply_t reply) { (void)session, (void)reply; }
static void no_answer(edge_session_t *session, const edge_auth_answer_t *answer) { (void)session, (void)answer; }
static void no_room(edge_session_t *session) { (void)session; }

const edge_protocol_t admin_protocol = {
    .name = "admin",
    .verbs = verbs,
    .session_size = sizeof(relay_t),
    .handler = &client_handler,
    .takes_no_mail = true,
    .open = session_open,
    .verdict = no_verdict,
    .stored = no_verdict,
    .authenticated = no_answer,
    .body_room = no_room,
    .stop = session_stop,
    .look = session_look,
    .prepare = session_prepare,
};
