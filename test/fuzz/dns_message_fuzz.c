/* Arbitrary octets as the answer of a name server: the first says which type was asked for, the rest is the message. What is
 * read is within its bounds, in plain form, and the same when it is read again. */
#include "proto/dns_message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_record(const edge_dns_reading_t *reading, edge_dns_type_t type, const edge_dns_record_t *record) {
    edge_dns_name_t name;
    bool has_text = type == EDGE_DNS_MX || type == EDGE_DNS_PTR || type == EDGE_DNS_TXT;
    require(has_text == (record->text.at != NULL));
    if (!has_text)
        return;
    require(record->text.at >= reading->texts &&
            record->text.at + record->text.len < reading->texts + sizeof(reading->texts));
    require(record->text.at[record->text.len] == '\0');
    if (type != EDGE_DNS_TXT && record->text.len > 0)
        require(edge_dns_name_read(record->text, &name) && edge_span_equal(record->text, edge_dns_name_span(&name)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const edge_dns_type_t types[] = {EDGE_DNS_A, EDGE_DNS_PTR, EDGE_DNS_MX, EDGE_DNS_TXT, EDGE_DNS_AAAA};
    static edge_dns_reading_t reading, again;
    edge_dns_name_t name;
    if (size == 0)
        return 0;
    edge_dns_type_t type = types[data[0] % EDGE_COUNT(types)];
    edge_span_t message = edge_span((const char *)data + 1, size - 1);
    require(edge_dns_name_read(edge_span_of("mx.example"), &name));
    edge_dns_message_read(message, type, &name, &reading);
    require((reading.outcome == EDGE_DNS_FOUND) == (reading.count > 0));
    require(reading.count <= EDGE_DNS_RECORDS_MOST && reading.outcome != EDGE_DNS_LIMITED);
    require((reading.outcome == EDGE_DNS_FAILED) == (*reading.trouble != '\0'));
    for (unsigned i = 0; i < reading.count; i++)
        check_record(&reading, type, &reading.records[i]);
    edge_dns_message_read(message, type, &name, &again);
    require(again.outcome == reading.outcome && again.count == reading.count && again.ttl == reading.ttl);
    return 0;
}
