/* The machine's questions and actions about one message. */
#include "smtp_edge.h"

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

void smtp_transaction_ask_mail(smtp_session_t *s, const edge_smtp_action_t *action) {
    edge_transaction_t *transaction = edge_transaction_begin(&s->session);
    edge_envelope_t *envelope = transaction->envelope;
    edge_reply_t reply = action->reply;
    envelope->sender = edge_span_copy(transaction->pool, action->argument);
    parameters_keep(transaction->pool, action->parameters, &envelope->sender_parameters);
    envelope->needs = action->needs;
    s->session.used_utf8 = (action->needs & EDGE_CARRIES_SMTPUTF8) != 0;
    reply.argument = envelope->sender;
    if (!edge_transaction_has_room(&s->session, action->declared_size, &reply))
        s->session.listener->protocol->verdict(&s->session, reply);
    else
        edge_session_ask(&s->session, EDGE_PHASE_MAIL, envelope->sender, &envelope->sender_parameters, reply);
}

void smtp_transaction_ask_rcpt(smtp_session_t *s, const edge_smtp_action_t *action) {
    apr_pool_t *pool = s->session.transaction->pool;
    edge_reply_t reply = action->reply;
    s->candidate = apr_pcalloc(pool, sizeof(*s->candidate));
    s->candidate->address = edge_span_copy(pool, action->argument);
    parameters_keep(pool, action->parameters, &s->candidate->parameters);
    reply.argument = s->candidate->address;
    edge_session_ask(&s->session, EDGE_PHASE_RCPT, s->candidate->address, &s->candidate->parameters, reply);
}

void smtp_transaction_ask_have_data(smtp_session_t *s, const edge_smtp_action_t *action) {
    edge_transaction_complete(&s->session);
    if (edge_transaction_loops(&s->session)) {
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
        edge_transaction_accept(&s->session, s->candidate);
    else if (s->asked == EDGE_PHASE_RCPT)
        edge_transaction_refuse(&s->session, s->candidate->address, reply);
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

void smtp_transaction_commit(smtp_session_t *s) {
    edge_transaction_commit(&s->session, EDGE_ADD_MISSING_AUTHENTICATED);
}
