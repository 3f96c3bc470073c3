/* Arbitrary answers of a next hop by HTTP: the reply is always of the outcome's class, and never long. */
#include <stdlib.h>

#include <apr_general.h>

#include "proto/http_outcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static edge_span_t take(edge_span_t *rest) {
    const char *end = rest->len > 0 ? memchr(rest->at, 0x1e, rest->len) : NULL;
    edge_span_t text = edge_span(rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len);
    *rest = edge_span_after(*rest, end != NULL ? text.len + 1 : text.len);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const unsigned classes[] = {[EDGE_RELAY_DEFERRED] = 4, [EDGE_RELAY_DONE] = 2, [EDGE_RELAY_FAILED] = 5};
    static apr_pool_t *pool;
    edge_http_answer_t answer = {0, EDGE_NO_SPAN, EDGE_NO_SPAN, EDGE_NO_SPAN};
    edge_reply_t reply;
    edge_relay_blame_t blame;
    edge_span_t rest = edge_span((const char *)data, size);
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    if (size < 2) {
        return 0;
    }
    answer.status = 100 + ((unsigned)data[0] * 256 + data[1]) % 500;
    rest = edge_span_after(rest, 2);
    answer.reason = take(&rest);
    answer.smtp_reply = take(&rest);
    answer.content = rest;
    edge_relay_outcome_t outcome = edge_http_outcome(&answer, pool, &reply, &blame);
    if (edge_reply_class(&reply) != classes[outcome] || reply.text.len > answer.reason.len + 300) {
        abort();
    }
    char text[4096];
    edge_reply_text(&reply, text, sizeof text);
    apr_pool_clear(pool);
    return 0;
}
