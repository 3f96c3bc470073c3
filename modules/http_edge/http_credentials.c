/* A request's Authorization goes the way of AUTH, a password's as PLAIN, so that counts, delays and bans are the same. */
#include "http_edge.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "edge_password.h"
#include "edge_secret.h"

/* Behind it the session is as good as its credentials, or there are none. */
static void go_on(http_session_t *s) { s->stage = HTTP_ASKS_EHLO; }

static void refuse(http_session_t *s, edge_reply_row_t row) {
    edge_reply_t reply = edge_reply_of(row);
    http_answer_with_status(s, edge_http_answer_status(EDGE_HTTP_UNAUTHORIZED), &reply, "AUTH");
}

static void forget(http_session_t *s) {
    s->has_digest = false;
    if (s->session.authed)
        edge_session_set_authed(&s->session, EDGE_NO_SPAN);
}

/* What tells the credentials of this request from those of the last one, without keeping them. */
static bool digest_of(edge_span_t authorization, uint8_t digest[32]) {
    unsigned len = 0;
    return HMAC(EVP_sha256(), edge_secret(), EDGE_SECRET_SIZE, (const unsigned char *)authorization.at,
                authorization.len, digest, &len) != NULL &&
           len == 32;
}

static bool is_known(const http_session_t *s, const uint8_t digest[32]) {
    return s->session.authed && s->has_digest && CRYPTO_memcmp(s->digest, digest, 32) == 0;
}

static bool offers_plain(const http_session_t *s) {
    edge_span_t offered = edge_session_mechanisms(&s->session);
    while (offered.len > 0) {
        const char *blank = memchr(offered.at, ' ', offered.len);
        size_t len = blank ? (size_t)(blank - offered.at) : offered.len;
        if (edge_span_equal_nocase(edge_span(offered.at, len), edge_span_of("PLAIN")))
            return true;
        offered = edge_span_after(offered, len + (blank ? 1 : 0));
    }
    return false;
}

/* The answer may come, and the request be gone, before the call returns: so the message stands in memory of its own. */
static void ask_store(http_session_t *s, edge_span_t authorization) {
    edge_span_t plain = edge_http_submit_plain(authorization, s->request->pool);
    char *copy = plain.at ? strndup(plain.at, plain.len) : NULL;
    if (!copy) {
        refuse(s, EDGE_R_AUTH_FAILED);
        return;
    }
    edge_password_wipe((void *)(uintptr_t)plain.at, plain.len);
    s->waiting = true;
    edge_session_auth(&s->session, edge_span_of("PLAIN"), edge_span(copy, plain.len));
    edge_password_wipe(copy, plain.len);
    free(copy);
}

/* Credentials that this connection has shown before need not be asked about again. True: they are those, or there is nothing
 * to tell them by. */
static bool go_on_if_known(http_session_t *s, edge_span_t authorization) {
    uint8_t digest[32] = {0};
    if (digest_of(authorization, digest) && is_known(s, digest)) {
        go_on(s);
        return true;
    }
    forget(s);
    memcpy(s->digest, digest, sizeof(digest));
    return false;
}

static void ask_password(http_session_t *s, edge_span_t authorization) {
    if (!offers_plain(s))
        http_answer_row(s, EDGE_HTTP_NEEDS_TLS);
    else if (!go_on_if_known(s, authorization))
        ask_store(s, authorization);
}

/* Tokens */

/* The peer is told none of it. */
static void log_token(const http_session_t *s, const edge_token_facts_t *facts, const char *why) {
    edge_log_about_t about = {s->session.id, NULL};
    EDGE_LOG_ABOUT(&http_log, EDGE_LOG_NOTICE, 651, &about, APR_SUCCESS, "token %s is refused: %s", facts->name, why);
}

/* The name of an unknown token is nobody's: failures are counted for the address alone. What is known cannot be guessed. */
static void tell_of_token(http_session_t *s, bool good, const edge_token_facts_t *facts) {
    edge_auth_answer_t answer = {.kind = EDGE_AUTH_FAILED, .reply = edge_reply_of(EDGE_R_AUTH_FAILED), .wrong = true};
    if (good)
        answer = (edge_auth_answer_t){.kind = EDGE_AUTH_DONE,
                                      .identity = edge_span_of(facts->name),
                                      .reply = edge_reply_of(EDGE_R_AUTH_OK),
                                      .certain = true};
    s->waiting = true;
    edge_session_auth_told(&s->session, edge_span_of("BEARER"), &answer);
}

/* A token is looked at in every request: it may have been revoked, or have expired. */
static void settle_token(http_session_t *s, edge_span_t authorization, edge_span_t token) {
    edge_token_facts_t facts;
    apr_time_t now = edge_worker_clock(edge_conn_worker(s->session.conn)).wall;
    edge_token_verdict_t verdict = edge_token_check(token, s->session.from_ip, now, &facts);
    if (verdict == EDGE_TOKEN_OK && facts.role != EDGE_TOKEN_SUBMIT) {
        log_token(s, &facts, "its role is not submit");
        forget(s);
        http_answer_row(s, EDGE_HTTP_WRONG_ROLE);
        return;
    }
    if (verdict == EDGE_TOKEN_EXPIRED)
        log_token(s, &facts, "it has expired");
    if (verdict == EDGE_TOKEN_WRONG_SOURCE)
        log_token(s, &facts, "it is not good from this address");
    if (verdict != EDGE_TOKEN_OK)
        forget(s);
    if (verdict != EDGE_TOKEN_OK || !go_on_if_known(s, authorization))
        tell_of_token(s, verdict == EDGE_TOKEN_OK, &facts);
}

static void ask_token(http_session_t *s, edge_span_t authorization, edge_span_t token) {
    bool hidden = s->session.tls || edge_ipaddr_is_loopback(s->session.from_ip);
    s->request->with_token = true;
    if (!hidden && !(http_settings_of(s)->conf->auth & HTTP_AUTH_INSECURE))
        http_answer_row(s, EDGE_HTTP_NEEDS_TLS);
    else
        settle_token(s, authorization, token);
}

void http_credentials_ask(http_session_t *s) {
    const http_settings_t *settings = http_settings_of(s);
    edge_span_t authorization = edge_http1_field(&s->request->head, "authorization", 0);
    edge_span_t token = settings->bearer && authorization.at ? edge_http_submit_token(authorization) : EDGE_NO_SPAN;
    if (authorization.at && token.at) {
        ask_token(s, authorization, token);
    } else if (authorization.at && settings->basic) {
        ask_password(s, authorization);
    } else {
        forget(s);
        if (authorization.at && settings->bearer)
            refuse(s, EDGE_R_AUTH_FAILED); /* of another scheme */
        else if (settings->required)
            refuse(s, EDGE_R_AUTH_REQUIRED);
        else
            go_on(s);
    }
}

/* Texts of an answer are good during its call only. */
static void fail(http_session_t *s, const edge_reply_t *reply) {
    unsigned status = reply->code == 535 || reply->code == 501 ? edge_http_answer_status(EDGE_HTTP_UNAUTHORIZED)
                                                               : edge_http_submit_status(reply);
    http_answer_with_status(s, status, reply, "AUTH");
}

void http_credentials_answered(edge_session_t *session, const edge_auth_answer_t *answer) {
    http_session_t *s = (http_session_t *)session;
    if (s->stage == HTTP_CLOSES)
        return;
    s->waiting = false;
    if (answer->kind == EDGE_AUTH_DONE) {
        s->request->identity = edge_span_copy(s->request->pool, answer->identity);
        s->stage = HTTP_ASKS_IDENTITY;
    } else if (answer->kind == EDGE_AUTH_FAILED) {
        fail(s, &answer->reply);
    } else {
        edge_reply_t trouble = edge_reply_of(EDGE_R_AUTH_TROUBLE); /* PLAIN asks nothing back */
        edge_session_auth_cancel(session);
        fail(s, &trouble);
    }
    http_session_run(s);
}

void http_credentials_settle(http_session_t *s, const edge_reply_t *reply) {
    edge_reply_t trouble = edge_reply_of(EDGE_R_AUTH_TROUBLE);
    if (reply->code != 235) {
        http_answer_reply(s, reply, "AUTH");
    } else if (!edge_session_set_authed(&s->session, s->request->identity)) {
        http_answer_reply(s, &trouble, "AUTH");
    } else {
        s->has_digest = true;
        go_on(s);
    }
}
