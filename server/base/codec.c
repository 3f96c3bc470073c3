/* Base 64 (RFC 4648 4) and hexadecimal. */
#include "edge_codec.h"
#include "edge_obj.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t edge_base64_encode(edge_span_t in, char *out, size_t size) {
    size_t need = EDGE_BASE64_SIZE(in.len);
    const unsigned char *from = (const unsigned char *)in.at;
    EDGE_ASSERT(size >= need);
    while (in.len > 0) {
        size_t some = in.len < 3 ? in.len : 3;
        uint32_t bits = (uint32_t)from[0] << 16;
        bits |= some > 1 ? (uint32_t)from[1] << 8 : 0;
        bits |= some > 2 ? from[2] : 0;
        out[0] = base64_digits[bits >> 18];
        out[1] = base64_digits[bits >> 12 & 63];
        out[2] = some > 1 ? base64_digits[bits >> 6 & 63] : '=';
        out[3] = some > 2 ? base64_digits[bits & 63] : '=';
        out += 4;
        from += some;
        in.len -= some;
    }
    return need;
}

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The last group of four may end in one or two '='; returns how many bytes a group holds. */
static size_t group_bytes(const char *group, bool last) {
    if (!last || group[3] != '=') {
        return 3;
    }
    return group[2] == '=' ? 1 : 2;
}

bool edge_base64_decode(edge_span_t in, char *out, size_t size, size_t *len) {
    size_t done = 0;
    EDGE_ASSERT(size >= in.len / 4 * 3);
    if (in.len % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < in.len; i += 4) {
        size_t bytes = group_bytes(in.at + i, i + 4 == in.len);
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            int value = k <= bytes ? base64_value(in.at[i + k]) : 0;
            if (value < 0) {
                return false;
            }
            bits = bits << 6 | (uint32_t)value;
        }
        /* One spelling only: bits that carry nothing must be zero. */
        if ((bits & ((UINT32_C(1) << (8 * (3 - bytes))) - 1)) != 0) {
            return false;
        }
        for (size_t k = 0; k < bytes; k++) {
            out[done++] = (char)(bits >> (16 - 8 * k) & 255);
        }
    }
    *len = done;
    return true;
}

void edge_hex_encode(edge_span_t in, char *out, size_t size) {
    static const char digits[] = "0123456789abcdef";
    EDGE_ASSERT(size >= in.len * 2);
    for (size_t i = 0; i < in.len; i++) {
        unsigned char c = (unsigned char)in.at[i];
        out[2 * i] = digits[c >> 4];
        out[2 * i + 1] = digits[c & 15];
    }
}
