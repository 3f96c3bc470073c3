/* What came of a message, or of the connection that had it, for its user. */
#include <apr_strings.h>

#include "smtp_connection.h"

static edge_reply_t keep_reply(const relay_connection_t *self, const edge_reply_t *reply) {
    edge_reply_t kept = *reply;
    kept.text = edge_span_copy(self->delivery->pool, reply->text);
    return kept;
}

static edge_span_t remote_of(const relay_connection_t *self, bool own) {
    return own ? EDGE_NO_SPAN : edge_span_copy(self->delivery->pool, self->name);
}

void relay_answer_take(relay_connection_t *self, const edge_smtp_client_action_t *action) {
    edge_relay_result_t *result = &self->delivery->results[action->index];
    result->outcome = action->outcome;
    result->blame = self->spoilt ? EDGE_RELAY_MESSAGE : action->blame;
    result->reply = keep_reply(self, &action->reply);
    result->remote = remote_of(self, action->own);
    result->of_itself = action->reply.code == 421;
    result->relayed_without = action->outcome == EDGE_RELAY_DONE && action->without_dsn;
}

void relay_answer_forget(relay_connection_t *self) {
    self->user = NULL;
    self->delivery = NULL;
    self->convert = NULL;
    self->surveying = self->streaming = self->unkept = false;
}

/* The user is told last, since it may begin the next delivery or free the pool. */
void relay_answer_let_go(relay_connection_t *self) {
    const relay_user_t *user = self->user;
    void *owner = self->owner;
    EDGE_ASSERT(user != NULL);
    void (*tell)(void *owner) = self->unkept ? user->unkept : user->done;
    relay_answer_forget(self);
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

void relay_answer_useless(relay_connection_t *self, const edge_reply_t *reply, bool own, bool tls) {
    const relay_user_t *user = self->user;
    void *owner = self->owner;
    edge_relay_result_t why = relay_result_own(EDGE_RELAY_DEFERRED, self->spoilt ? EDGE_RELAY_MESSAGE : EDGE_RELAY_HOST,
                                               451, 4, 2, EDGE_NO_SPAN);
    why.reply = keep_reply(self, reply);
    why.remote = remote_of(self, own);
    why.of_itself = true;
    if (edge_reply_class(reply) != 4)
        why.reply = relay_result_own(EDGE_RELAY_DEFERRED, EDGE_RELAY_HOST, 451, 4, 0, whole_reply(self, reply)).reply;
    relay_answer_forget(self);
    user->useless(owner, &why, tls);
}

/* The end of the connection */

/* 4.7.5: "cryptographic failure" (RFC 3463). */
static void tell_handshake(relay_connection_t *self) {
    edge_reply_t reply = {.code = 451, .subject = 7, .detail = 5, .literal = true};
    reply.text = edge_span_of(apr_psprintf(self->delivery->pool, "%.*s: the TLS handshake failed: %s",
                                           (int)self->name.len, self->name.at, self->towards.why));
    relay_answer_useless(self, &reply, true, true);
}

static void failure_text(const relay_connection_t *self, char *text, size_t size) {
    apr_status_t trouble = edge_conn_trouble(self->conn);
    const char *lost = self->opened    ? "the connection was lost"
                       : self->shaking ? "no connection under TLS was made in time"
                                       : "no connection was made in time";
    if (trouble != APR_SUCCESS)
        apr_strerror(trouble, text, size);
    else
        apr_cpystrn(text, lost, size);
}

static void tell_unreachable(relay_connection_t *self, const char *text) {
    edge_reply_t reply = {.code = 451, .subject = 4, .detail = 1, .literal = true};
    reply.text = edge_span_of(apr_psprintf(self->delivery->pool, "%.*s: %s", (int)self->name.len, self->name.at, text));
    relay_answer_useless(self, &reply, true, false);
}

/* The machine knows whether anything was answered. */
static void tell_lost(relay_connection_t *self, const char *text) {
    edge_smtp_client_action_t action;
    edge_smtp_client_lost(&self->client, edge_span_of(text));
    while (edge_smtp_client_next(&self->client, &action))
        if (action.kind == EDGE_SMTP_CLIENT_RESULT)
            relay_answer_take(self, &action);
        else if (action.kind == EDGE_SMTP_CLIENT_CLOSE && action.unheard)
            relay_answer_useless(self, &action.reply, action.own, false);
    if (self->user)
        relay_answer_let_go(self);
}

void relay_answer_failure(relay_connection_t *self, edge_close_reason_t reason) {
    char text[160];
    failure_text(self, text, sizeof(text));
    if (reason == EDGE_CLOSE_TLS_FAILED)
        tell_handshake(self);
    else if (reason == EDGE_CLOSE_CONNECT_FAILED)
        tell_unreachable(self, text);
    else
        tell_lost(self, text);
}
