/*
 * What a MIME part's header says of its body (RFC 2045 5, 6).
 *
 * Concept:  the values of Content-Type and Content-Transfer-Encoding, unfolded or not;
 *           comments are skipped.
 * Owner:    plain values.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   what cannot be read is a type without a known meaning.
 */
#ifndef EDGE_PROTO_MIME_FIELD_H
#define EDGE_PROTO_MIME_FIELD_H

#include "edge_base.h"

#define EDGE_MIME_BOUNDARY_MOST 70 /* RFC 2046 5.1.1 */

typedef enum edge_mime_type {
    EDGE_MIME_TEXT,
    EDGE_MIME_OTHER,
    EDGE_MIME_MULTIPART,
    EDGE_MIME_DIGEST,  /* a multipart whose parts are messages, unless they say otherwise */
    EDGE_MIME_SEALED,  /* a multipart that is signed or encrypted: nobody may change its parts (RFC 1847 2.1) */
    EDGE_MIME_MESSAGE, /* has a header of its own */
    EDGE_MIME_FRAGMENT /* message/partial, message/external-body: nothing of it may be encoded (RFC 2046 5.2) */
} edge_mime_type_t;

typedef enum edge_mime_encoding {
    EDGE_MIME_7BIT, /* or nothing is said */
    EDGE_MIME_8BIT,
    EDGE_MIME_BINARY,
    EDGE_MIME_ENCODED /* quoted-printable, base64, or one that is not known */
} edge_mime_encoding_t;

typedef struct edge_mime_content {
    edge_mime_type_t type;
    char boundary[EDGE_MIME_BOUNDARY_MOST + 1]; /* "": none, or one that is none */
} edge_mime_content_t;

/* The value of Content-Type, behind the colon. */
EDGE_API void edge_mime_content_read(edge_span_t value, edge_mime_content_t *content);
/* The value of Content-Transfer-Encoding. */
EDGE_API edge_mime_encoding_t edge_mime_encoding_read(edge_span_t value);

#endif
