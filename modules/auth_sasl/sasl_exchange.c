/* One AUTH of one session: its steps, its answers, its end. */
#include <stdlib.h>

#include "auth_sasl.h"
#include "edge_codec.h"

static void end(edge_auth_exchange_t *exchange) {
    if (exchange->mechanism->end)
        exchange->mechanism->end(exchange);
    edge_password_forget(exchange->name);
    edge_password_forget(exchange->authzid);
    edge_password_forget(exchange->password);
    EDGE_OBJ_CLEAR(exchange);
    free(exchange);
}

/* Answers. A challenge may bring the next step before `answered` has returned; the others end the exchange. */

void sasl_challenge(edge_auth_exchange_t *exchange, edge_span_t text) {
    size_t size = EDGE_BASE64_SIZE(text.len);
    char *base64 = malloc(size + 1);
    if (!base64) {
        sasl_refuse(exchange, EDGE_R_AUTH_TROUBLE);
        return;
    }
    edge_base64_encode(text, base64, size);
    base64[size] = '\0';
    sasl_challenge_encoded(exchange, edge_span(base64, size));
    edge_password_forget(base64);
}

void sasl_challenge_encoded(edge_auth_exchange_t *exchange, edge_span_t base64) {
    edge_auth_answer_t answer = {.kind = EDGE_AUTH_CHALLENGE, .challenge = base64};
    exchange->challenges++;
    exchange->answered(exchange->session, &answer);
}

static void fail(edge_auth_exchange_t *exchange, edge_reply_t reply, bool wrong) {
    edge_auth_answer_t answer = {.kind = EDGE_AUTH_FAILED,
                                 .identity = edge_span_of(exchange->name),
                                 .tried = edge_span_of(exchange->name),
                                 .reply = reply,
                                 .wrong = wrong};
    edge_log_about_t about = {exchange->session->id, NULL};
    EDGE_LOG_ABOUT(&sasl_log, EDGE_LOG_DEBUG, 850, &about, APR_SUCCESS, "AUTH %s is answered %u",
                   exchange->mechanism->name, answer.reply.code);
    exchange->answered(exchange->session, &answer);
    end(exchange);
}

void sasl_fail_with(edge_auth_exchange_t *exchange, const edge_reply_t *reply, bool wrong) {
    if (!wrong)
        sasl_count(SASL_C_MALFORMED);
    fail(exchange, reply ? *reply : edge_reply_of(EDGE_R_AUTH_FAILED), wrong);
}

void sasl_fail(edge_auth_exchange_t *exchange) { sasl_fail_with(exchange, NULL, true); }

/* The usual reply with the store's text. */
static edge_reply_t reply_with(edge_reply_row_t row, edge_span_t enhanced, edge_span_t message) {
    edge_reply_t reply = edge_reply_of(row);
    if (message.at)
        edge_reply_set(&reply, reply.code, enhanced, message);
    return reply;
}

void sasl_refuse(edge_auth_exchange_t *exchange, edge_reply_row_t row) {
    if (row != EDGE_R_AUTH_TROUBLE)
        sasl_count(SASL_C_MALFORMED);
    fail(exchange, edge_reply_of(row), false);
}

/* Only who may act as itself is known to any store so far, under its name or the store's spelling of it. */
static bool may_act_as(const edge_auth_exchange_t *exchange, edge_span_t identity) {
    edge_span_t wanted = edge_span_of(exchange->authzid);
    return !wanted.at || edge_span_equal(wanted, edge_span_of(exchange->name)) || edge_span_equal(wanted, identity);
}

void sasl_succeed_with(edge_auth_exchange_t *exchange, edge_span_t identity, const edge_reply_t *reply) {
    if (!may_act_as(exchange, identity)) {
        sasl_fail(exchange);
        return;
    }
    edge_auth_answer_t answer = {.kind = EDGE_AUTH_DONE,
                                 .identity = identity,
                                 .tried = edge_span_of(exchange->name),
                                 .reply = reply ? *reply : edge_reply_of(EDGE_R_AUTH_OK),
                                 .certain = exchange->mechanism->needs & SASL_HAS_CERTIFICATE};
    exchange->answered(exchange->session, &answer);
    end(exchange);
}

void sasl_succeed(edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer) {
    edge_reply_t reply = reply_with(EDGE_R_AUTH_OK, edge_span_of("2.7.0"), answer->message);
    sasl_succeed_with(exchange, answer->identity, &reply);
}

/* What mechanisms have in common */

bool sasl_take_names(edge_auth_exchange_t *exchange, edge_span_t name, edge_span_t authzid) {
    exchange->name = sasl_prepare(name);
    if (authzid.len > 0)
        exchange->authzid = sasl_prepare(authzid);
    return exchange->name && (authzid.len == 0 || exchange->authzid);
}

static void found(sasl_lookup_t *lookup, const edge_credentials_answer_t *answer) {
    edge_auth_exchange_t *exchange = EDGE_CONTAINER(lookup, edge_auth_exchange_t, lookup);
    EDGE_OBJ_CHECK(exchange, SASL_EXCHANGE_MAGIC);
    if (answer->result == EDGE_CREDENTIALS_BUSY || answer->result == EDGE_CREDENTIALS_TROUBLE) {
        sasl_count(answer->result == EDGE_CREDENTIALS_BUSY ? SASL_C_BUSY : SASL_C_TROUBLE);
        sasl_refuse(exchange, EDGE_R_AUTH_TROUBLE);
        return;
    }
    exchange->found(exchange, answer);
}

void sasl_ask(edge_auth_exchange_t *exchange,
              void (*then)(edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer)) {
    exchange->found = then;
    exchange->lookup.found = found;
    exchange->lookup.query.want = exchange->mechanism->want;
    exchange->lookup.query.user = edge_span_of(exchange->name);
    exchange->lookup.query.password = edge_span_of(exchange->password);
    exchange->lookup.query.mechanism = exchange->mechanism->name;
    exchange->lookup.query.authzid = edge_span_of(exchange->authzid);
    sasl_lookup_start(&exchange->lookup, exchange->settings);
}

static void verified(edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer) {
    if (answer->result == EDGE_CREDENTIALS_GOOD) {
        sasl_succeed(exchange, answer);
        return;
    }
    edge_reply_t reply = reply_with(EDGE_R_AUTH_FAILED, edge_span_of("5.7.8"), answer->message);
    sasl_fail_with(exchange, &reply, true);
}

/* A password that cannot be prepared is nobody's; the text tells nothing about the user. */
void sasl_verify(edge_auth_exchange_t *exchange, edge_span_t password) {
    exchange->password = sasl_prepare(password);
    if (exchange->password)
        sasl_ask(exchange, verified);
    else
        sasl_fail(exchange);
}

/* The provider's calls */

static const sasl_mechanism_t *find_own(const sasl_settings_t *settings, unsigned has, edge_span_t name) {
    for (unsigned i = 0; i < settings->own_count; i++) {
        const sasl_mechanism_t *row = &settings->own[i].row;
        if ((row->needs & ~has) == 0 && edge_span_equal_nocase(name, edge_span_of(row->name)))
            return row;
    }
    return NULL;
}

static const sasl_mechanism_t *find(const sasl_settings_t *settings, unsigned has, edge_span_t name) {
    for (unsigned i = 0; sasl_mechanisms[i]; i++) {
        const sasl_mechanism_t *row = sasl_mechanisms[i];
        bool offered = (settings->mechanisms & (1u << i)) && (row->needs & ~has) == 0;
        if (offered && edge_span_equal_nocase(name, edge_span_of(row->name)))
            return row;
    }
    return find_own(settings, has, name);
}

edge_span_t sasl_offered(const edge_auth_listener_t *listener, const edge_session_t *session) {
    const sasl_settings_t *settings = listener->settings;
    return settings->offered[sasl_settings_has(settings, session)];
}

edge_auth_exchange_t *sasl_begin(const edge_auth_listener_t *listener, edge_session_t *session, edge_span_t mechanism,
                                 edge_auth_answered_fn *answered) {
    const sasl_settings_t *settings = listener->settings;
    const sasl_mechanism_t *row = find(settings, sasl_settings_has(settings, session), mechanism);
    edge_auth_exchange_t *exchange = row ? calloc(1, sizeof(*exchange)) : NULL;
    if (!exchange)
        return NULL;
    EDGE_OBJ_INIT(exchange, SASL_EXCHANGE_MAGIC);
    exchange->settings = settings;
    exchange->mechanism = row;
    exchange->session = session;
    exchange->answered = answered;
    return exchange;
}

/* The exchange may be gone when its mechanism has responded; what was decoded is wiped here. */
static void respond(edge_auth_exchange_t *exchange, edge_span_t response, bool initial) {
    size_t size = response.len / 4 * 3 + 1, len;
    char *message = malloc(size);
    if (!message)
        sasl_refuse(exchange, EDGE_R_AUTH_TROUBLE);
    else if (!edge_sasl_text_decode(response, initial, message, size, &len))
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_BASE64);
    else
        exchange->mechanism->respond(exchange, edge_span(message, len));
    edge_password_wipe(message, message ? size : 0);
    free(message);
}

void sasl_step(edge_auth_exchange_t *exchange, edge_span_t response) {
    EDGE_OBJ_CHECK(exchange, SASL_EXCHANGE_MAGIC);
    EDGE_ASSERT(!exchange->lookup.open);
    bool initial = !exchange->stepped;
    exchange->stepped = true;
    if (exchange->mechanism->take)
        exchange->mechanism->take(exchange, response);
    else if (response.at)
        respond(exchange, response, initial);
    else if (!initial)
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_BASE64);
    else if (exchange->mechanism->start)
        exchange->mechanism->start(exchange);
    else
        sasl_challenge(exchange, (edge_span_t)EDGE_SPAN(""));
}

void sasl_cancel(edge_auth_exchange_t *exchange) {
    EDGE_OBJ_CHECK(exchange, SASL_EXCHANGE_MAGIC);
    sasl_count(SASL_C_CANCELED);
    sasl_lookup_cancel(&exchange->lookup);
    end(exchange);
}
