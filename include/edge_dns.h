/*
 * Questions to name servers, that never block.
 *
 * Concept:  a question is embedded in whoever waits for its answer. `answered` is
 *           called on the worker's loop, in a later turn and never inside the call
 *           that asked, also when the answer is in the worker's cache. The same
 *           question asked by many at a time goes to a name server once.
 * Owner:    the asker owns the question; it must be cancelled, or answered, before
 *           its memory goes. In a check: a cleanup of call->pool cancels it.
 * Threads:  the worker's own.
 * Lifetime: zero-filled memory with `answered` set is a question that is not asked.
 *           The answer is good inside `answered` only.
 * Errors:   all are outcomes of the answer (edge_dns_answer.h). When the worker
 *           stops, open questions are forgotten: nobody is called.
 */
#ifndef EDGE_DNS_H
#define EDGE_DNS_H

#include "edge_dns_answer.h"
#include "edge_worker.h"

typedef struct edge_dns_question edge_dns_question_t;

struct edge_dns_question {
    /* May ask again, by this question too, and may free it. */
    void (*answered)(edge_dns_question_t *question, const edge_dns_answer_t *answer);
    /* NULL, or how many questions of this session have gone to a name server: counted on here; at DnsPerSession the answer is
     * LIMITED. A session's is counts.dns (edge_session.h). What the cache knows is not counted. */
    uint32_t *spent;
    edge_dns_question_t *next, *previous; /* private from here on */
    struct edge_dns_kept *kept;
};

/* `name` is looked at inside this call only: a host name in any case of letters, with or without a dot at its end, in
 * UTF-8 or as A-labels. The question must not be open. */
EDGE_API void edge_dns_ask(edge_worker_t *worker, edge_dns_question_t *question, edge_dns_type_t type,
                           edge_span_t name);
/* For the names of an address: PTR of 4.3.2.1.in-addr.arpa, or of the nibbles below ip6.arpa (RFC 3596 2.5). */
EDGE_API void edge_dns_ask_names(edge_worker_t *worker, edge_dns_question_t *question, edge_ipaddr_t address);
/* `answered` will not be called; a question that is not open is left alone. */
EDGE_API void edge_dns_cancel(edge_dns_question_t *question);
static inline bool edge_dns_is_open(const edge_dns_question_t *question) { return question->next != NULL; }

#endif
