/* Arbitrary bytes as a path: what is accepted is accepted again by itself, and lies in the text. */
#include <stdlib.h>

#include "edge_utf8.h"
#include "proto/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) ((condition) ? (void)0 : abort())

static void check(edge_span_t text, edge_address_path_kind_t kind) {
    edge_span_t rest = text;
    edge_address_t address, again;
    if (!edge_address_path(&rest, kind, &address)) {
        MUST(rest.at == text.at && rest.len == text.len);
        return;
    }
    MUST(rest.at[-1] == '>' && rest.at + rest.len == text.at + text.len);
    MUST(address.mailbox.at > text.at && address.mailbox.at + address.mailbox.len == rest.at - 1);
    MUST(edge_utf8_valid(address.mailbox));
    for (size_t i = 0; i < address.mailbox.len; i++)
        MUST((unsigned char)address.mailbox.at[i] >= ' ' && address.mailbox.at[i] != 0x7f);
    if (!address.domain.at) {
        MUST(address.mailbox.len == (kind == EDGE_ADDRESS_REVERSE ? 0 : 10));
        return;
    }
    MUST(address.mailbox.len == address.local.len + 1 + address.domain.len);
    MUST(edge_address_mailbox(address.mailbox, &again) && again.local.len == address.local.len);
    MUST(edge_address_domain(address.domain) != edge_address_literal(address.domain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size + 1);
    if (size)
        memcpy(copy, data, size);
    check(edge_span(copy, size), EDGE_ADDRESS_REVERSE);
    check(edge_span(copy, size), EDGE_ADDRESS_FORWARD);
    free(copy);
    return 0;
}
