/* Domain names as text. */
#include "proto/dns_name.h"

#define LABEL_MOST 63

static char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter; }

bool edge_dns_name_read(edge_span_t text, edge_dns_name_t *name) {
    size_t label = 0;
    if (text.len > 0 && text.at[text.len - 1] == '.')
        text.len--;
    if (text.len == 0 || text.len > EDGE_DNS_NAME_MOST)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char octet = text.at[i];
        if (octet == '.' ? label == 0 : octet <= ' ' || octet >= 0x7f || octet == '\\' || label == LABEL_MOST)
            return false;
        label = octet == '.' ? 0 : label + 1;
        name->text[i] = lower(octet);
    }
    name->text[text.len] = '\0';
    name->len = text.len;
    return label > 0;
}

static void add_octet(edge_dns_name_t *name, unsigned octet) {
    if (octet >= 100)
        name->text[name->len++] = (char)('0' + octet / 100);
    if (octet >= 10)
        name->text[name->len++] = (char)('0' + octet / 10 % 10);
    name->text[name->len++] = (char)('0' + octet % 10);
    name->text[name->len++] = '.';
}

static void add_nibble(edge_dns_name_t *name, unsigned nibble) {
    name->text[name->len++] = "0123456789abcdef"[nibble];
    name->text[name->len++] = '.';
}

bool edge_dns_name_of_address(edge_ipaddr_t address, edge_span_t zone, edge_dns_name_t *name) {
    unsigned first = edge_ipaddr_is_v4(address) ? 12 : 0;
    name->len = 0;
    for (unsigned i = 16; i > first; i--) {
        unsigned octet = address.bytes[i - 1];
        if (first) {
            add_octet(name, octet);
        } else {
            add_nibble(name, octet & 15u);
            add_nibble(name, octet >> 4);
        }
    }
    if (zone.len == 0) {
        name->text[--name->len] = '\0';
        return true;
    }
    if (zone.len > EDGE_DNS_NAME_MOST - name->len)
        return false;
    memcpy(name->text + name->len, zone.at, zone.len);
    name->len += zone.len;
    name->text[name->len] = '\0';
    return true;
}

void edge_dns_name_reverse(edge_ipaddr_t address, edge_dns_name_t *name) {
    edge_span_t zone = edge_span_of(edge_ipaddr_is_v4(address) ? "in-addr.arpa" : "ip6.arpa");
    (void)edge_dns_name_of_address(address, zone, name); /* always fits */
}
