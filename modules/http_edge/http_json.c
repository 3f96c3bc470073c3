/* The document of an answer for clients that ask for JSON: an id, or a problem (RFC 9457), and what each recipient was told. */
#include "http_edge.h"

#include <apr_strings.h>

#include "edge_json.h"
#include "proto/http1_write.h"

static void put_text_of(edge_json_t *json, const char *key, const edge_reply_t *reply, apr_pool_t *pool) {
    size_t len = edge_reply_text(reply, NULL, 0);
    char *text = apr_palloc(pool, len + 1);
    edge_reply_text(reply, text, len);
    edge_json_put_text(json, key, edge_span(text, len), 0);
}

/* "code": 550, "enhanced": "5.7.1", "message": "..." */
static void put_reply(edge_json_t *json, const edge_reply_t *reply, apr_pool_t *pool) {
    edge_json_put_number(json, "code", reply->code);
    edge_json_put_string(json, "enhanced",
                         reply->subject == EDGE_NO_ENHANCED
                             ? NULL
                             : apr_psprintf(pool, "%u.%u.%u", edge_reply_class(reply), reply->subject, reply->detail));
    put_text_of(json, "message", reply, pool);
}

static void put_recipients(edge_json_t *json, const http_request_t *request) {
    edge_json_key(json, "recipients");
    edge_json_array(json);
    for (unsigned i = 0; i < request->cursor; i++) {
        edge_json_object(json);
        edge_json_put_text(json, "address", request->submit.recipients[i].address, 0);
        put_reply(json, &request->results[i], request->pool);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_problem(edge_json_t *json, unsigned status, edge_span_t reason) {
    edge_json_put_string(json, "type", "about:blank");
    edge_json_put_string(json, "title", edge_http1_reason(status));
    edge_json_put_number(json, "status", (int64_t)status);
    edge_json_put_text(json, "detail", reason, 0);
}

edge_span_t http_json_answer(const http_request_t *request, unsigned status, edge_span_t reason,
                             const edge_reply_t *reply) {
    edge_json_t json;
    edge_json_start(&json, request->pool, 512);
    edge_json_object(&json);
    if (status >= 400)
        put_problem(&json, status, reason);
    else
        edge_json_put_string(&json, "id", request->id);
    if (reply)
        put_reply(&json, reply, request->pool);
    if (request->cursor > 0)
        put_recipients(&json, request);
    edge_json_object_end(&json);
    return edge_span(json.text, json.len);
}
