/* Arbitrary client text in the trace fields: no line break, control byte or further field may come of it. */
#include <stdlib.h>

#include "proto/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Texts are separated by 0x1e; behind the last they are empty. */
static edge_span_t take(edge_span_t *rest) {
    const char *end = rest->len > 0 ? memchr(rest->at, 0x1e, rest->len) : NULL;
    edge_span_t text = edge_span(rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len);
    *rest = edge_span_after(*rest, end != NULL ? text.len + 1 : text.len);
    return text;
}

static void check(const char *at, const char *end, unsigned fields) {
    size_t column = 0;
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if (column == 0 && c != '\t' && fields-- == 0) {
            abort();
        }
        if (c == '\r') {
            if (++at == end || *at != '\n' || column == 0) {
                abort();
            }
            column = 0;
        } else if ((c < ' ' && !(c == '\t' && column == 0)) || c == 0x7f || ++column > 998) {
            abort();
        } else if (c == '\t') {
            column = 1;
        }
    }
    if (column != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char out[EDGE_TRACE_MOST];
    edge_span_t rest = edge_span((const char *)data, size);
    edge_recipient_t recipient = {.address = take(&rest)};
    edge_envelope_t envelope = {.recipients = &recipient, .recipient_count = 1, .sender = take(&rest)};
    envelope.client.ehlo = take(&rest);
    envelope.client.ip = take(&rest);
    envelope.client.protocol = take(&rest);
    envelope.client.receiver = take(&rest);
    envelope.client.tls_version = take(&rest);
    envelope.client.tls_cipher = take(&rest);
    check(out,
          out + edge_trace_write(&envelope, EDGE_TRACE_FROM | EDGE_TRACE_DATE | EDGE_TRACE_MESSAGE_ID, out, sizeof out),
          4);
    return 0;
}
