/* Arbitrary bytes as a message: the scanner must tell the same in every cut, and agree with the reader. */
#include <apr_general.h>
#include <stdlib.h>

#include "proto/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan_cut(edge_header_scan_t *scan, edge_span_t text, size_t cut) {
    memset(scan, 0, sizeof *scan);
    while (text.len > 0) {
        size_t len = text.len < cut ? text.len : cut;
        edge_header_scan_feed(scan, edge_span(text.at, len));
        text = edge_span_after(text, len);
    }
    edge_header_scan_end(scan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *pool;
    edge_header_scan_t whole, pieces;
    edge_header_field_t field;
    unsigned fields = 0;
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    edge_span_t text = edge_span((const char *)data, size), rest = text;
    scan_cut(&whole, text, size + 1);
    scan_cut(&pieces, text, size % 7 + 1);
    if (whole.size != pieces.size || whole.none != pieces.none || whole.received != pieces.received ||
        whole.has != pieces.has || whole.fields != pieces.fields ||
        !edge_span_equal(edge_header_scan_message_id(&whole), edge_header_scan_message_id(&pieces)) ||
        whole.size > size) {
        abort();
    }
    while (edge_header_next(&rest, &field)) {
        fields++;
        edge_header_value(&field, pool);
    }
    if (fields != whole.fields) {
        abort();
    }
    apr_pool_clear(pool);
    return 0;
}
