/* Arbitrary bytes as a request and as a response: the same outcome whole and in pieces, and spans inside the input. */
#include <stdlib.h>

#include "proto/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(edge_span_t span, edge_span_t input) {
    if (span.at != NULL && (span.at < input.at || span.at + span.len > input.at + input.len)) {
        abort();
    }
}

static void check(edge_http1_state_t (*parse)(edge_http1_head_t *, edge_span_t), edge_span_t input, size_t step) {
    edge_http1_field_t fields[8], others[8];
    edge_http1_head_t whole = {.fields = fields, .room = 8}, pieces = {.fields = others, .room = 8};
    edge_http1_state_t first = parse(&whole, input), second = EDGE_HTTP1_MORE;
    for (size_t shown = 0; second == EDGE_HTTP1_MORE && shown < input.len;) {
        shown = shown + step < input.len ? shown + step : input.len;
        second = parse(&pieces, edge_span(input.at, shown));
    }
    if (first != second || whole.wrong != pieces.wrong || whole.status != pieces.status ||
        whole.count != pieces.count) {
        abort();
    }
    if (first != EDGE_HTTP1_DONE) {
        return;
    }
    if (whole.size != pieces.size || whole.size > input.len || (whole.chunked && whole.has_length)) {
        abort();
    }
    for (unsigned i = 0; i < whole.count; i++) {
        inside(whole.fields[i].name, edge_span(input.at, whole.size));
        inside(whole.fields[i].value, edge_span(input.at, whole.size));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_span_t input = edge_span((const char *)data, size);
    check(edge_http1_request, input, size % 5 + 1);
    check(edge_http1_response, input, size % 3 + 1);
    return 0;
}
