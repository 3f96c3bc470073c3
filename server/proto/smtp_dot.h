/*
 * The decoder of a message's bytes: end of data, dots, line ends (RFC 5321 4.5.2, 2.3.8).
 *
 * Concept:  fed with spans in any cut, it gives back spans of the same input, as
 *           long as they can be; nothing is copied and nothing held back. Only
 *           CRLF . CRLF ends a message, and only CRLF begins a line whose leading
 *           dot is taken away, so that a peer that reads other line ends cannot be
 *           made to see a second message here. A bare CR spoils the message
 *           always; a bare LF spoils it too, or becomes CRLF with `normalize`.
 *           What follows in a spoilt message is read to its end and not given out.
 * Owner:    the caller.
 * Threads:  one at a time.
 * Lifetime: one message.
 * Errors:   EDGE_SMTP_DOT_BARE, once.
 */
#ifndef EDGE_PROTO_SMTP_DOT_H
#define EDGE_PROTO_SMTP_DOT_H

#include "proto/smtp_smuggle.h"

typedef struct edge_smtp_dot {
    uint8_t state;
    bool stuffed; /* DATA: dots mean something; BDAT: they do not, and the message has no end of its own */
    bool normalize;
    bool spoilt;
    bool bare;     /* a bare CR or LF has come, also one that was normalized */
    bool smuggled; /* an end has come that other servers would see; never by BDAT, which has no ends to disguise */
    edge_smtp_smuggle_t smuggle;
} edge_smtp_dot_t;

typedef enum edge_smtp_dot_result {
    EDGE_SMTP_DOT_MORE, /* all input is eaten */
    EDGE_SMTP_DOT_SPAN, /* `out` is part of the message; call again */
    EDGE_SMTP_DOT_BARE, /* the message is spoilt; call again to read on */
    EDGE_SMTP_DOT_END   /* the dot line was eaten */
} edge_smtp_dot_result_t;

EDGE_API void edge_smtp_dot_start(edge_smtp_dot_t *dot, bool stuffed, bool normalize);
/* Eats from the front of `input`. `out` points into it, or is a static CRLF. */
EDGE_API edge_smtp_dot_result_t edge_smtp_dot_next(edge_smtp_dot_t *dot, edge_span_t *input, edge_span_t *out);
/* The message ends here by count (BDAT LAST): false when its last octet is a bare CR. */
EDGE_API bool edge_smtp_dot_finish(const edge_smtp_dot_t *dot);

#endif
