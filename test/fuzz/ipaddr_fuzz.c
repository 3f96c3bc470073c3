/* Arbitrary bytes as an IP address: what is accepted prints as text that means the same. */
#include "edge_ipaddr.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    edge_ipaddr_t address, again;
    char text[EDGE_IPADDR_TEXT];
    if (edge_ipaddr_parse(edge_span((const char *)data, size), &address)) {
        edge_ipaddr_format(address, text);
        if (!edge_ipaddr_parse(edge_span_of(text), &again) || !edge_ipaddr_equal(address, again)) {
            abort();
        }
    }
    return 0;
}
