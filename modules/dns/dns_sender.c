/* Whether mail can be sent to a domain: MX first, then its own addresses. */
#include "dns_sender.h"

void dns_sender_cancel(dns_sender_t *sender) {
    edge_dns_cancel(&sender->exchange);
    edge_dns_cancel(&sender->address4);
    edge_dns_cancel(&sender->address6);
}

static void tell(dns_sender_t *sender, dns_sender_verdict_t verdict) {
    dns_sender_cancel(sender);
    sender->told(sender, verdict);
}

/* One address is enough; without any, both questions must have been answered. */
static void take_address(dns_sender_t *sender, const edge_dns_answer_t *answer) {
    sender->unknown |= answer->outcome == EDGE_DNS_FAILED || answer->outcome == EDGE_DNS_LIMITED;
    if (answer->outcome == EDGE_DNS_FOUND)
        tell(sender, DNS_SENDER_RESOLVES);
    else if (!edge_dns_is_open(&sender->address4) && !edge_dns_is_open(&sender->address6))
        tell(sender, sender->unknown ? DNS_SENDER_UNKNOWN : DNS_SENDER_NO_RECORDS);
}

static void address4_answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    take_address(EDGE_CONTAINER(question, dns_sender_t, address4), answer);
}

static void address6_answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    take_address(EDGE_CONTAINER(question, dns_sender_t, address6), answer);
}

static void ask_addresses(dns_sender_t *sender, edge_span_t domain) {
    edge_dns_ask(sender->worker, &sender->address4, EDGE_DNS_A, domain);
    edge_dns_ask(sender->worker, &sender->address6, EDGE_DNS_AAAA, domain);
}

/* RFC 7505 3: a null MX stands alone; beside others it is a host without a name, and means nothing. */
static bool is_null(const edge_dns_answer_t *answer) { return answer->count == 1 && answer->records[0].text.len == 0; }

static void exchange_answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    dns_sender_t *sender = EDGE_CONTAINER(question, dns_sender_t, exchange);
    switch (answer->outcome) {
    case EDGE_DNS_FOUND: tell(sender, is_null(answer) ? DNS_SENDER_NULL_MX : DNS_SENDER_RESOLVES); break;
    case EDGE_DNS_NO_NAME: tell(sender, DNS_SENDER_NO_DOMAIN); break;
    case EDGE_DNS_NO_DATA: ask_addresses(sender, answer->name); break;
    case EDGE_DNS_FAILED:
    case EDGE_DNS_LIMITED: tell(sender, DNS_SENDER_UNKNOWN); break;
    }
}

void dns_sender_ask(edge_worker_t *worker, dns_sender_t *sender, edge_span_t domain, uint32_t *spent) {
    sender->worker = worker;
    sender->unknown = false;
    sender->exchange.answered = exchange_answered;
    sender->address4.answered = address4_answered;
    sender->address6.answered = address6_answered;
    sender->exchange.spent = sender->address4.spent = sender->address6.spent = spent;
    edge_dns_ask(worker, &sender->exchange, EDGE_DNS_MX, domain);
}
