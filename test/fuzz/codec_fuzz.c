/* Arbitrary bytes as base 64: what is accepted has exactly one spelling, and every input comes back from its coding. */
#include "edge_codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_span_t in = edge_span((const char *)data, size);
    size_t text_size = EDGE_BASE64_SIZE(size), len = 0;
    char *decoded = malloc(size / 4 * 3 + 1), *text = malloc(text_size + 1), *back = malloc(text_size / 4 * 3 + 1);
    if (edge_base64_decode(in, decoded, size / 4 * 3, &len)) {
        size_t again = edge_base64_encode(edge_span(decoded, len), text, text_size);
        if (again != size || memcmp(text, data, size) != 0) {
            abort();
        }
    }
    edge_base64_encode(in, text, text_size);
    if (!edge_base64_decode(edge_span(text, text_size), back, text_size / 4 * 3, &len) || len != size ||
        memcmp(back, data, size) != 0) {
        abort();
    }
    if (edge_crc32c(7, data, size) != edge_crc32c_by_table(7, data, size)) {
        abort();
    }
    free(decoded);
    free(text);
    free(back);
    return 0;
}
