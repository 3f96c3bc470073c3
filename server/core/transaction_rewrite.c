/* Policy changes the envelope of an open transaction. */
#include "core/transaction.h"
#include "proto/address.h"

/* What the client could have written itself in this session. */
static bool may_stand(const edge_session_t *session, edge_span_t text) {
    edge_address_t address;
    return edge_address_mailbox(text, &address) && (!address.utf8 || session->used_utf8);
}

bool edge_transaction_rewrite_sender(edge_session_t *session, edge_span_t sender) {
    edge_transaction_t *transaction = session->transaction;
    if (sender.len > 0 && !may_stand(session, sender))
        return false;
    transaction->envelope->sender = edge_span_copy(transaction->pool, sender);
    return true;
}

/* As the client gave it, if it did (<Postmaster> has no domain); else a new one. */
static bool make(const edge_session_t *session, edge_span_t address, edge_recipient_t *recipient) {
    const edge_transaction_t *transaction = session->transaction;
    const edge_envelope_t *envelope = transaction->envelope;
    for (unsigned i = 0; i < envelope->recipient_count; i++)
        if (edge_span_equal(envelope->recipients[i].address, address)) {
            *recipient = envelope->recipients[i];
            return true;
        }
    if (!may_stand(session, address))
        return false;
    *recipient = (edge_recipient_t){.address = edge_span_copy(transaction->pool, address)};
    return true;
}

bool edge_transaction_rewrite_recipients(edge_session_t *session, const edge_span_t *addresses, unsigned count) {
    edge_transaction_t *transaction = session->transaction;
    edge_envelope_t *envelope = transaction->envelope;
    if (count == 0)
        return envelope->recipient_count == 0;
    edge_recipient_t *recipients = apr_palloc(transaction->pool, count * sizeof(*recipients));
    for (unsigned i = 0; i < count; i++)
        if (!make(session, addresses[i], &recipients[i]))
            return false;
    envelope->recipients = recipients;
    envelope->recipient_count = envelope->recipient_room = count;
    return true;
}

bool edge_transaction_rewrite_recipient(edge_session_t *session, unsigned index, edge_span_t address) {
    edge_transaction_t *transaction = session->transaction;
    edge_envelope_t *envelope = transaction->envelope;
    edge_recipient_t recipient;
    if (index > envelope->recipient_count || !make(session, address, &recipient))
        return false;
    if (index == envelope->recipient_count)
        edge_envelope_add(envelope, transaction->pool, recipient.address);
    envelope->recipients[index] = recipient;
    return true;
}

bool edge_transaction_rewrite_fewer(edge_session_t *session, unsigned count) {
    edge_envelope_t *envelope = session->transaction->envelope;
    if (count == 0 || count > envelope->recipient_count)
        return false;
    envelope->recipient_count = count;
    return true;
}
