/* A leased message: divided among destinations, and put together again from what they said. */
#include <apr_lib.h>
#include <apr_strings.h>

#include "proto/address.h"
#include "relay.h"
#include "relay_hold.h"
#include "relay_notice.h"

#define TEXT_MOST 512u  /* octets kept of a reply */
#define HEADERS_ONLY 1u /* the longest message that comes back whole */

/* Dividing */

edge_span_t relay_message_domain(edge_span_t mailbox, apr_pool_t *pool) {
    edge_address_t address;
    if (!edge_address_mailbox(mailbox, &address))
        return edge_span_of("");
    char *lower = apr_pstrmemdup(pool, address.domain.at, address.domain.len);
    for (size_t i = 0; i < address.domain.len; i++)
        lower[i] = (char)apr_tolower((unsigned char)lower[i]);
    return edge_span(lower, address.domain.len);
}

static relay_attempt_t *make_attempt(relay_message_t *message, relay_forwarder_t *forwarder,
                                     relay_destination_t *destination, edge_span_t domain, unsigned room) {
    apr_pool_t *pool = message->lease.pool;
    relay_attempt_t *attempt = apr_pcalloc(pool, sizeof(*attempt));
    attempt->forwarder = forwarder;
    attempt->message = message;
    attempt->destination = destination;
    attempt->delivery.relay = forwarder->relay;
    attempt->delivery.envelope = message->lease.envelope;
    attempt->delivery.recipients = apr_palloc(pool, room * sizeof(unsigned));
    attempt->delivery.results = apr_pcalloc(pool, room * sizeof(edge_relay_result_t));
    attempt->delivery.domain = domain;
    attempt->sibling = message->attempts;
    message->attempts = attempt;
    message->open++;
    return attempt;
}

static relay_attempt_t *attempt_for(relay_message_t *message, const relay_destination_t *destination, unsigned most) {
    relay_attempt_t *attempt = message->attempts;
    while (attempt && (attempt->destination != destination || attempt->delivery.count == most))
        attempt = attempt->sibling;
    return attempt;
}

static void add_recipient(relay_message_t *message, relay_forwarder_t *forwarder, relay_destinations_t *destinations,
                          unsigned most, unsigned index) {
    const edge_relay_t *relay = forwarder->relay;
    bool by_domain = relay->provider->by_domain && relay->provider->by_domain(relay->settings);
    edge_span_t address = message->lease.envelope->recipients[index].address;
    edge_span_t domain = by_domain ? relay_message_domain(address, message->lease.pool) : edge_span_of("");
    relay_destination_t *destination = relay_destination_find(destinations, domain);
    relay_attempt_t *attempt = attempt_for(message, destination, most);
    if (!attempt)
        attempt = make_attempt(
            message, forwarder, destination, by_domain ? domain : EDGE_NO_SPAN,
            most < message->lease.envelope->recipient_count ? most : message->lease.envelope->recipient_count);
    ((unsigned *)(uintptr_t)attempt->delivery.recipients)[attempt->delivery.count++] = index;
}

/* Several attempts are on several workers at a time: each needs memory of its own. */
static void give_pools(relay_message_t *message) {
    for (relay_attempt_t *attempt = message->attempts; attempt; attempt = attempt->sibling) {
        if (message->open > 1) {
            apr_status_t status = apr_pool_create_unmanaged(&attempt->pool);
            EDGE_ASSERT(status == APR_SUCCESS);
        }
        attempt->delivery.pool = attempt->pool ? attempt->pool : message->lease.pool;
    }
}

/* Until when nobody may try it; 0: now. */
static apr_time_t held_until(const edge_envelope_t *envelope, const edge_recipient_t *recipient) {
    edge_address_t address;
    apr_time_t listener = relay_holds_until(RELAY_HOLD_LISTENER, envelope->client.listener);
    if (listener > 0 || !edge_address_mailbox(recipient->address, &address))
        return listener;
    return relay_holds_until(RELAY_HOLD_DOMAIN, address.domain);
}

relay_message_t *relay_message_make(const edge_queue_lease_t *lease, relay_forwarder_t *forwarder,
                                    relay_destinations_t *destinations, unsigned most) {
    const edge_envelope_t *envelope = lease->envelope;
    relay_message_t *message = apr_pcalloc(lease->pool, sizeof(*message));
    message->lease = *lease;
    message->forwarder = forwarder;
    message->said = apr_pcalloc(lease->pool, (envelope->recipient_count + 1) * sizeof(message->said[0]));
    message->asked = apr_pcalloc(lease->pool, (envelope->recipient_count + 1) * sizeof(message->asked[0]));
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        if (envelope->recipients[i].state != EDGE_RECIPIENT_WAITING)
            continue;
        apr_time_t held = relay_holds_count() > 0 ? held_until(envelope, &envelope->recipients[i]) : 0;
        if (held == 0)
            add_recipient(message, forwarder, destinations, most, i);
        else if (held > message->held)
            message->held = held;
    }
    give_pools(message);
    return message;
}

/* Putting together */

void relay_attempt_result(relay_attempt_t *attempt, edge_relay_result_t result) {
    for (unsigned i = 0; i < attempt->delivery.count; i++)
        attempt->delivery.results[i] = result;
}

void relay_message_take(relay_message_t *message, const relay_attempt_t *attempt) {
    for (unsigned i = 0; i < attempt->delivery.count; i++) {
        message->said[attempt->delivery.recipients[i]] = &attempt->delivery.results[i];
        message->asked[attempt->delivery.recipients[i]] = attempt->asked;
    }
    EDGE_ASSERT(message->open > 0);
    message->open--;
}

void relay_message_give_up(relay_message_t *message) {
    const edge_envelope_t *envelope = message->lease.envelope;
    edge_relay_result_t *result = apr_palloc(message->lease.pool, sizeof(*result));
    *result = relay_result_own(EDGE_RELAY_FAILED, EDGE_RELAY_MESSAGE, 550, 7, 1,
                               edge_span_of("the operator of this server has given it up"));
    for (unsigned i = 0; i < envelope->recipient_count; i++)
        if (envelope->recipients[i].state == EDGE_RECIPIENT_WAITING)
            message->said[i] = result;
    message->open = 0;
}

edge_relay_result_t relay_result_own(edge_relay_outcome_t outcome, edge_relay_blame_t blame, unsigned code,
                                     unsigned subject, unsigned detail, edge_span_t text) {
    return (edge_relay_result_t){.outcome = outcome,
                                 .blame = blame,
                                 .reply = {.code = (uint16_t)code,
                                           .subject = (uint16_t)subject,
                                           .detail = (uint16_t)detail,
                                           .literal = true,
                                           .utf8 = true,
                                           .text = text}};
}

edge_span_t relay_message_text(const edge_relay_result_t *result, apr_pool_t *pool) {
    char text[TEXT_MOST], enhanced[32] = "";
    const edge_reply_t *reply = &result->reply;
    size_t len = edge_reply_text(reply, text, sizeof(text));
    len = len < sizeof(text) ? len : sizeof(text);
    for (size_t i = 0; i < len; i++)
        text[i] = text[i] == '\n' ? ' ' : text[i];
    if (reply->subject != EDGE_NO_ENHANCED)
        apr_snprintf(enhanced, sizeof(enhanced), "%u.%u.%u ", reply->code / 100u, reply->subject, reply->detail);
    const char *made =
        apr_psprintf(pool, "%.*s%s%u %s%.*s", (int)result->remote.len, result->remote.at ? result->remote.at : "",
                     result->remote.len > 0 ? " said: " : "", reply->code, enhanced, (int)len, text);
    return edge_span_of(made);
}

/* Age alone is no reason to give up: what was held, or could not be tried, has a try before. */
static edge_recipient_state_t state_of(const relay_message_t *message, unsigned recipient, bool expired) {
    const edge_relay_result_t *said = message->said[recipient];
    if (!said || said->outcome == EDGE_RELAY_DEFERRED)
        return expired && message->asked[recipient] ? EDGE_RECIPIENT_FAILED : EDGE_RECIPIENT_WAITING;
    return said->outcome == EDGE_RELAY_DONE ? EDGE_RECIPIENT_DONE : EDGE_RECIPIENT_FAILED;
}

/* What was put off because of its host's trouble says nothing new, once the reason stands there; what is held or crowded says
 * nothing; what is too old does, when it was asked about. */
static bool says_something(const relay_message_t *message, bool expired) {
    const edge_envelope_t *envelope = message->lease.envelope;
    bool waits = false;
    for (unsigned i = 0; expired && i < envelope->recipient_count; i++)
        if (message->asked[i])
            return true;
    if (message->crowded && !message->tried)
        return false;
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        bool waiting = envelope->recipients[i].state == EDGE_RECIPIENT_WAITING;
        if (waiting && message->said[i] && envelope->recipients[i].last_reply.len == 0)
            return true;
        waits = waits || waiting;
    }
    return message->tried || envelope->given_up || !waits;
}

bool relay_message_settle(relay_message_t *message, apr_time_t now, apr_time_t expires, apr_time_t next) {
    edge_envelope_t *envelope = message->lease.envelope;
    apr_pool_t *pool = message->lease.pool;
    bool expired = now >= expires;
    if (!says_something(message, expired))
        return false;
    edge_settlement_t *results = apr_pcalloc(pool, (envelope->recipient_count + 1) * sizeof(*results));
    unsigned count = 0;
    for (unsigned i = 0; i < envelope->recipient_count; i++) {
        if (envelope->recipients[i].state != EDGE_RECIPIENT_WAITING)
            continue;
        const edge_relay_result_t *said = message->said[i];
        results[count++] =
            (edge_settlement_t){i, state_of(message, i, expired),
                                said ? relay_message_text(said, pool) : envelope->recipients[i].last_reply};
    }
    message->settling = (edge_queue_settling_t){message->lease.id, envelope, results, count, next, APR_SUCCESS};
    return true;
}

/* Notices */

void relay_message_split(edge_span_t text, edge_span_t *remote, edge_span_t *reply) {
    static const edge_span_t between = EDGE_SPAN(" said: ");
    *remote = EDGE_NO_SPAN;
    *reply = text;
    for (size_t i = 0; i + between.len <= text.len; i++)
        if (memcmp(text.at + i, between.at, between.len) == 0) {
            *remote = edge_span(text.at, i);
            *reply = edge_span_after(text, i + between.len);
            return;
        }
}

static edge_dsn_action_t success_of(const relay_message_t *message, const edge_relay_result_t *said) {
    if (!said->relayed_without)
        return EDGE_DSN_NONE;
    return message->forwarder->relay->provider->final ? EDGE_DSN_DELIVERED : EDGE_DSN_RELAYED;
}

/* A delay is told once: by the attempt after which the time comes for it. */
static bool is_late(const relay_message_t *message, apr_time_t next) {
    const edge_envelope_t *envelope = message->lease.envelope;
    return edge_dsn_delay_due(envelope->received, envelope->next_attempt, next, message->forwarder->conf->delay_notice);
}

static edge_dsn_action_t action_of(const relay_message_t *message, const edge_settlement_t *result, apr_time_t next) {
    switch (result->state) {
    case EDGE_RECIPIENT_FAILED: return EDGE_DSN_FAILED;
    case EDGE_RECIPIENT_DONE: return success_of(message, message->said[result->recipient]);
    case EDGE_RECIPIENT_WAITING: break;
    }
    return is_late(message, next) ? EDGE_DSN_DELAYED : EDGE_DSN_NONE;
}

/* What is too large for the way there may be too large for the way back. */
static bool is_too_large(edge_span_t reply) {
    return edge_span_starts_nocase(reply, edge_span_of("552 5.3.4")) ||
           edge_span_starts_nocase(reply, edge_span_of("554 5.3.4"));
}

struct relay_notice *relay_message_notice(const relay_message_t *message, apr_time_t now, apr_time_t expires) {
    const edge_envelope_t *envelope = message->lease.envelope;
    const edge_queue_settling_t *settling = &message->settling;
    apr_pool_t *pool = message->lease.pool;
    edge_dsn_recipient_t *list = apr_pcalloc(pool, (settling->count + 1) * sizeof(*list));
    unsigned told = 0;
    bool only_headers = (envelope->needs & EDGE_CARRIES_REQUIRETLS) != 0; /* RFC 8689 5 */
    for (unsigned i = 0; i < settling->count; i++) {
        const edge_settlement_t *result = &settling->results[i];
        const edge_relay_result_t *said = message->said[result->recipient];
        list[i].recipient = &envelope->recipients[result->recipient];
        list[i].action = edge_dsn_due(envelope, list[i].recipient, action_of(message, result, settling->next),
                                      EDGE_DSN_ON_FAILURE | EDGE_DSN_ON_DELAY);
        list[i].expired = result->state == EDGE_RECIPIENT_FAILED && (!said || said->outcome != EDGE_RELAY_FAILED);
        list[i].last_attempt = said ? now : 0;
        relay_message_split(result->reply, &list[i].remote, &list[i].reply);
        told += list[i].action != EDGE_DSN_NONE;
        only_headers = only_headers || is_too_large(list[i].reply);
    }
    if (told == 0 || !message->forwarder->conf->bounce)
        return NULL;
    relay_notice_t *notice = apr_pcalloc(pool, sizeof(*notice));
    notice->queue = message->forwarder->queue;
    notice->pool = pool;
    notice->report =
        (edge_dsn_report_t){.envelope = envelope,
                            .reporting_mta = message->forwarder->relay->server_name,
                            .recipients = list,
                            .count = settling->count,
                            .retry_until = expires > now ? expires : 0,
                            .return_most = only_headers ? HEADERS_ONLY : message->forwarder->conf->bounce_return};
    return notice;
}

void relay_message_unfail(relay_message_t *message) {
    edge_settlement_t *results = (edge_settlement_t *)(uintptr_t)message->settling.results;
    for (unsigned i = 0; i < message->settling.count; i++)
        if (results[i].state == EDGE_RECIPIENT_FAILED)
            results[i].state = EDGE_RECIPIENT_WAITING;
}
