/* A connection to a next hop, from its beginning to its end: the client's machine between its user and the socket. */
#include <stdlib.h>

#include "smtp_connection.h"

/* Time */

static edge_mono_t patience(const relay_connection_t *self) {
    const relay_times_t *times = &self->smtp->conf->times;
    if (self->surveying)
        return times->data;
    switch (edge_smtp_client_waits(&self->client)) {
    case EDGE_SMTP_CLIENT_WAITS_GREETING: return times->greeting;
    case EDGE_SMTP_CLIENT_WAITS_TLS: return times->connect;
    case EDGE_SMTP_CLIENT_WAITS_NOTHING: return times->idle;
    case EDGE_SMTP_CLIENT_WAITS_BODY: return times->data;
    case EDGE_SMTP_CLIENT_WAITS_END: return times->end;
    case EDGE_SMTP_CLIENT_WAITS_BYE: return EDGE_SECONDS(5);
    default: return times->command;
    }
}

void relay_connection_deadline(relay_connection_t *self, edge_mono_t time) {
    edge_conn_deadline(self->conn, edge_worker_clock(self->worker).mono + time);
}

/* The machine */

static void on_ready(relay_connection_t *self) {
    self->ready = true;
    if (self->given) {
        self->given = false;
        relay_answer_let_go(self);
    }
    if (self->user)
        relay_body_give(self);
    else if (!self->closing)
        relay_idle_wait(self);
}

static void on_close(relay_connection_t *self, const edge_smtp_client_action_t *action) {
    self->closing = true;
    relay_idle_leave(self);
    if (self->user && action->unheard)
        relay_answer_useless(self, &action->reply, action->own, self->shaking);
    else if (self->user)
        relay_answer_let_go(self);
    edge_conn_close(self->conn, action->goodbye ? EDGE_CLOSE_QUIT : EDGE_CLOSE_PEER_CLOSED);
}

static void act(relay_connection_t *self, const edge_smtp_client_action_t *action) {
    switch (action->kind) {
    case EDGE_SMTP_CLIENT_WRITE: edge_conn_write(self->conn, action->bytes); break;
    case EDGE_SMTP_CLIENT_START_TLS: relay_secure_start(self); break;
    case EDGE_SMTP_CLIENT_PROVE: relay_secure_prove(self, action->scram); break;
    case EDGE_SMTP_CLIENT_READY: on_ready(self); break;
    case EDGE_SMTP_CLIENT_BODY: relay_body_begin(self, action->stuffed); break;
    case EDGE_SMTP_CLIENT_RESULT: relay_answer_take(self, action); break;
    case EDGE_SMTP_CLIENT_CLOSE: on_close(self, action); break;
    }
}

static void act_all(relay_connection_t *self) {
    edge_smtp_client_action_t action;
    while (edge_smtp_client_next(&self->client, &action))
        act(self, &action);
}

void relay_connection_run(relay_connection_t *self) {
    act_all(self);
    if (!self->closing)
        relay_connection_deadline(self, patience(self));
}

void relay_connection_lose(relay_connection_t *self, const char *why) {
    edge_smtp_client_lost(&self->client, edge_span_of(why));
    relay_connection_run(self);
}

/* What the connection tells */

static void on_opened(edge_conn_t *conn) {
    relay_connection_t *self = edge_conn_owner(conn);
    self->opened = true;
    if (self->shaking)
        relay_secure_done(self);
    relay_connection_run(self);
}

/* A part of an answer is no answer: who dribbles one has no more time than who is silent. */
static size_t on_input(edge_conn_t *conn, edge_span_t bytes) {
    relay_connection_t *self = edge_conn_owner(conn);
    unsigned answers = edge_smtp_client_answers(&self->client);
    edge_smtp_client_input(&self->client, bytes);
    act_all(self);
    if (!self->closing && edge_smtp_client_answers(&self->client) != answers)
        relay_connection_deadline(self, patience(self));
    size_t eaten = edge_smtp_client_eaten(&self->client);
    return self->closing ? bytes.len : eaten;
}

static void on_ended(edge_conn_t *conn) {
    relay_connection_lose(edge_conn_owner(conn), "the next hop closed the connection");
}

static const char *silence(edge_smtp_client_wait_t wait) {
    static const char *const waits[] = {
        [EDGE_SMTP_CLIENT_WAITS_GREETING] = "no greeting came in time",
        [EDGE_SMTP_CLIENT_WAITS_HELLO] = "no answer to the greeting came in time",
        [EDGE_SMTP_CLIENT_WAITS_TLS] = "the TLS handshake was not done in time",
        [EDGE_SMTP_CLIENT_WAITS_NOTHING] = "",
        [EDGE_SMTP_CLIENT_WAITS_COMMAND] = "no answer to MAIL or RCPT came in time",
        [EDGE_SMTP_CLIENT_WAITS_GO] = "no answer to DATA came in time",
        [EDGE_SMTP_CLIENT_WAITS_BODY] = "the next hop did not read the message in time",
        [EDGE_SMTP_CLIENT_WAITS_END] = "no answer to the message came in time",
        [EDGE_SMTP_CLIENT_WAITS_BYE] = "no answer to QUIT came in time",
        [EDGE_SMTP_CLIENT_WAITS_CLOSED] = "",
    };
    return waits[wait];
}

static void on_timeout(edge_conn_t *conn) {
    relay_connection_t *self = edge_conn_owner(conn);
    if (self->ready && !self->user) {
        relay_idle_leave(self);
        self->ready = false;
        edge_smtp_client_quit(&self->client);
        relay_connection_run(self);
        return;
    }
    if (self->shaking)
        relay_count(RELAY_C_TLS_FAILED, 1);
    if (!self->opened)
        edge_conn_close(conn, EDGE_CLOSE_CONNECT_FAILED);
    else
        relay_connection_lose(self, edge_conn_unsent(conn) > 0 ? "the next hop did not read in time"
                                                               : silence(edge_smtp_client_waits(&self->client)));
}

static void on_drained(edge_conn_t *conn) { relay_body_drained(edge_conn_owner(conn)); }

static void destroy(relay_connection_t *self) {
    if (self->proof)
        relay_proof_forget(self->proof);
    free(self->texts);
    free((char *)(uintptr_t)self->towards.name);
    free(self);
}

static void on_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    relay_connection_t *self = edge_conn_owner(conn);
    (void)conn;
    self->closing = true;
    relay_idle_leave(self);
    if (reason == EDGE_CLOSE_TLS_FAILED)
        relay_count(RELAY_C_TLS_FAILED, 1);
    if (self->user)
        relay_answer_failure(self, reason);
    self->conn = NULL;
    if (!self->pump.queued)
        destroy(self);
}

static const edge_conn_handler_t handler = {.opened = on_opened,
                                            .input = on_input,
                                            .ended = on_ended,
                                            .timeout = on_timeout,
                                            .drained = on_drained,
                                            .closed = on_closed};

/* For its user */

static void keep_texts(relay_connection_t *self, edge_span_t domain, edge_span_t name) {
    self->texts = malloc(domain.len + name.len + 1);
    EDGE_ASSERT(self->texts != NULL);
    if (domain.len > 0)
        memcpy(self->texts, domain.at, domain.len);
    memcpy(self->texts + domain.len, name.at, name.len);
    self->domain = edge_span(self->texts, domain.len);
    self->name = edge_span(self->texts + domain.len, name.len);
}

static void pump(edge_chore_t *chore, edge_worker_t *worker) {
    relay_connection_t *self = EDGE_CONTAINER(chore, relay_connection_t, pump);
    (void)worker;
    if (!self->conn) {
        destroy(self);
    } else if (self->begin && !self->closing && self->ready && self->user) {
        relay_body_give(self);
        relay_connection_run(self);
    } else {
        relay_body_go_on(self);
    }
}

static void connect_to(relay_connection_t *self, const relay_target_t *to, const edge_transport_t *transport) {
    const relay_conf_t *conf = self->smtp->conf;
    edge_conn_target_t target = {.address = to->address,
                                 .port = to->port,
                                 .path = to->path,
                                 .local = conf->local_address.at ? &conf->local : NULL};
    self->conn = edge_conn_connect(self->worker, &target, transport, &self->towards, &handler, self);
    relay_connection_deadline(self, conf->times.connect);
    relay_count(RELAY_C_CONNECTIONS, 1);
}

static relay_connection_t *make(const relay_connect_t *how) {
    relay_connection_t *self = calloc(1, sizeof(*self));
    EDGE_ASSERT(self != NULL);
    self->worker = how->worker;
    self->relay = how->relay;
    self->smtp = how->smtp;
    self->pump.run = pump;
    keep_texts(self, how->domain, how->target->name);
    return self;
}

static void give(relay_connection_t *self, const relay_user_t *user, void *owner, edge_delivery_t *delivery) {
    self->user = user;
    self->owner = owner;
    self->delivery = delivery;
}

relay_connection_t *relay_connection_open(const relay_connect_t *how, const relay_user_t *user, void *owner,
                                          edge_delivery_t *delivery) {
    relay_connection_t *self = make(how);
    give(self, user, owner, delivery);
    self->rules = (edge_smtp_client_rules_t){
        .hello = how->smtp->hello.len > 0 ? how->smtp->hello : how->relay->server_name, .lmtp = how->smtp->lmtp};
    const edge_transport_t *transport = relay_secure_transport(self, how);
    relay_secure_user(self, how->target);
    edge_smtp_client_start(&self->client, &self->rules);
    connect_to(self, how->target, transport);
    return self;
}

relay_connection_t *relay_connection_reuse(edge_worker_t *worker, const edge_relay_t *relay, edge_span_t domain,
                                           const relay_user_t *user, void *owner, edge_delivery_t *delivery) {
    relay_connection_t *self = relay_idle_take(worker, relay, domain);
    if (!self)
        return NULL;
    give(self, user, owner, delivery);
    self->begin = true;
    relay_count(RELAY_C_REUSED, 1);
    relay_connection_deadline(self, self->smtp->conf->times.command);
    edge_worker_post(worker, &self->pump);
    return self;
}

void relay_connection_abandon(relay_connection_t *self) {
    relay_answer_forget(self);
    self->closing = true;
    edge_conn_close(self->conn, EDGE_CLOSE_DRAIN);
}
