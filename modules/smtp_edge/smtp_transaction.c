/* The machine's questions and actions about one message. */
#include "smtp_edge.h"

#include "edge_obj.h"
#include "proto/envelope.h"
#include "proto/trace.h"

static void parameters_keep(apr_pool_t *pool, const edge_parameters_t *from, edge_parameters_t *to) {
    if (!from || from->count == 0)
        return;
    to->list = apr_palloc(pool, from->count * sizeof(edge_parameter_t));
    to->count = from->count;
    for (unsigned i = 0; i < from->count; i++) {
        to->list[i].name = edge_span_copy(pool, from->list[i].name);
        to->list[i].value = from->list[i].value.at ? edge_span_copy(pool, from->list[i].value) : EDGE_NO_SPAN;
    }
}

/* Whether the queue could take it at all is known before anybody is asked. */
static bool queue_refuses(const smtp_session_t *s, uint64_t size, edge_reply_t *reply) {
    edge_queue_t *queue = s->session.listener->queue;
    switch (queue->provider->room(queue, size)) {
    case EDGE_OUTCOME_NO_ROOM: *reply = edge_reply_of(EDGE_R_NO_ROOM); return true;
    case EDGE_OUTCOME_FAILED: *reply = edge_reply_of(EDGE_R_QUEUE_DOWN); return true;
    default: return false;
    }
}

void smtp_transaction_ask_mail(smtp_session_t *s, const edge_smtp_action_t *action) {
    edge_transaction_t *transaction = edge_transaction_begin(&s->session);
    edge_envelope_t *envelope = transaction->envelope;
    edge_reply_t reply = action->reply;
    envelope->sender = edge_span_copy(transaction->pool, action->argument);
    parameters_keep(transaction->pool, action->parameters, &envelope->sender_parameters);
    envelope->needs = action->needs;
    s->session.used_utf8 = (action->needs & EDGE_CARRIES_SMTPUTF8) != 0;
    reply.argument = envelope->sender;
    if (queue_refuses(s, action->declared_size, &reply))
        s->session.listener->protocol->verdict(&s->session, reply);
    else
        edge_session_ask(&s->session, EDGE_PHASE_MAIL, envelope->sender, &envelope->sender_parameters, reply);
}

void smtp_transaction_ask_rcpt(smtp_session_t *s, const edge_smtp_action_t *action) {
    apr_pool_t *pool = s->session.transaction->pool;
    edge_reply_t reply = action->reply;
    memset(&s->candidate, 0, sizeof(s->candidate));
    s->candidate.address = edge_span_copy(pool, action->argument);
    parameters_keep(pool, action->parameters, &s->candidate.parameters);
    reply.argument = s->candidate.address;
    edge_session_ask(&s->session, EDGE_PHASE_RCPT, s->candidate.address, &s->candidate.parameters, reply);
}

void smtp_transaction_ask_have_data(smtp_session_t *s, const edge_smtp_action_t *action) {
    edge_transaction_complete(&s->session);
    if (s->session.transaction->scan->received >= smtp_settings_of(s)->max_hops) {
        s->session.listener->protocol->verdict(&s->session, edge_reply_of(EDGE_R_TOO_MANY_HOPS));
        return;
    }
    edge_session_ask(&s->session, EDGE_PHASE_HAVE_DATA, EDGE_NO_SPAN, NULL, action->reply);
}

void smtp_transaction_verdict(smtp_session_t *s, const edge_reply_t *reply) {
    bool success = edge_reply_class(reply) == 2;
    if (s->asked == EDGE_PHASE_MAIL && !success)
        s->reset_pending = true; /* it ends, and is logged, with this reply */
    else if (s->asked == EDGE_PHASE_RCPT && success)
        edge_transaction_accept(&s->session, &s->candidate);
    else if (s->asked == EDGE_PHASE_RCPT)
        edge_transaction_refuse(&s->session, s->candidate.address, reply);
}

void smtp_transaction_body(smtp_session_t *s, const edge_smtp_action_t *action) {
    if (action->kind == EDGE_SMTP_BODY_OPEN) {
        edge_transaction_open_body(&s->session);
        smtp_deadline_body(s);
    } else if (action->kind == EDGE_SMTP_BODY_SPAN) {
        s->body_full = edge_transaction_write(&s->session, action->bytes) == EDGE_BODY_WAIT;
    } else {
        edge_transaction_drop_body(&s->session);
    }
}

/* The headers that a message lacks, as far as they are wanted from this client (RFC 6409 8). */
static unsigned fields_to_add(const smtp_session_t *s) {
    static const struct {
        unsigned has, add;
    } fields[] = {
        {EDGE_HEADER_HAS_FROM, EDGE_TRACE_FROM},
        {EDGE_HEADER_HAS_DATE, EDGE_TRACE_DATE},
        {EDGE_HEADER_HAS_MESSAGE_ID, EDGE_TRACE_MESSAGE_ID},
    };
    smtp_add_missing_t rule = smtp_settings_of(s)->add_missing;
    const edge_header_scan_t *scan = s->session.transaction->scan;
    unsigned add = scan->none ? EDGE_TRACE_BLANK : 0;
    if (rule == SMTP_ADD_MISSING_OFF || (rule == SMTP_ADD_MISSING_AUTHENTICATED && !s->session.authed))
        return add;
    for (unsigned i = 0; i < EDGE_COUNT(fields); i++)
        if (!(scan->has & fields[i].has))
            add |= fields[i].add;
    return add;
}

void smtp_transaction_commit(smtp_session_t *s) {
    char text[EDGE_TRACE_MOST];
    edge_transaction_t *transaction = s->session.transaction;
    size_t len = edge_trace_write(transaction->envelope, fields_to_add(s), text, sizeof(text));
    edge_transaction_submit(&s->session, edge_span_copy(transaction->pool, edge_span(text, len)));
}
