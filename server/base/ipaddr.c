/* IP addresses as 16-byte values. */
#include "edge_ipaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static edge_ipaddr_t from_v4(const void *four) {
    edge_ipaddr_t address;
    memcpy(address.bytes, mapped, sizeof mapped);
    memcpy(address.bytes + sizeof mapped, four, 4);
    return address;
}

bool edge_ipaddr_parse(edge_span_t text, edge_ipaddr_t *address) {
    char copy[EDGE_IPADDR_TEXT];
    struct in_addr v4;
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.at, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        *address = from_v4(&v4);
        return true;
    }
    return inet_pton(AF_INET6, copy, address->bytes) == 1;
}

/* By hand: it stands in every question to a validator, and the C library prints it with a formatter. */
static void format_v4(const uint8_t *octets, char *out) {
    for (unsigned i = 0; i < 4; i++) {
        unsigned octet = octets[i];
        if (octet >= 100) {
            *out++ = (char)('0' + octet / 100);
        }
        if (octet >= 10) {
            *out++ = (char)('0' + octet / 10 % 10);
        }
        *out++ = (char)('0' + octet % 10);
        *out++ = i < 3 ? '.' : '\0';
    }
}

void edge_ipaddr_format(edge_ipaddr_t address, char out[EDGE_IPADDR_TEXT]) {
    if (edge_ipaddr_is_v4(address)) {
        format_v4(address.bytes + sizeof mapped, out);
    } else {
        inet_ntop(AF_INET6, address.bytes, out, EDGE_IPADDR_TEXT);
    }
}

bool edge_ipaddr_is_v4(edge_ipaddr_t address) { return memcmp(address.bytes, mapped, sizeof mapped) == 0; }

bool edge_ipaddr_is_loopback(edge_ipaddr_t address) {
    static const uint8_t loopback6[16] = {[15] = 1};
    if (edge_ipaddr_is_v4(address)) {
        return address.bytes[12] == 127;
    }
    return memcmp(address.bytes, loopback6, sizeof loopback6) == 0;
}

bool edge_ipaddr_is_private(edge_ipaddr_t address) {
    const uint8_t *v4 = address.bytes + 12, *v6 = address.bytes;
    if (edge_ipaddr_is_loopback(address)) {
        return true;
    }
    if (edge_ipaddr_is_v4(address)) {
        return v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16) || (v4[0] == 192 && v4[1] == 168) ||
               (v4[0] == 169 && v4[1] == 254) || (v4[0] == 100 && (v4[1] & 0xc0) == 64);
    }
    return (v6[0] & 0xfe) == 0xfc || (v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80);
}

bool edge_ipaddr_equal(edge_ipaddr_t a, edge_ipaddr_t b) { return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0; }

bool edge_ipaddr_in_network(edge_ipaddr_t address, edge_ipaddr_t network, unsigned bits) {
    unsigned whole = bits / 8, rest = bits % 8;
    if (bits > 128) {
        return false;
    }
    if (memcmp(address.bytes, network.bytes, whole) != 0) {
        return false;
    }
    return rest == 0 || (address.bytes[whole] ^ network.bytes[whole]) >> (8 - rest) == 0;
}

edge_ipaddr_t edge_ipaddr_network(edge_ipaddr_t address, unsigned bits) {
    unsigned whole = bits / 8;
    if (whole < sizeof address.bytes) {
        address.bytes[whole] &= (uint8_t)(0xff00u >> (bits % 8));
        memset(address.bytes + whole + 1, 0, sizeof address.bytes - whole - 1);
    }
    return address;
}

bool edge_ipaddr_parse_network(edge_span_t text, edge_ipaddr_t *address, unsigned *bits) {
    const char *slash = text.len > 0 ? memchr(text.at, '/', text.len) : NULL;
    edge_span_t front = edge_span(text.at, slash != NULL ? (size_t)(slash - text.at) : text.len);
    uint64_t number = 0;
    if (!edge_ipaddr_parse(front, address)) {
        return false;
    }
    unsigned before = edge_ipaddr_is_v4(*address) ? 96 : 0;
    *bits = 128;
    if (slash == NULL) {
        return true;
    }
    if (!edge_span_number(edge_span_after(text, front.len + 1), &number)) {
        return false;
    }
    /* "::ffff:192.0.2.0/120" counts from the front of what is written. */
    if (before > 0 && memchr(front.at, ':', front.len) != NULL && number >= before) {
        before = 0;
    }
    if (number < 1 || number > 128 - before) {
        return false;
    }
    *bits = (unsigned)number + before;
    *address = edge_ipaddr_network(*address, *bits);
    return true;
}

void edge_ipaddr_format_network(edge_ipaddr_t address, unsigned bits, char out[EDGE_IPADDR_NETWORK_TEXT]) {
    edge_ipaddr_format(address, out);
    size_t len = strlen(out);
    if (bits < 128) {
        snprintf(out + len, EDGE_IPADDR_NETWORK_TEXT - len, "/%u", edge_ipaddr_is_v4(address) ? bits - 96 : bits);
    }
}

bool edge_ipaddr_from_sockaddr(const struct sockaddr *from, edge_ipaddr_t *address, uint16_t *port) {
    if (from->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof v4);
        *address = from_v4(&v4.sin_addr);
        *port = ntohs(v4.sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof v6);
        memcpy(address->bytes, &v6.sin6_addr, sizeof address->bytes);
        *port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}
