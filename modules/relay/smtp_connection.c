/* A connection to a next hop: the client's machine between socket and source, and those that wait for more work. */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>

#include "edge_codec.h"
#include "relay_convert.h"
#include "relay_log.h"
#include "relay_smtp.h"
#include "smtp_proof.h"

#define FLIGHT ((size_t)65536)            /* octets that wait for the peer before the source is asked for more */
#define TURN_BYTES ((size_t)(256 * 1024)) /* written before others have their turn */

struct relay_connection {
    edge_conn_t *conn;
    edge_smtp_client_t client;
    edge_smtp_client_rules_t rules;
    edge_smtp_client_message_t message;
    edge_worker_t *worker;
    const edge_relay_t *relay;
    const relay_smtp_t *smtp;
    edge_span_t domain, name; /* by malloc, in `texts` */
    char *texts;
    edge_tls_towards_t towards; /* its name by malloc */
    relay_proof_t *proof;       /* of the password, while it is computed */
    char nonce[EDGE_SCRAM_CLIENT_NONCE_MOST];
    uint8_t binding[EDGE_TLS_EXPORTER_SIZE];
    const relay_user_t *user; /* NULL: it is nobody's */
    void *owner;
    edge_delivery_t *delivery;
    edge_source_t *source;    /* of the delivery, or what is made of it for this next hop */
    relay_convert_t *convert; /* NULL: nothing is made of it */
    edge_smtp_stuff_t stuff;
    uint64_t sent;
    bool opened;    /* there is a connection, under TLS where it begins with that */
    bool ready;     /* for a message */
    bool given;     /* the machine has one */
    bool unkept;    /* and it needs REQUIRETLS, which is not kept here */
    bool begin;     /* it is given one in a moment */
    bool surveying; /* it is read, to learn what may be made of it */
    bool streaming; /* the message's bytes go */
    bool stuffed, blocked, closing;
    bool tls_begun; /* by STARTTLS */
    bool shaking;   /* hands, for TLS */
    bool spoilt;    /* the source, not the host, is in trouble */
    edge_chore_t pump;
    relay_connection_t *next, **link; /* among those that wait for work */
};

/* Those that wait */

typedef struct idle {
    relay_connection_t *first;
} idle_t;

static unsigned seat;
static pthread_once_t seat_once = PTHREAD_ONCE_INIT;
static void take_seat(void) { seat = edge_worker_new_seat(); }

apr_status_t relay_smtp_worker_start(edge_worker_t *worker) {
    pthread_once(&seat_once, take_seat);
    idle_t *idle = calloc(1, sizeof(*idle));
    if (!idle)
        return APR_ENOMEM;
    edge_worker_set_seat(worker, seat, idle);
    return APR_SUCCESS;
}

/* All connections of the worker are closed by then. */
void relay_smtp_worker_stop(edge_worker_t *worker) {
    idle_t *idle = edge_worker_seat(worker, seat);
    EDGE_ASSERT(!idle || !idle->first);
    free(idle);
    edge_worker_set_seat(worker, seat, NULL);
}

static void wait_for_work(relay_connection_t *self) {
    idle_t *idle = edge_worker_seat(self->worker, seat);
    self->next = idle->first;
    if (self->next)
        self->next->link = &self->next;
    self->link = &idle->first;
    idle->first = self;
}

static void leave_idle(relay_connection_t *self) {
    if (!self->link)
        return;
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    self->link = NULL;
    self->next = NULL;
}

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

static void set_deadline(relay_connection_t *self, edge_mono_t time) {
    edge_conn_deadline(self->conn, edge_worker_clock(self->worker).mono + time);
}

/* Results */

static edge_reply_t keep_reply(const relay_connection_t *self, const edge_reply_t *reply) {
    edge_reply_t kept = *reply;
    kept.text = edge_span_copy(self->delivery->pool, reply->text);
    return kept;
}

static edge_span_t remote_of(const relay_connection_t *self, bool own) {
    return own ? EDGE_NO_SPAN : edge_span_copy(self->delivery->pool, self->name);
}

static void take_result(relay_connection_t *self, const edge_smtp_client_action_t *action) {
    edge_relay_result_t *result = &self->delivery->results[action->index];
    result->outcome = action->outcome;
    result->blame = self->spoilt ? EDGE_RELAY_MESSAGE : action->blame;
    result->reply = keep_reply(self, &action->reply);
    result->remote = remote_of(self, action->own);
    result->of_itself = action->reply.code == 421;
    result->relayed_without = action->outcome == EDGE_RELAY_DONE && action->without_dsn;
}

static void forget_delivery(relay_connection_t *self) {
    self->user = NULL;
    self->delivery = NULL;
    self->convert = NULL;
    self->surveying = self->streaming = self->unkept = false;
}

/* It is nobody's from here on; the user is told last, since it may begin the next delivery or free the pool. */
static void let_go(relay_connection_t *self) {
    const relay_user_t *user = self->user;
    void *owner = self->owner;
    EDGE_ASSERT(user != NULL);
    void (*tell)(void *owner) = self->unkept ? user->unkept : user->done;
    forget_delivery(self);
    tell(owner);
}

/* As it came, for a text of ours. */
static edge_span_t whole_reply(const relay_connection_t *self, const edge_reply_t *reply) {
    char enhanced[32] = "";
    if (reply->subject != EDGE_NO_ENHANCED)
        apr_snprintf(enhanced, sizeof(enhanced), "%u.%u.%u ", reply->code / 100u, reply->subject, reply->detail);
    return edge_span_of(apr_psprintf(self->delivery->pool, "%u %s%.*s", reply->code, enhanced, (int)reply->text.len,
                                     reply->text.len > 0 ? reply->text.at : ""));
}

/* Whatever it said before a message is no word on that message: 5xx too means "not this way, not now". */
static void be_useless(relay_connection_t *self, const edge_reply_t *reply, bool own, bool tls) {
    const relay_user_t *user = self->user;
    void *owner = self->owner;
    edge_relay_result_t why = relay_result_own(EDGE_RELAY_DEFERRED, self->spoilt ? EDGE_RELAY_MESSAGE : EDGE_RELAY_HOST,
                                               451, 4, 2, EDGE_NO_SPAN);
    why.reply = keep_reply(self, reply);
    why.remote = remote_of(self, own);
    why.of_itself = true;
    if (edge_reply_class(reply) != 4)
        why.reply = relay_result_own(EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 4, 0, whole_reply(self, reply)).reply;
    forget_delivery(self);
    user->useless(owner, &why, tls);
}

/* The message's bytes */

static void run(relay_connection_t *self);

static void lose(relay_connection_t *self, const char *why) {
    edge_smtp_client_lost(&self->client, edge_span_of(why));
    run(self);
}

static void end_stream(relay_connection_t *self) {
    self->streaming = false;
    if (self->stuffed) {
        edge_conn_write(self->conn, edge_smtp_stuff_end(&self->stuff));
    } else if (self->sent != self->message.size) {
        self->spoilt = true;
        lose(self, "the spool's record of this message has another length");
        return;
    }
    edge_smtp_client_sent(&self->client);
    run(self);
}

static size_t write_bytes(relay_connection_t *self, edge_span_t bytes) {
    edge_span_t rest = bytes, span;
    if (!self->stuffed) {
        edge_conn_write(self->conn, bytes);
        return bytes.len;
    }
    while (edge_smtp_stuff_next(&self->stuff, &rest, &span))
        edge_conn_write(self->conn, span);
    return bytes.len;
}

/* False: the peer is to be waited for. */
static bool may_write(relay_connection_t *self) {
    if (edge_conn_unsent(self->conn) < FLIGHT)
        return true;
    edge_conn_flush(self->conn);
    self->blocked = edge_conn_unsent(self->conn) > 0;
    return !self->blocked;
}

static void stream(relay_connection_t *self) {
    edge_source_t *source = self->source;
    size_t written = 0;
    while (self->streaming && may_write(self)) {
        edge_span_t bytes;
        if (written >= TURN_BYTES) {
            edge_worker_post(self->worker, &self->pump);
            return;
        }
        switch (edge_source_look(source, &bytes)) {
        case EDGE_SOURCE_BYTES:
            bytes.len = bytes.len < FLIGHT ? bytes.len : FLIGHT;
            written += write_bytes(self, bytes);
            self->sent += bytes.len;
            edge_source_eat(source, bytes.len);
            set_deadline(self, self->smtp->conf->times.data);
            break;
        case EDGE_SOURCE_WAIT: return;
        case EDGE_SOURCE_END: end_stream(self); return;
        case EDGE_SOURCE_BROKEN:
            self->streaming = false;
            self->spoilt = true;
            lose(self, "the spool cannot read this message");
            return;
        }
    }
}

static void give_message(relay_connection_t *self);
static void survey(relay_connection_t *self);

static void destroy(relay_connection_t *self) {
    if (self->proof)
        relay_proof_forget(self->proof);
    free(self->texts);
    free((char *)(uintptr_t)self->towards.name);
    free(self);
}

static void source_ready(void *owner) {
    relay_connection_t *self = owner;
    if (self->streaming)
        stream(self);
    else if (self->surveying)
        survey(self);
}

static void pump(edge_chore_t *chore, edge_worker_t *worker) {
    relay_connection_t *self = EDGE_CONTAINER(chore, relay_connection_t, pump);
    (void)worker;
    if (!self->conn) {
        destroy(self);
    } else if (self->begin && !self->closing && self->ready && self->user) {
        give_message(self);
        run(self);
    } else if (self->streaming) {
        stream(self);
    } else if (self->surveying) {
        survey(self);
    }
}

static void begin_stream(relay_connection_t *self, bool stuffed) {
    self->streaming = true;
    self->stuffed = stuffed;
    self->blocked = false;
    self->sent = 0;
    self->stuff = (edge_smtp_stuff_t){0};
    self->source->ready = source_ready;
    self->source->owner = self;
    /* In a turn of its own: the machine is in the middle of its actions. */
    edge_worker_post(self->worker, &self->pump);
}

/* The machine */

/* What is said when a message needs more than the next hop offers. */
static edge_span_t unfit(const relay_connection_t *self) {
    const char *why = self->convert ? self->convert->why : NULL;
    const char *text =
        why ? apr_psprintf(self->delivery->pool, "the next hop does not take its content, and %s", why) : NULL;
    return edge_span_of(text);
}

static void send_message(relay_connection_t *self) {
    edge_delivery_t *delivery = self->delivery;
    self->ready = false;
    self->given = true;
    self->source = self->convert ? &self->convert->source : delivery->source;
    self->message =
        (edge_smtp_client_message_t){.envelope = delivery->envelope,
                                     .recipients = delivery->recipients,
                                     .count = delivery->count,
                                     .needs = self->convert ? self->convert->needs : delivery->envelope->needs,
                                     .all_or_none = delivery->all_or_none,
                                     .ask_only = !self->source,
                                     .unfit = unfit(self),
                                     .size = self->source ? self->source->size : UINT64_MAX};
    self->message.marks = apr_pcalloc(delivery->pool, delivery->count);
    self->unkept = edge_smtp_client_lacks(&self->client, self->message.needs & EDGE_CARRIES_REQUIRETLS) != 0;
    relay_count(RELAY_C_CONVERTED, self->convert && self->convert->converts);
    edge_smtp_client_send(&self->client, &self->message);
}

static void survey(relay_connection_t *self) {
    switch (relay_convert_survey(self->convert)) {
    case RELAY_SURVEY_MORE: edge_worker_post(self->worker, &self->pump); return;
    case RELAY_SURVEY_WAIT: return;
    case RELAY_SURVEY_BROKEN:
        self->spoilt = true;
        lose(self, "the spool cannot read this message");
        return;
    case RELAY_SURVEY_OVER: break;
    }
    self->surveying = false;
    send_message(self);
    run(self);
}

#define CONVERTED (EDGE_CARRIES_8BITMIME | EDGE_CARRIES_BINARYMIME | EDGE_CARRIES_SMTPUTF8)

/* A next hop that offers all that it needs gets it as it is. */
static void give_message(relay_connection_t *self) {
    edge_delivery_t *delivery = self->delivery;
    uint32_t lacks = edge_smtp_client_lacks(&self->client, CONVERTED);
    self->spoilt = self->begin = false;
    if (!delivery->source || (delivery->envelope->needs & lacks) == 0) {
        send_message(self);
        return;
    }
    self->convert = relay_convert_make(delivery, lacks);
    self->surveying = true;
    delivery->source->ready = source_ready;
    delivery->source->owner = self;
    edge_worker_post(self->worker, &self->pump);
}

static void on_ready(relay_connection_t *self) {
    self->ready = true;
    if (self->given) {
        self->given = false;
        let_go(self);
    }
    if (self->user)
        give_message(self);
    else if (!self->closing)
        wait_for_work(self);
}

static void on_close(relay_connection_t *self, const edge_smtp_client_action_t *action) {
    self->closing = true;
    leave_idle(self);
    if (self->user && action->unheard)
        be_useless(self, &action->reply, action->own, self->shaking);
    else if (self->user)
        let_go(self);
    edge_conn_close(self->conn, action->goodbye ? EDGE_CLOSE_QUIT : EDGE_CLOSE_PEER_CLOSED);
}

static void start_tls(relay_connection_t *self) {
    self->tls_begun = self->shaking = true;
    edge_conn_set_transport(self->conn, self->smtp->tls->hop_transport, &self->towards);
}

/* The handshake is done. */
static void be_secured(relay_connection_t *self) {
    edge_tls_facts_t facts;
    self->shaking = false;
    self->smtp->tls->facts(edge_conn_transport_state(self->conn), &facts);
    relay_count(RELAY_C_ENCRYPTED, 1);
    relay_count(RELAY_C_VERIFIED, facts.verified);
    relay_log_encrypted(self->relay->name, self->name, &facts);
    self->rules.verified = facts.verified;
    if (self->smtp->tls->exporter(edge_conn_transport_state(self->conn), self->binding))
        self->rules.binding = edge_span((const char *)self->binding, sizeof(self->binding));
    if (self->tls_begun)
        edge_smtp_client_secured(&self->client);
}

static void proved(relay_proof_t *proof) {
    relay_connection_t *self = proof->owner;
    self->proof = NULL;
    if (self->closing)
        return;
    if (!proof->good) {
        lose(self, "the password cannot be proved");
        return;
    }
    edge_smtp_client_proved(&self->client, proof->proof, proof->signature);
    run(self);
}

static void prove(relay_connection_t *self, const edge_scram_client_t *scram) {
    self->proof = relay_proof_begin(relay_readers(), self->worker, scram, self->smtp->password, proved, self);
    if (!self->proof)
        edge_smtp_client_lost(&self->client, edge_span_of("the password cannot be proved"));
}

static void act(relay_connection_t *self, const edge_smtp_client_action_t *action) {
    switch (action->kind) {
    case EDGE_SMTP_CLIENT_WRITE: edge_conn_write(self->conn, action->bytes); break;
    case EDGE_SMTP_CLIENT_START_TLS: start_tls(self); break;
    case EDGE_SMTP_CLIENT_PROVE: prove(self, action->scram); break;
    case EDGE_SMTP_CLIENT_READY: on_ready(self); break;
    case EDGE_SMTP_CLIENT_BODY: begin_stream(self, action->stuffed); break;
    case EDGE_SMTP_CLIENT_RESULT: take_result(self, action); break;
    case EDGE_SMTP_CLIENT_CLOSE: on_close(self, action); break;
    }
}

static void act_all(relay_connection_t *self) {
    edge_smtp_client_action_t action;
    while (edge_smtp_client_next(&self->client, &action))
        act(self, &action);
}

static void run(relay_connection_t *self) {
    act_all(self);
    if (!self->closing)
        set_deadline(self, patience(self));
}

/* What the connection tells */

static void on_opened(edge_conn_t *conn) {
    relay_connection_t *self = edge_conn_owner(conn);
    self->opened = true;
    if (self->shaking)
        be_secured(self);
    run(self);
}

/* A part of an answer is no answer: who dribbles one has no more time than who is silent. */
static size_t on_input(edge_conn_t *conn, edge_span_t bytes) {
    relay_connection_t *self = edge_conn_owner(conn);
    unsigned answers = edge_smtp_client_answers(&self->client);
    edge_smtp_client_input(&self->client, bytes);
    act_all(self);
    if (!self->closing && edge_smtp_client_answers(&self->client) != answers)
        set_deadline(self, patience(self));
    size_t eaten = edge_smtp_client_eaten(&self->client);
    return self->closing ? bytes.len : eaten;
}

static void on_ended(edge_conn_t *conn) { lose(edge_conn_owner(conn), "the next hop closed the connection"); }

static void on_timeout(edge_conn_t *conn) {
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
    relay_connection_t *self = edge_conn_owner(conn);
    if (self->ready && !self->user) {
        leave_idle(self);
        self->ready = false;
        edge_smtp_client_quit(&self->client);
        run(self);
        return;
    }
    if (self->shaking)
        relay_count(RELAY_C_TLS_FAILED, 1);
    if (!self->opened) {
        edge_conn_close(conn, EDGE_CLOSE_CONNECT_FAILED);
        return;
    }
    lose(self, edge_conn_unsent(conn) > 0 ? "the next hop did not read in time"
                                          : waits[edge_smtp_client_waits(&self->client)]);
}

static void on_drained(edge_conn_t *conn) {
    relay_connection_t *self = edge_conn_owner(conn);
    if (self->streaming && self->blocked) {
        self->blocked = false;
        stream(self);
    }
}

/* 4.7.5: "cryptographic failure" (RFC 3463). */
static void tell_handshake(relay_connection_t *self) {
    edge_reply_t reply = {.code = 451, .subject = 7, .detail = 5, .literal = true};
    reply.text = edge_span_of(apr_psprintf(self->delivery->pool, "%.*s: the TLS handshake failed: %s",
                                           (int)self->name.len, self->name.at, self->towards.why));
    be_useless(self, &reply, true, true);
}

static void tell_failure(relay_connection_t *self, edge_close_reason_t reason) {
    char text[160] = "the connection was lost";
    apr_status_t trouble = edge_conn_trouble(self->conn);
    if (reason == EDGE_CLOSE_TLS_FAILED) {
        tell_handshake(self);
        return;
    }
    if (trouble != APR_SUCCESS)
        apr_strerror(trouble, text, sizeof(text));
    else if (!self->opened)
        apr_cpystrn(text, self->shaking ? "no connection under TLS was made in time" : "no connection was made in time",
                    sizeof(text));
    edge_reply_t reply = {
        .code = 451, .subject = 4, .detail = reason == EDGE_CLOSE_CONNECT_FAILED ? 1 : 2, .literal = true};
    reply.text = edge_span_of(text);
    if (reason == EDGE_CLOSE_CONNECT_FAILED) {
        reply.text =
            edge_span_of(apr_psprintf(self->delivery->pool, "%.*s: %s", (int)self->name.len, self->name.at, text));
        be_useless(self, &reply, true, false);
        return;
    }
    edge_smtp_client_action_t action;
    edge_smtp_client_lost(&self->client, reply.text);
    while (edge_smtp_client_next(&self->client, &action))
        if (action.kind == EDGE_SMTP_CLIENT_RESULT)
            take_result(self, &action);
        else if (action.kind == EDGE_SMTP_CLIENT_CLOSE && action.unheard)
            be_useless(self, &action.reply, action.own, false);
    if (self->user)
        let_go(self);
}

static void on_closed(edge_conn_t *conn, edge_close_reason_t reason) {
    relay_connection_t *self = edge_conn_owner(conn);
    (void)conn;
    self->closing = true;
    leave_idle(self);
    if (reason == EDGE_CLOSE_TLS_FAILED)
        relay_count(RELAY_C_TLS_FAILED, 1);
    if (self->user)
        tell_failure(self, reason);
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

/* Whom the certificate has to name: what was written, the host, or the address when nobody gave it a name. */
static char *expected_name(const relay_conf_t *conf, const relay_target_t *target) {
    char address[EDGE_IPADDR_TEXT];
    edge_span_t name = conf->encrypt_name;
    if (!name.at && target->path)
        return NULL;
    if (!name.at && target->named)
        name = target->name;
    if (!name.at) {
        edge_ipaddr_format(target->address, address);
        name = edge_span_of(address);
    }
    char *copy = strndup(name.at, name.len);
    EDGE_ASSERT(copy != NULL);
    return copy;
}

/* Without random octets there is no SCRAM. */
static void draw_nonce(relay_connection_t *self) {
    unsigned char random[18];
    if (apr_generate_random_bytes(random, sizeof(random)) == APR_SUCCESS)
        self->rules.nonce = edge_span(self->nonce, edge_base64_encode(edge_span((const char *)random, sizeof(random)),
                                                                      self->nonce, sizeof(self->nonce)));
}

/* The password is for our own machine's ears, or for TLS. */
static void authenticate(relay_connection_t *self, const relay_target_t *target) {
    self->rules.user = self->smtp->conf->user;
    self->rules.password = self->smtp->password;
    if (self->rules.user.len > 0)
        draw_nonce(self);
    self->rules.clear_password = target->path || edge_ipaddr_is_loopback(target->address);
}

/* How the connection begins. */
static const edge_transport_t *encrypt(relay_connection_t *self, const relay_connect_t *how) {
    self->rules.tls = relay_encrypt_rule(self->smtp, how->plain);
    if (self->rules.tls == EDGE_SMTP_CLIENT_TLS_NEVER)
        return &edge_transport_plain;
    self->towards.hop = self->smtp->tls_hop;
    self->towards.name = expected_name(self->smtp->conf, how->target);
    self->rules.secure = self->shaking = self->smtp->conf->encrypt_at_once;
    return self->shaking ? self->smtp->tls->hop_transport : &edge_transport_plain;
}

relay_connection_t *relay_connection_open(const relay_connect_t *how, const relay_user_t *user, void *owner,
                                          edge_delivery_t *delivery) {
    const relay_conf_t *conf = how->smtp->conf;
    relay_connection_t *self = calloc(1, sizeof(*self));
    EDGE_ASSERT(self != NULL);
    self->worker = how->worker;
    self->relay = how->relay;
    self->smtp = how->smtp;
    self->user = user;
    self->owner = owner;
    self->delivery = delivery;
    self->pump.run = pump;
    keep_texts(self, how->domain, how->target->name);
    self->rules = (edge_smtp_client_rules_t){
        .hello = how->smtp->hello.len > 0 ? how->smtp->hello : how->relay->server_name, .lmtp = how->smtp->lmtp};
    const edge_transport_t *transport = encrypt(self, how);
    authenticate(self, how->target);
    edge_smtp_client_start(&self->client, &self->rules);
    edge_conn_target_t target = {.address = how->target->address,
                                 .port = how->target->port,
                                 .path = how->target->path,
                                 .local = conf->local_address.at ? &conf->local : NULL};
    self->conn = edge_conn_connect(how->worker, &target, transport, &self->towards, &handler, self);
    set_deadline(self, conf->times.connect);
    relay_count(RELAY_C_CONNECTIONS, 1);
    return self;
}

relay_connection_t *relay_connection_reuse(edge_worker_t *worker, const edge_relay_t *relay, edge_span_t domain,
                                           const relay_user_t *user, void *owner, edge_delivery_t *delivery) {
    idle_t *idle = edge_worker_seat(worker, seat);
    relay_connection_t *self = idle->first;
    while (self && (self->relay != relay || !edge_span_equal(self->domain, domain)))
        self = self->next;
    if (!self)
        return NULL;
    leave_idle(self);
    self->user = user;
    self->owner = owner;
    self->delivery = delivery;
    self->begin = true;
    relay_count(RELAY_C_REUSED, 1);
    set_deadline(self, self->smtp->conf->times.command);
    edge_worker_post(worker, &self->pump);
    return self;
}

void relay_connection_abandon(relay_connection_t *self) {
    forget_delivery(self);
    self->closing = true;
    edge_conn_close(self->conn, EDGE_CLOSE_DRAIN);
}
