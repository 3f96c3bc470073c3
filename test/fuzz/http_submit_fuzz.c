/* Any head as an envelope; encoded words among it. */
#include <apr_general.h>

#include "proto/http_submit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const edge_http_names_t names = {EDGE_SPAN("X-Ehlo"), EDGE_SPAN("X-Sender"), EDGE_SPAN("X-Recipient")};
    static apr_pool_t *pool;
    edge_http1_field_t fields[64];
    edge_http1_head_t head = {.fields = fields, .room = 64};
    edge_http_submit_t submit;
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    if (edge_http1_request(&head, edge_span((const char *)data, size)) == EDGE_HTTP1_DONE) {
        edge_http_submit_is_path(head.target, edge_span_of("/email"));
        edge_http_submit_read(&head, &names, pool, &submit);
        edge_http_submit_plain(edge_http1_field(&head, "authorization", 0), pool);
    }
    apr_pool_clear(pool);
    return 0;
}
