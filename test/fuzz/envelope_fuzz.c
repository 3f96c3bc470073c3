/* Arbitrary bytes as an envelope record: what is accepted must survive another round unchanged. */
#include <apr_general.h>
#include <stdlib.h>

#include "proto/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *pool;
    edge_envelope_t envelope, again;
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    if (edge_envelope_decode(edge_span((const char *)data, size), pool, &envelope) == NULL) {
        size_t len = edge_envelope_encoded_size(&envelope);
        char *bytes = malloc(len), *other = malloc(len);
        if (edge_envelope_encode(&envelope, bytes, len) != len ||
            edge_envelope_decode(edge_span(bytes, len), pool, &again) != NULL ||
            edge_envelope_encode(&again, other, len) != len || memcmp(bytes, other, len) != 0) {
            abort();
        }
        free(bytes);
        free(other);
    }
    apr_pool_clear(pool);
    return 0;
}
