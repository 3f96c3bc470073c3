/* A message on a connection: given to the machine, surveyed before that where it may have to be converted, and its bytes. */
#include <apr_strings.h>

#include "smtp_connection.h"

#define FLIGHT ((size_t)65536)            /* octets that wait for the peer before the source is asked for more */
#define TURN_BYTES ((size_t)(256 * 1024)) /* of the message, before others have their turn */

/* Its bytes */

static void break_off(relay_connection_t *self) {
    self->streaming = false;
    self->spoilt = true;
    relay_connection_lose(self, "the spool cannot read this message");
}

static void end_stream(relay_connection_t *self) {
    self->streaming = false;
    if (self->stuffed) {
        edge_conn_write(self->conn, edge_smtp_stuff_end(&self->stuff));
    } else if (self->sent != self->message.size) {
        self->spoilt = true;
        relay_connection_lose(self, "the spool's record of this message has another length");
        return;
    }
    edge_smtp_client_sent(&self->client);
    relay_connection_run(self);
}

static void write_bytes(relay_connection_t *self, edge_span_t bytes) {
    edge_span_t rest, span;
    bytes.len = bytes.len < FLIGHT ? bytes.len : FLIGHT;
    rest = bytes;
    if (!self->stuffed)
        edge_conn_write(self->conn, bytes);
    while (self->stuffed && edge_smtp_stuff_next(&self->stuff, &rest, &span))
        edge_conn_write(self->conn, span);
    self->sent += bytes.len;
    edge_source_eat(self->source, bytes.len);
    relay_connection_deadline(self, self->smtp->conf->times.data);
}

/* False: the peer is to be waited for. */
static bool may_write(relay_connection_t *self) {
    if (edge_conn_unsent(self->conn) < FLIGHT)
        return true;
    edge_conn_flush(self->conn);
    self->blocked = edge_conn_unsent(self->conn) > 0;
    return !self->blocked;
}

/* False: no more for now. */
static bool write_some(relay_connection_t *self) {
    edge_span_t bytes;
    switch (edge_source_look(self->source, &bytes)) {
    case EDGE_SOURCE_BYTES: write_bytes(self, bytes); return true;
    case EDGE_SOURCE_WAIT: break;
    case EDGE_SOURCE_END: end_stream(self); break;
    case EDGE_SOURCE_BROKEN: break_off(self); break;
    }
    return false;
}

static void stream(relay_connection_t *self) {
    uint64_t turn_ends = self->sent + TURN_BYTES;
    while (self->streaming && may_write(self)) {
        if (self->sent >= turn_ends) {
            edge_worker_post(self->worker, &self->pump);
            return;
        }
        if (!write_some(self))
            return;
    }
}

static void source_ready(void *owner) { relay_body_go_on(owner); }

void relay_body_begin(relay_connection_t *self, bool stuffed) {
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

void relay_body_drained(relay_connection_t *self) {
    if (self->streaming && self->blocked) {
        self->blocked = false;
        stream(self);
    }
}

/* Giving it */

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
    case RELAY_SURVEY_BROKEN: break_off(self); return;
    case RELAY_SURVEY_OVER: break;
    }
    self->surveying = false;
    send_message(self);
    relay_connection_run(self);
}

#define CONVERTED (EDGE_CARRIES_8BITMIME | EDGE_CARRIES_BINARYMIME | EDGE_CARRIES_SMTPUTF8)

/* A next hop that offers all that it needs gets it as it is. */
void relay_body_give(relay_connection_t *self) {
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

void relay_body_go_on(relay_connection_t *self) {
    if (self->streaming)
        stream(self);
    else if (self->surveying)
        survey(self);
}
