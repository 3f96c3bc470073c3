/*
 * Heads of HTTP/1.0 and HTTP/1.1 messages (RFC 9110, RFC 9112).
 *
 * Concept:  a head is parsed when it is whole; until then the parser asks for more and
 *           remembers how far it has looked. It is strict where leniency lets two
 *           readers see two messages: lines end in CRLF only, no folded fields, no blank
 *           before a colon, no control bytes, one length or one chunked coding and never
 *           both. Requests are for servers, responses for our own tools and clients.
 * Owner:    the caller owns the input, the head and its array of fields.
 * Threads:  plain values.
 * Lifetime: spans of a head point into the input: good while those bytes stay in place.
 * Errors:   EDGE_HTTP1_BAD with a status and a reason; the connection must then be
 *           closed after the answer, since nobody knows where the next message begins.
 */
#ifndef EDGE_PROTO_HTTP1_H
#define EDGE_PROTO_HTTP1_H

#include "edge_base.h"

#define EDGE_HTTP1_HEAD_MOST 65536 /* octets of a head; more is 431 */
#define EDGE_HTTP1_METHOD_MOST 32

typedef enum edge_http1_state {
    EDGE_HTTP1_MORE, /* the head is not whole yet: call again with the same bytes and more */
    EDGE_HTTP1_DONE,
    EDGE_HTTP1_BAD /* `status` and `wrong` are set */
} edge_http1_state_t;

typedef struct edge_http1_field {
    edge_span_t name, value; /* value without blanks at its ends */
} edge_http1_field_t;

typedef struct edge_http1_head {
    /* Set by the caller, once per message; the rest zero. */
    edge_http1_field_t *fields;
    unsigned room; /* of `fields`; more fields are 431 */

    unsigned count;
    unsigned minor;        /* 0 or 1: HTTP/1.minor; 1.2 and above are treated as 1.1 */
    size_t size;           /* with DONE: octets of the head, its empty line included */
    edge_span_t method;    /* requests: as sent, upper and lower case differ */
    edge_span_t target;    /* requests: as sent, no blank or control byte in it */
    unsigned status;       /* responses: the status code; with BAD: 400, 417, 431, 501 or 505 */
    edge_span_t reason;    /* responses */
    const char *wrong;     /* with BAD: why, for the log and the answer */
    edge_span_t host;      /* absent in HTTP/1.0 without it */
    bool has_length;       /* `length` octets of content follow */
    bool chunked;          /* chunked content follows (http1_chunks.h) */
    bool keep_alive;       /* both sides may go on after this exchange */
    bool expects_continue; /* requests: the client waits for 100 before it sends the content */
    uint64_t length;
    size_t searched; /* the parser's own: no head ends before this octet */
} edge_http1_head_t;

/* Whether the head is whole, and then its `size`; its fields need no room yet. For those who make the room by the head's size:
 * a head of so many lines has fewer fields. */
EDGE_API edge_http1_state_t edge_http1_whole(edge_http1_head_t *head, edge_span_t input);
EDGE_API edge_http1_state_t edge_http1_request(edge_http1_head_t *head, edge_span_t input);
EDGE_API edge_http1_state_t edge_http1_response(edge_http1_head_t *head, edge_span_t input);

/* The index-th field of that name, 0-based; absent when there is none. Names are compared without case. */
EDGE_API edge_span_t edge_http1_field(const edge_http1_head_t *head, const char *name, unsigned index);
/* Whether a list of tokens ("a, b;x=1") holds `token`, without case; parameters of the tokens are not looked at. */
EDGE_API bool edge_http1_has_token(edge_span_t list, const char *token);
/* RFC 9110 5.6.2: the characters of methods and field names. */
EDGE_API bool edge_http1_is_token(edge_span_t text);

#endif
