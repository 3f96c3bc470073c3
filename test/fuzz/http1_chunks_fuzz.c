/* Arbitrary bytes as chunked content: the same content and outcome whole and octet by octet. */
#include <stdlib.h>

#include "proto/http1_chunks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct outcome {
    edge_http1_chunks_state_t state;
    size_t content, eaten;
    unsigned sum;
} outcome_t;

static outcome_t decode(edge_span_t text, size_t cut) {
    edge_http1_chunks_t chunks = {0};
    outcome_t outcome = {EDGE_HTTP1_CHUNKS_MORE, 0, 0, 0};
    while (outcome.state == EDGE_HTTP1_CHUNKS_MORE && outcome.eaten < text.len) {
        size_t left = text.len - outcome.eaten, step = left < cut ? left : cut;
        edge_span_t input = edge_span(text.at + outcome.eaten, step), data;
        while ((outcome.state = edge_http1_chunks_next(&chunks, &input, &data)) == EDGE_HTTP1_CHUNKS_DATA) {
            for (size_t i = 0; i < data.len; i++) {
                outcome.sum = outcome.sum * 31 + (unsigned char)data.at[i];
            }
            outcome.content += data.len;
        }
        outcome.eaten += step - input.len;
    }
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_span_t text = edge_span((const char *)data, size);
    outcome_t whole = decode(text, size + 1), octets = decode(text, 1);
    if (whole.state != octets.state || whole.content != octets.content || whole.eaten != octets.eaten ||
        whole.sum != octets.sum) {
        abort();
    }
    return 0;
}
