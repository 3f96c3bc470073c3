/*
 * What an answer by HTTP means for a message that was posted.
 *
 * Concept:  2xx: the other side is responsible. 408, 425, 429 and 5xx: later. 401 and
 *           407 too, since wrong credentials are our trouble and not the sender's, and
 *           3xx, which is not followed. Other 4xx: never. Where the answer carries
 *           X-Smtp-Reply ("550 5.1.1", as edged's own edge sends it) that fits the
 *           status, code and enhanced code are taken from it and the reason phrase is
 *           its text.
 * Owner:    texts are made in the caller's pool.
 * Threads:  any.
 * Lifetime: that of the pool.
 * Errors:   none; what cannot be read is left out.
 */
#ifndef EDGE_PROTO_HTTP_OUTCOME_H
#define EDGE_PROTO_HTTP_OUTCOME_H

#include "edge_relay_result.h"
#include "edge_reply.h"

typedef struct edge_http_answer {
    unsigned status;        /* 100 to 599 */
    edge_span_t reason;     /* of the status line; absent in HTTP/2 */
    edge_span_t smtp_reply; /* X-Smtp-Reply; absent without it */
    edge_span_t content;    /* its beginning */
} edge_http_answer_t;

/* The reply is of the outcome's class; its text is literal. */
EDGE_API edge_relay_outcome_t edge_http_outcome(const edge_http_answer_t *answer, apr_pool_t *pool, edge_reply_t *reply,
                                                edge_relay_blame_t *blame);

#endif
