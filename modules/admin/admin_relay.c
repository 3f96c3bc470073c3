/* Protocol admin: reads requests on a worker, and passes the well-formed ones on to civetweb. */
#include "admin.h"

#include <stdio.h>

#define HEAD_TIME EDGE_SECONDS(10) /* for a handshake, and for a whole head */
#define LOOK_AGAIN EDGE_MS(200)    /* whether the last answers are out */
#define LAST_TIME EDGE_SECONDS(30) /* for them */
#define ONE_MORE EDGE_SECONDS(2)   /* for a request that may be on its way when the connection is to end */
#define KEPT_MOST ((size_t)262144) /* octets that wait for the other side */

typedef enum stage { SHAKES_HANDS, AWAITS_HEAD, PASSES_CONTENT, CLOSES } stage_t;

typedef struct relay {
    edge_session_t session; /* first: the core sees this part only */
    edge_conn_t *server;    /* to civetweb; NULL until a head is whole */
    uint64_t left;          /* of the content that is passed on */
    edge_mono_t end_by;     /* draining, or the client has said all: the last answers are waited for until then */
    uint32_t searched;      /* of the awaited head: no end before this octet */
    uint16_t port;          /* our end of `server` */
    uint8_t stage;
    bool client_waits, server_waits; /* paused, for the other to take what it was sent */
    bool head_begun;                 /* its clock runs from the first octet */
    bool last;                       /* the next request is answered, and is the last */
    bool refused;
} relay_t;

static edge_mono_t now_of(const relay_t *relay) {
    return edge_worker_clock(edge_conn_worker(relay->session.conn)).mono;
}

/* Ending */

static void let_server_go(relay_t *relay);

static void close_client(relay_t *relay, edge_close_reason_t reason) {
    relay->stage = CLOSES;
    let_server_go(relay);
    edge_conn_close(relay->session.conn, reason);
}

/* Said in place of an answer, unless answers to earlier requests are still to come. */
static void refuse(relay_t *relay, unsigned status, const char *code, const char *detail) {
    char text[4096];
    if (relay->stage != SHAKES_HANDS && !(relay->server && admin_origin_is_busy(relay->port))) {
        size_t len = admin_fields_refusal(status, code, detail, relay->session.tls, text, sizeof(text));
        edge_conn_write(relay->session.conn, edge_span(text, len));
    }
    close_client(relay, EDGE_CLOSE_REQUEST_REFUSED);
}

static bool is_busy(const relay_t *relay) { return relay->server && admin_origin_is_busy(relay->port); }

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

/* The side of civetweb. Its owner is the relay, or nobody once the client has gone. */

static void server_opened(edge_conn_t *conn) { (void)conn; }

static size_t server_input(edge_conn_t *conn, edge_span_t bytes) {
    relay_t *relay = edge_conn_owner(conn);
    if (!relay)
        return bytes.len;
    edge_conn_t *client = relay->session.conn;
    edge_conn_write(client, bytes);
    if (edge_conn_unsent(client) > KEPT_MOST && !relay->server_waits) {
        relay->server_waits = true;
        edge_conn_pause(conn);
    }
    if (admin_origin_is_told(relay->port)) {
        relay->end_by = 0; /* as long as it goes on */
        finish(relay);
    }
    return bytes.len;
}

static void server_ended(edge_conn_t *conn) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay)
        close_client(relay, EDGE_CLOSE_PEER_CLOSED);
    else
        edge_conn_close(conn, EDGE_CLOSE_PEER_CLOSED);
}

static void server_timeout(edge_conn_t *conn) { (void)conn; }

static void server_drained(edge_conn_t *conn) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay && relay->client_waits) {
        relay->client_waits = false;
        edge_conn_resume(relay->session.conn);
    }
}

static void server_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    relay_t *relay = edge_conn_owner(conn);
    (void)reason;
    if (!relay)
        return;
    admin_origin_forget(relay->port);
    relay->server = NULL;
    if (relay->stage != CLOSES)
        close_client(relay, EDGE_CLOSE_INTERNAL);
}

static const edge_conn_handler_t server_handler = {
    .opened = server_opened,
    .input = server_input,
    .ended = server_ended,
    .timeout = server_timeout,
    .drained = server_drained,
    .closed = server_closed,
};

static void let_server_go(relay_t *relay) {
    edge_conn_t *server = relay->server;
    if (!server)
        return;
    relay->server = NULL;
    admin_origin_forget(relay->port);
    edge_conn_set_handler(server, &server_handler, NULL);
    if (relay->server_waits)
        edge_conn_resume(server);
    edge_conn_close(server, EDGE_CLOSE_PEER_CLOSED);
}

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
    edge_conn_target_t target = {.port = admin_server_port()};
    admin_origin_t origin;
    if (relay->server)
        return true;
    edge_ipaddr_parse(edge_span_of("127.0.0.1"), &target.address);
    relay->server = edge_conn_connect(edge_conn_worker(relay->session.conn), &target, &edge_transport_plain, NULL,
                                      &server_handler, relay);
    edge_conn_local(relay->server, &relay->port);
    fill_origin(relay, &origin);
    admin_origin_set(relay->port, &origin);
    if (relay->last)
        admin_origin_last(relay->port);
    return relay->port != 0;
}

/* The client's side */

static void pass_on(relay_t *relay, edge_span_t bytes) {
    edge_conn_write(relay->server, bytes);
    edge_conn_flush(relay->server);
    if (edge_conn_unsent(relay->server) > KEPT_MOST && !relay->client_waits) {
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
    relay->searched = state == EDGE_HTTP1_MORE ? (uint32_t)head.searched : 0;
    if (state == EDGE_HTTP1_MORE) {
        if (!relay->head_begun) {
            relay->head_begun = true;
            edge_conn_deadline(relay->session.conn, now_of(relay) + HEAD_TIME);
        }
        return 0;
    }
    relay->head_begun = false;
    if (!may_pass(relay, &head))
        return bytes.len;
    if (!reach_server(relay)) {
        refuse(relay, 503, "not-ready", "The admin's server cannot be reached just now.");
        return bytes.len;
    }
    admin_origin_asked(relay->port);
    edge_conn_deadline(relay->session.conn, 0);
    relay->left = head.length;
    relay->stage = head.length > 0 ? PASSES_CONTENT : AWAITS_HEAD;
    pass_on(relay, edge_span(bytes.at, head.size));
    return head.size;
}

static size_t read_content(relay_t *relay, edge_span_t bytes) {
    size_t len = bytes.len < relay->left ? bytes.len : (size_t)relay->left;
    relay->left -= len;
    if (relay->left == 0)
        relay->stage = AWAITS_HEAD;
    pass_on(relay, edge_span(bytes.at, len));
    return len;
}

static size_t on_input(edge_conn_t *conn, edge_span_t bytes) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay->stage == AWAITS_HEAD && relay->end_by == 0)
        return read_head(relay, bytes);
    return relay->stage == PASSES_CONTENT ? read_content(relay, bytes) : bytes.len;
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
    if (relay->stage == PASSES_CONTENT)
        close_client(relay, EDGE_CLOSE_PEER_CLOSED_IN_DATA);
    else if (relay->server && admin_origin_is_streaming(relay->port))
        close_client(relay, EDGE_CLOSE_PEER_CLOSED);
    else
        finish(relay);
}

static void on_timeout(edge_conn_t *conn) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay->end_by != 0 && now_of(relay) < relay->end_by)
        finish(relay);
    else if (relay->end_by != 0 || relay->stage == SHAKES_HANDS || edge_conn_unread(conn) == 0)
        close_client(relay, relay->stage == SHAKES_HANDS ? EDGE_CLOSE_TIMEOUT_TLS : EDGE_CLOSE_TIMEOUT_COMMAND);
    else
        refuse(relay, 408, "timeout", "The head of the request did not come in 10 seconds.");
}

static void on_drained(edge_conn_t *conn) {
    relay_t *relay = edge_conn_owner(conn);
    if (relay->server_waits && relay->server) {
        relay->server_waits = false;
        edge_conn_resume(relay->server);
    }
}

static void on_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    relay_t *relay = edge_conn_owner(conn);
    relay->stage = CLOSES;
    let_server_go(relay);
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
        admin_origin_last(relay->port);
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
