/* Lines have 76 characters at most, a soft break included. */
#include "proto/mime_encode.h"

#include "edge_codec.h"

#define LINE_MOST 76u

static void put(edge_mime_encode_t *encode, const char *text, size_t len) {
    memcpy(encode->at + encode->len, text, len);
    encode->len += len;
}

void edge_mime_encode_begin(edge_mime_encode_t *encode) {
    encode->column = encode->grouped = 0;
    encode->held = 0;
}

/* Quoted-printable */

static bool stands_for_itself(unsigned char c) { return c >= '!' && c <= '~' && c != '='; }

/* True: a soft break was needed. */
static bool make_room(edge_mime_encode_t *encode, unsigned len) {
    if (encode->column + len <= LINE_MOST - 1)
        return false;
    put(encode, "=\r\n", 3);
    encode->column = 0;
    return true;
}

static void put_unit(edge_mime_encode_t *encode, const char *text, unsigned len) {
    make_room(encode, len);
    put(encode, text, len);
    encode->column += len;
}

static void put_escaped(edge_mime_encode_t *encode, unsigned char c) {
    static const char digits[] = "0123456789ABCDEF";
    char text[3] = {'=', digits[c >> 4], digits[c & 15]};
    put_unit(encode, text, 3);
}

static void put_held(edge_mime_encode_t *encode, bool last) {
    char c = (char)encode->held;
    encode->held = 0;
    if (c && last)
        put_escaped(encode, (unsigned char)c);
    else if (c)
        put_unit(encode, &c, 1);
}

/* A line that begins with a hyphen only because it was broken there could be taken for a boundary. */
static void put_itself(edge_mime_encode_t *encode, char c) {
    if (make_room(encode, 1) && c == '-')
        put_escaped(encode, (unsigned char)c);
    else
        put_unit(encode, &c, 1);
}

void edge_mime_quote_octet(edge_mime_encode_t *encode, char octet) {
    put_held(encode, false);
    if (octet == ' ' || octet == '\t')
        encode->held = octet;
    else if (stands_for_itself((unsigned char)octet))
        put_itself(encode, octet);
    else
        put_escaped(encode, (unsigned char)octet);
}

void edge_mime_quote_line(edge_mime_encode_t *encode) {
    put_held(encode, true);
    put(encode, "\r\n", 2);
    encode->column = 0;
}

void edge_mime_quote_end(edge_mime_encode_t *encode) { put_held(encode, true); }

/* Base 64 */

static void put_group(edge_mime_encode_t *encode) {
    char text[EDGE_BASE64_SIZE(3) + 1];
    edge_base64_encode(edge_span((const char *)encode->group, encode->grouped), text, sizeof(text));
    if (encode->column == LINE_MOST) {
        put(encode, "\r\n", 2);
        encode->column = 0;
    }
    put(encode, text, 4);
    encode->column += 4;
    encode->grouped = 0;
}

void edge_mime_base64_octet(edge_mime_encode_t *encode, char octet) {
    encode->group[encode->grouped++] = (uint8_t)octet;
    if (encode->grouped == sizeof(encode->group))
        put_group(encode);
}

void edge_mime_base64_end(edge_mime_encode_t *encode) {
    if (encode->grouped > 0)
        put_group(encode);
}
