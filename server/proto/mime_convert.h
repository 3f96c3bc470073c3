/*
 * A message made fit for a host that does not take all of its octets (RFC 6152 3, RFC 3030 4).
 *
 * Concept:  the message is read twice. The first time, the survey, learns what its parts
 *           hold, and whether and how each of them has to be encoded; the second time
 *           the same parts come out as they were, or in quoted-printable or base64 with
 *           a header that says so. Nothing else changes. What is signed or encrypted is
 *           never touched.
 *
 *             edge_mime_convert_begin(&convert, EDGE_MIME_TO_7BIT);
 *             feed all, then edge_mime_convert_end      the survey
 *             convert.why == NULL                       it can be converted
 *             edge_mime_convert_again(&convert);
 *             feed all, then end; after each, `out` is what comes out
 *
 *           A notice of our own has to arrive, whatever it returns: with `lossy` nothing
 *           stands against a conversion, and what cannot be encoded becomes '?'.
 * Owner:    the caller; a plain value of some twenty kilobytes, whatever the message.
 * Threads:  one at a time.
 * Lifetime: one message.
 * Errors:   `why`.
 */
#ifndef EDGE_PROTO_MIME_CONVERT_H
#define EDGE_PROTO_MIME_CONVERT_H

#include "proto/mime_encode.h"
#include "proto/mime_field.h"

#define EDGE_MIME_PARTS_MOST 1000
#define EDGE_MIME_DEPTH_MOST 20
#define EDGE_MIME_LINE_MOST 1000  /* octets looked at together: a line that is longer is no line of SMTP */
#define EDGE_MIME_FIELD_MOST 2048 /* octets of a Content-Type that are read */

typedef enum edge_mime_target {
    EDGE_MIME_TO_7BIT,
    EDGE_MIME_TO_8BIT /* of binary content */
} edge_mime_target_t;

typedef struct edge_mime_level {
    char boundary[EDGE_MIME_BOUNDARY_MOST + 1];
    bool digest;
    bool sealed; /* it, or one around it, is signed or encrypted */
} edge_mime_level_t;

typedef struct edge_mime_convert {
    /* What the survey has found. */
    const char *why;   /* it cannot be converted, because of this; NULL: it can */
    bool eight;        /* octets over 127, anywhere */
    bool header_eight; /* in headers, the message's own or those of parts */
    bool binary;       /* NUL, bare CR or LF, or a line over 998 octets */
    edge_span_t out;   /* while it is converted: what the last feed or end has brought */
    /* Private. */
    edge_mime_target_t target;
    bool lossy;
    bool converting, mime; /* MIME-Version was there */
    uint8_t state;
    unsigned part; /* parts whose header has begun */
    uint8_t actions[EDGE_MIME_PARTS_MOST];
    edge_mime_level_t levels[EDGE_MIME_DEPTH_MOST];
    unsigned depth;
    /* The part that is being read. */
    edge_mime_content_t content;
    edge_mime_encoding_t encoding;
    bool message, has_type;          /* its header is of a message; it says what it is */
    bool eol;                        /* the end of a line that may belong to a boundary */
    uint64_t octets, escapes;        /* of a body */
    bool nul, bare, long_line, over; /* in it: `over`: an octet over 127 */
    /* The field that is being read, and the line. */
    uint8_t field;
    size_t field_len;
    bool field_cut;
    char field_text[EDGE_MIME_FIELD_MOST];
    char line[EDGE_MIME_LINE_MOST + 2];
    size_t line_len;
    bool line_goes_on; /* this is not its first piece */
    edge_mime_encode_t encode;
    char room[(EDGE_MIME_LINE_MOST + 16) * EDGE_MIME_ENCODE_MOST];
} edge_mime_convert_t;

EDGE_API void edge_mime_convert_begin(edge_mime_convert_t *convert, edge_mime_target_t target, bool lossy);
/* After the survey, whose `why` is NULL. */
EDGE_API void edge_mime_convert_again(edge_mime_convert_t *convert);
/* Eats some of it, at least an octet; returns how much. */
EDGE_API size_t edge_mime_convert_feed(edge_mime_convert_t *convert, edge_span_t bytes);
EDGE_API void edge_mime_convert_end(edge_mime_convert_t *convert);

#endif
