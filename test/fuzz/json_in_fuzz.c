/* Arbitrary bytes as JSON: what is read lies inside the document, and its parts can be read again by themselves. */
#include <apr_general.h>
#include <stdlib.h>

#include "proto/json_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const edge_json_value_t *value, edge_span_t document, apr_pool_t *pool, unsigned depth) {
    unsigned count = 0;
    if (value->raw.at < document.at || value->raw.at + value->raw.len > document.at + document.len) {
        abort();
    }
    if (depth < 2 && edge_json_in_read(value->raw, pool, NULL, NULL) == NULL) {
        abort();
    }
    for (const edge_json_value_t *part = value->first; part != NULL; part = part->next) {
        check(part, document, pool, depth + 1);
        count++;
    }
    if (count != value->count) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *pool;
    edge_span_t document = edge_span((const char *)data, size);
    size_t at = 0;
    const char *wrong;
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    const edge_json_value_t *value = edge_json_in_read(document, pool, &wrong, &at);
    if ((value == NULL) == (wrong == NULL) || at > size) {
        abort();
    }
    if (value != NULL) {
        check(value, document, pool, 0);
    }
    apr_pool_clear(pool);
    return 0;
}
