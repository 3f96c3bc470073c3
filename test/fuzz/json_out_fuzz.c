/* Arbitrary bytes as a JSON string: the result is valid UTF-8 on one line, with quotes at its ends only. */
#include "edge_json.h"
#include "edge_utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(edge_span_t text) {
    if (text.len < 2 || text.at[0] != '"' || text.at[text.len - 1] != '"' || !edge_utf8_valid(text)) {
        abort();
    }
    for (size_t i = 1; i < text.len - 1; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < 0x20 || c == '"' || c == 0x7f) {
            abort();
        }
        if (c == '\\') {
            i++; /* the escaped character */
            if (i == text.len - 1) {
                abort();
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t space = size * 6 + 64;
    char *buffer = malloc(space);
    edge_span_t in = edge_span((const char *)data, size);
    edge_json_t json;
    edge_json_start_fixed(&json, buffer, space);
    edge_json_text(&json, in, 0);
    if (json.overflow) {
        abort();
    }
    check(edge_span(json.text, json.len));
    edge_json_start_fixed(&json, buffer, space);
    edge_json_text(&json, in, size / 2 + 1);
    check(edge_span(json.text, json.len));
    edge_json_start_fixed(&json, buffer, size < space ? size : space);
    edge_json_text(&json, in, 0);
    free(buffer);
    return 0;
}
