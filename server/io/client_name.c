/* The name of a client, verified: its names by address, then the addresses of each name. */
#include "edge_client_name.h"

#include "edge_obj.h"

void edge_client_name_cancel(edge_client_name_t *asked) {
    edge_dns_cancel(&asked->reverse);
    for (unsigned i = 0; i < asked->count; i++)
        edge_dns_cancel(&asked->forward[i].question);
}

static void tell(edge_client_name_t *asked, edge_client_name_outcome_t outcome, const char *name) {
    edge_client_name_cancel(asked);
    asked->found(asked, outcome, edge_span_of(name));
}

/* The first name in order that is confirmed wins, so those in front of it are waited for. */
static void decide(edge_client_name_t *asked) {
    for (unsigned i = 0; i < asked->count; i++) {
        if (asked->forward[i].confirmed) {
            tell(asked, EDGE_CLIENT_NAME_VERIFIED, asked->forward[i].name);
            return;
        }
        if (edge_dns_is_open(&asked->forward[i].question))
            return;
    }
    if (asked->failed)
        tell(asked, EDGE_CLIENT_NAME_FAILED, NULL);
    else if (asked->limited)
        tell(asked, EDGE_CLIENT_NAME_LIMITED, NULL);
    else
        tell(asked, EDGE_CLIENT_NAME_UNCONFIRMED, asked->forward[0].name);
}

static void note_trouble(edge_client_name_t *asked, const edge_dns_answer_t *answer) {
    asked->failed |= answer->outcome == EDGE_DNS_FAILED;
    asked->limited |= answer->outcome == EDGE_DNS_LIMITED;
}

static void forward_answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    edge_client_name_forward_t *forward = EDGE_CONTAINER(question, edge_client_name_forward_t, question);
    for (unsigned i = 0; i < answer->count; i++)
        forward->confirmed |= edge_ipaddr_equal(answer->records[i].address, forward->asker->address);
    note_trouble(forward->asker, answer);
    decide(forward->asker);
}

/* Names that are too long to be any, or empty, are passed over. */
static void take_names(edge_client_name_t *asked, const edge_dns_answer_t *answer) {
    for (unsigned i = 0; i < answer->count && asked->count < EDGE_CLIENT_NAME_NAMES_MOST; i++) {
        edge_span_t name = answer->records[i].text;
        edge_client_name_forward_t *forward = &asked->forward[asked->count];
        if (name.len == 0 || name.len >= sizeof(forward->name))
            continue;
        memset(forward, 0, sizeof(*forward));
        memcpy(forward->name, name.at, name.len);
        forward->asker = asked;
        forward->question.answered = forward_answered;
        forward->question.spent = asked->reverse.spent;
        asked->count++;
    }
}

static void reverse_answered(edge_dns_question_t *question, const edge_dns_answer_t *answer) {
    edge_client_name_t *asked = EDGE_CONTAINER(question, edge_client_name_t, reverse);
    edge_dns_type_t type = edge_ipaddr_is_v4(asked->address) ? EDGE_DNS_A : EDGE_DNS_AAAA;
    take_names(asked, answer);
    note_trouble(asked, answer);
    if (asked->count == 0) {
        tell(asked,
             asked->failed    ? EDGE_CLIENT_NAME_FAILED
             : asked->limited ? EDGE_CLIENT_NAME_LIMITED
                              : EDGE_CLIENT_NAME_NONE,
             NULL);
        return;
    }
    for (unsigned i = 0; i < asked->count; i++)
        edge_dns_ask(asked->worker, &asked->forward[i].question, type, edge_span_of(asked->forward[i].name));
}

void edge_client_name_ask(edge_worker_t *worker, edge_client_name_t *asked, edge_ipaddr_t address, uint32_t *spent) {
    EDGE_ASSERT(asked->found != NULL && !edge_dns_is_open(&asked->reverse));
    asked->worker = worker;
    asked->address = address;
    asked->count = 0;
    asked->failed = asked->limited = false;
    asked->reverse.answered = reverse_answered;
    asked->reverse.spent = spent;
    edge_dns_ask_names(worker, &asked->reverse, address);
}
