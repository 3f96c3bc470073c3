/*
 * Transfer encodings as they are written, octet by octet (RFC 2045 6.7, 6.8).
 *
 * Concept:  the caller puts octets and line ends; encoded text grows in a buffer of
 *           the caller's, who sees to it that there is room: EDGE_MIME_ENCODE_MOST
 *           octets for each octet that is put, and for an end.
 * Owner:    the caller; plain values.
 * Threads:  one at a time.
 * Lifetime: one part.
 * Errors:   none.
 */
#ifndef EDGE_PROTO_MIME_ENCODE_H
#define EDGE_PROTO_MIME_ENCODE_H

#include "edge_base.h"

#define EDGE_MIME_ENCODE_MOST 12

typedef struct edge_mime_encode {
    char *at; /* what has been written, and how much */
    size_t len;
    unsigned column;
    int held; /* quoted-printable: a blank that may be the last of its line; 0: none */
    uint8_t group[3];
    unsigned grouped; /* base64: octets of a group that is not whole */
} edge_mime_encode_t;

/* Into `at`, from its first octet on; a part begins. */
EDGE_API void edge_mime_encode_begin(edge_mime_encode_t *encode);

EDGE_API void edge_mime_quote_octet(edge_mime_encode_t *encode, char octet);
/* The end of a line of text. */
EDGE_API void edge_mime_quote_line(edge_mime_encode_t *encode);
/* The end of the part, which is not the end of a line. */
EDGE_API void edge_mime_quote_end(edge_mime_encode_t *encode);

EDGE_API void edge_mime_base64_octet(edge_mime_encode_t *encode, char octet);
/* The last group; the last line is left open. */
EDGE_API void edge_mime_base64_end(edge_mime_encode_t *encode);

#endif
