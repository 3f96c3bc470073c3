/* Fuzzes the list of addresses of a header field: it ends, stays in its buffer, and gives nothing that is no address. */
#include "edge_obj.h"
#include "proto/address.h"
#include "proto/address_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static edge_address_list_t found;
    edge_span_t value = edge_span((const char *)data, size);
    edge_address_list_result_t result;
    size_t left = value.len + 1;
    while ((result = edge_address_list_next(&value, &found)) != EDGE_ADDRESS_LIST_END) {
        edge_address_t address;
        EDGE_ASSERT(value.len < left && found.address.len <= EDGE_ADDRESS_LIST_MOST);
        left = value.len;
        bool whole = edge_address_mailbox(found.address, &address);
        EDGE_ASSERT(result == EDGE_ADDRESS_LIST_BAD || whole || !memchr(found.address.at, '@', found.address.len));
        if (result == EDGE_ADDRESS_LIST_ADDRESS)
            EDGE_ASSERT(!memchr(found.address.at, '\n', found.address.len) &&
                        !memchr(found.address.at, '\r', found.address.len));
    }
    return 0;
}
