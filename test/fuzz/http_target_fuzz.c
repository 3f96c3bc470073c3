/* Arbitrary bytes as a request target: nothing is read outside, nothing decodes to a control byte. */
#include <apr_general.h>
#include <stdlib.h>

#include "proto/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(edge_span_t text, apr_pool_t *pool) {
    edge_span_t decoded = edge_http_target_decode(text, pool);
    for (size_t i = 0; i < decoded.len; i++) {
        if ((unsigned char)decoded.at[i] < ' ' || decoded.at[i] == 0x7f) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *pool;
    edge_span_t path, query, name, value, pieces[2];
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    if (edge_http_target_split(edge_span((const char *)data, size), &path, &query)) {
        check(path, pool);
        while (edge_http_target_next(&query, &name, &value)) {
            check(name, pool);
            check(value, pool);
        }
        int count = edge_http_target_match("/queue/{id}/{part}", path, pieces, 2);
        for (int i = 0; i < count; i++) {
            if (pieces[i].len == 0 || memchr(pieces[i].at, '/', pieces[i].len) != NULL) {
                abort();
            }
        }
    }
    apr_pool_clear(pool);
    return 0;
}
