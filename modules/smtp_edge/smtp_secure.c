/* STARTTLS, immediate TLS and AUTH: the machine meets the transport and the exchange of credentials. */
#include "smtp_edge.h"

#include <stdlib.h>

/* TLS */

static void shake_hands(smtp_session_t *s) {
    s->handshaking = true;
    edge_pace_handshake(&s->pace, smtp_now(s));
    edge_session_shake_hands(&s->session);
    smtp_deadline_set(s);
}

static void offer(smtp_session_t *s) { edge_smtp_server_offer(&s->machine, edge_session_mechanisms(&s->session)); }

/* The connection is accepted and nothing has been said. */
void smtp_secure_begin(smtp_session_t *s) {
    const edge_tls_listener_t *tls = s->session.listener->tls;
    if (tls && tls->mode == EDGE_TLS_IMMEDIATE) {
        edge_smtp_server_begins_with_tls(&s->machine);
        shake_hands(s);
    } else {
        offer(s);
    }
}

void smtp_secure_start_tls(smtp_session_t *s) { shake_hands(s); }

/* Validators of STARTTLS see connections with immediate TLS too, before the banner (A41). No reply could carry what they
 * say. */
static void ask_early(smtp_session_t *s) {
    s->asking_early = true;
    edge_session_ask(&s->session, EDGE_PHASE_STARTTLS, EDGE_NO_SPAN, NULL, edge_reply_of(EDGE_R_STARTTLS_READY));
}

void smtp_secure_settle_early(smtp_session_t *s) {
    s->asking_early = false;
    edge_session_replied(&s->session);
    smtp_session_run(s);
}

/* The connection can talk; after a handshake everything begins anew. */
void smtp_secure_opened(smtp_session_t *s) {
    if (!s->handshaking)
        return;
    s->handshaking = false;
    edge_session_secured(&s->session);
    if (edge_smtp_server_waits(&s->machine) == EDGE_SMTP_WAITS_TLS)
        edge_smtp_server_secured(&s->machine);
    offer(s);
    if (s->session.listener->tls->mode == EDGE_TLS_IMMEDIATE)
        ask_early(s);
}

/* AUTH */

void smtp_secure_auth(smtp_session_t *s, const edge_smtp_action_t *action) {
    if (action->kind == EDGE_SMTP_AUTH)
        edge_session_auth(&s->session, action->argument, action->bytes);
    else if (action->kind == EDGE_SMTP_AUTH_RESPONSE)
        edge_session_auth_respond(&s->session, action->bytes);
    else
        edge_session_auth_cancel(&s->session);
}

/* Copies the texts of an answer, which are good during its call only, behind one another. */
static bool keep_texts(smtp_session_t *s, edge_auth_answer_t *answer) {
    edge_span_t *const texts[] = {&answer->challenge, &answer->identity, &answer->reply.text, &answer->reply.argument};
    size_t len = 1;
    for (unsigned i = 0; i < EDGE_COUNT(texts); i++)
        len += texts[i]->len;
    free(s->auth_text);
    char *to = s->auth_text = malloc(len);
    for (unsigned i = 0; to && i < EDGE_COUNT(texts); i++) {
        if (texts[i]->len == 0)
            continue;
        memcpy(to, texts[i]->at, texts[i]->len);
        *texts[i] = edge_span(to, texts[i]->len);
        to += texts[i]->len;
    }
    return s->auth_text != NULL;
}

void smtp_secure_authenticated(edge_session_t *session, const edge_auth_answer_t *given) {
    smtp_session_t *s = (smtp_session_t *)session;
    edge_auth_answer_t answer = *given;
    if (!keep_texts(s, &answer)) {
        edge_smtp_server_fail(&s->machine);
    } else if (answer.kind == EDGE_AUTH_CHALLENGE) {
        edge_smtp_server_challenge(&s->machine, answer.challenge);
    } else if (answer.kind == EDGE_AUTH_FAILED) {
        edge_smtp_server_not_identified(&s->machine, answer.reply);
    } else {
        s->auth_identity = answer.identity;
        edge_smtp_server_identified(&s->machine, answer.identity, answer.reply);
    }
    smtp_session_run(s);
}

void smtp_secure_ask_identity(smtp_session_t *s, const edge_smtp_action_t *action) {
    edge_session_ask(&s->session, EDGE_PHASE_AUTH, action->argument, action->parameters, action->reply);
}

/* Only what the client is told is so. */
void smtp_secure_settle_identity(smtp_session_t *s, edge_reply_t *reply) {
    if (reply->code == 235 && !edge_session_set_authed(&s->session, s->auth_identity))
        *reply = edge_reply_of(EDGE_R_AUTH_TROUBLE);
}
