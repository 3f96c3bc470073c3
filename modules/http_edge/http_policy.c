/* The questions about one message, in the order of SMTP's commands: what is refused there is refused here. */
#include "http_edge.h"

#include <apr_strings.h>

static void ask(http_session_t *s, edge_phase_t phase, edge_span_t argument, const edge_parameters_t *parameters,
                edge_reply_t reply) {
    s->waiting = true;
    edge_session_ask(&s->session, phase, argument, parameters, reply);
}

/* Answered without asking anybody. */
static void settle(http_session_t *s, edge_reply_row_t row) { http_policy_verdict(s, edge_reply_of(row)); }

/* MAIL */

static void add_parameter(edge_parameters_t *parameters, const char *name, const char *value) {
    parameters->list[parameters->count++] = (edge_parameter_t){edge_span_of(name), edge_span_of(value)};
}

static bool is_utf8(const edge_http_submit_t *submit) {
    bool utf8 = submit->sender_utf8;
    for (unsigned i = 0; i < submit->recipient_count; i++)
        utf8 |= submit->recipients[i].utf8;
    return utf8;
}

/* What a client of SMTP would have said of itself: the next hop must hear it (RFC 6531 3.4). */
static void note_needs(http_session_t *s, edge_envelope_t *envelope, apr_pool_t *pool) {
    bool carried = (http_settings_of(s)->carries & EDGE_CARRIES_SMTPUTF8) != 0;
    envelope->sender_parameters.list = apr_pcalloc(pool, 2 * sizeof(edge_parameter_t));
    if (!carried || !is_utf8(&s->request->submit))
        return;
    envelope->needs |= EDGE_CARRIES_SMTPUTF8;
    s->session.used_utf8 = true;
    add_parameter(&envelope->sender_parameters, "SMTPUTF8", NULL);
}

static void ask_mail(http_session_t *s) {
    const edge_http_submit_t *submit = &s->request->submit;
    s->session.used_utf8 = false;
    edge_transaction_t *transaction = edge_transaction_begin(&s->session);
    edge_envelope_t *envelope = transaction->envelope;
    edge_reply_t reply;
    envelope->sender = edge_span_copy(transaction->pool, submit->sender);
    note_needs(s, envelope, transaction->pool);
    if (submit->sender_utf8 && !(envelope->needs & EDGE_CARRIES_SMTPUTF8)) {
        settle(s, EDGE_R_NEEDS_SMTPUTF8);
    } else if (!edge_transaction_has_room(&s->session, s->left, &reply)) {
        http_policy_verdict(s, reply);
    } else {
        reply = edge_reply_about(EDGE_R_SENDER_OK, envelope->sender);
        ask(s, EDGE_PHASE_MAIL, envelope->sender, &envelope->sender_parameters, reply);
    }
}

/* RCPT */

static void all_recipients_asked(http_session_t *s) {
    const http_request_t *request = s->request;
    bool some = s->session.transaction->envelope->recipient_count > 0;
    bool partial = http_settings_of(s)->conf->partial && some;
    if (request->first_refused < 0 || partial)
        s->stage = HTTP_ASKS_DATA;
    else
        http_answer_reply(s, &request->results[request->first_refused], "RCPT");
}

static void ask_rcpt(http_session_t *s) {
    http_request_t *request = s->request;
    const edge_envelope_t *envelope = s->session.transaction->envelope;
    uint32_t most = http_settings_of(s)->limits->max_recipients;
    if (request->cursor == request->submit.recipient_count) {
        all_recipients_asked(s);
        return;
    }
    const edge_http_recipient_t *recipient = &request->submit.recipients[request->cursor];
    edge_span_t address = edge_span_copy(s->session.transaction->pool, recipient->address);
    request->candidate = (edge_recipient_t){.address = address};
    if (recipient->row != EDGE_R_RECIPIENT_OK)
        settle(s, recipient->row);
    else if (recipient->utf8 && !(envelope->needs & EDGE_CARRIES_SMTPUTF8))
        settle(s, EDGE_R_NEEDS_SMTPUTF8);
    else if (most && envelope->recipient_count >= most)
        settle(s, EDGE_R_TOO_MANY_RECIPIENTS);
    else
        ask(s, EDGE_PHASE_RCPT, address, &request->candidate.parameters,
            edge_reply_about(EDGE_R_RECIPIENT_OK, address));
}

/* The text of a verdict goes with the next question. */
static edge_reply_t keep(const http_request_t *request, edge_reply_t reply) {
    reply.text = edge_span_copy(request->pool, reply.text);
    if (reply.argument.at)
        reply.argument = edge_span_copy(request->pool, reply.argument);
    return reply;
}

static bool closes(const edge_reply_t *reply) { return reply->code == 421 || reply->code == 221; }

static void settle_rcpt(http_session_t *s, const edge_reply_t *reply) {
    http_request_t *request = s->request;
    bool good = edge_reply_class(reply) == 2 && !closes(reply);
    request->results[request->cursor] = keep(request, *reply);
    if (good) {
        edge_transaction_accept(&s->session, &request->candidate);
    } else {
        edge_transaction_refuse(&s->session, request->candidate.address, reply);
        request->first_refused = request->first_refused < 0 ? (int)request->cursor : request->first_refused;
    }
    request->cursor++;
    if (closes(reply))
        http_answer_reply(s, reply, "RCPT");
}

/* HAVE_DATA */

static void ask_have_data(http_session_t *s) {
    edge_transaction_complete(&s->session);
    if (edge_transaction_loops(&s->session))
        settle(s, EDGE_R_TOO_MANY_HOPS);
    else
        ask(s, EDGE_PHASE_HAVE_DATA, EDGE_NO_SPAN, NULL, edge_reply_of(EDGE_R_MESSAGE_OK));
}

/* RFC 6152: known only now. */
static void note_eight_bit(http_session_t *s) {
    edge_envelope_t *envelope = s->session.transaction->envelope;
    if (!s->request->eight_bit || !(http_settings_of(s)->carries & EDGE_CARRIES_8BITMIME))
        return;
    envelope->needs |= EDGE_CARRIES_8BITMIME;
    add_parameter(&envelope->sender_parameters, "BODY", "8BITMIME");
}

static void commit(http_session_t *s) {
    note_eight_bit(s);
    edge_uuid_format(s->session.transaction->envelope->id, s->request->id);
    s->stage = HTTP_STORES;
    s->waiting = true;
    edge_transaction_commit(&s->session, EDGE_ADD_MISSING_ON);
}

void http_policy_stored(http_session_t *s, edge_reply_t reply) { http_answer_reply(s, &reply, "."); }

/* Asking and settling */

void http_policy_ask(http_session_t *s) {
    http_request_t *request = s->request;
    switch ((http_stage_t)s->stage) {
    case HTTP_ASKS_CREDENTIALS: http_credentials_ask(s); break;
    case HTTP_ASKS_IDENTITY: ask(s, EDGE_PHASE_AUTH, request->identity, NULL, edge_reply_of(EDGE_R_AUTH_OK)); break;
    case HTTP_ASKS_EHLO:
        ask(s, EDGE_PHASE_EHLO, request->submit.ehlo, NULL, edge_reply_about(EDGE_R_HELLO, request->submit.ehlo));
        break;
    case HTTP_ASKS_MAIL: ask_mail(s); break;
    case HTTP_ASKS_RCPT: ask_rcpt(s); break;
    case HTTP_ASKS_DATA: ask(s, EDGE_PHASE_DATA, EDGE_NO_SPAN, NULL, edge_reply_of(EDGE_R_START_DATA)); break;
    case HTTP_ASKS_HAVE_DATA: ask_have_data(s); break;
    default: break;
    }
}

static void settle_ehlo(http_session_t *s) {
    edge_session_set_ehlo(&s->session, s->request->submit.ehlo, true);
    s->stage = HTTP_ASKS_MAIL;
}

static void settle_mail(http_session_t *s) {
    http_request_t *request = s->request;
    request->results = apr_pcalloc(request->pool, request->submit.recipient_count * sizeof(edge_reply_t));
    s->stage = HTTP_ASKS_RCPT;
}

void http_policy_verdict(http_session_t *s, edge_reply_t reply) {
    bool good = edge_reply_class(&reply) == 2 && !closes(&reply);
    s->waiting = false;
    switch ((http_stage_t)s->stage) {
    case HTTP_ASKS_IDENTITY: http_credentials_settle(s, &reply); break;
    case HTTP_ASKS_EHLO: good ? settle_ehlo(s) : http_answer_reply(s, &reply, "EHLO"); break;
    case HTTP_ASKS_MAIL: good ? settle_mail(s) : http_answer_reply(s, &reply, "MAIL"); break;
    case HTTP_ASKS_RCPT: settle_rcpt(s, &reply); break;
    case HTTP_ASKS_DATA: reply.code == 354 ? http_body_begin(s) : http_answer_reply(s, &reply, "DATA"); break;
    case HTTP_ASKS_HAVE_DATA: edge_reply_class(&reply) == 2 ? commit(s) : http_answer_reply(s, &reply, "."); break;
    default: break;
    }
}
