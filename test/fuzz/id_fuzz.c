/* Arbitrary bytes as a UUID or a number: what is accepted has that value when written again. */
#include "edge_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_span_t in = edge_span((const char *)data, size);
    edge_uuid_t id;
    uint64_t number;
    char text[EDGE_UUID_TEXT];
    if (edge_uuid_parse(in, &id)) {
        edge_uuid_format(id, text);
        if (!edge_span_equal_nocase(in, edge_span_of(text))) {
            abort();
        }
    }
    if (edge_span_number(in, &number)) {
        snprintf(text, sizeof text, "%" PRIu64, number);
        while (in.len > 1 && in.at[0] == '0') {
            in = edge_span_after(in, 1);
        }
        if (!edge_span_equal(in, edge_span_of(text))) {
            abort();
        }
    }
    return 0;
}
