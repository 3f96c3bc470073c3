/*
 * Finds the ends of data that other servers would see in a message (SMTP smuggling).
 *
 * Concept:  a line of one dot ends a message only between two CRLF. A server that
 *           takes a bare CR or LF for a line end sees one where a bare newline stands
 *           on either side of the dot, and reads on behind it as commands. Messages
 *           without a bare newline hold none, so nothing is looked at before the
 *           first one has come.
 * Owner:    the decoder of the message (smtp_dot.h).
 * Threads:  one at a time.
 * Lifetime: one message.
 * Errors:   none.
 */
#ifndef EDGE_PROTO_SMTP_SMUGGLE_H
#define EDGE_PROTO_SMTP_SMUGGLE_H

#include "edge_base.h"

/* What has come last. */
typedef enum edge_smtp_smuggle_at {
    EDGE_SMTP_SMUGGLE_OFF,  /* nothing is looked at */
    EDGE_SMTP_SMUGGLE_TEXT, /* within a line */
    EDGE_SMTP_SMUGGLE_CR,   /* a CR: half of a CRLF, or bare */
    EDGE_SMTP_SMUGGLE_LINE, /* a line end */
    EDGE_SMTP_SMUGGLE_DOT,  /* a line end and a dot */
    EDGE_SMTP_SMUGGLE_DOT_CR
} edge_smtp_smuggle_at_t;

typedef struct edge_smtp_smuggle {
    uint8_t at;
    bool bare; /* the line end before the dot is no CRLF */
} edge_smtp_smuggle_t;

/* A bare newline has come: an LF, or a CR whose next octet is still to be looked at. */
EDGE_API void edge_smtp_smuggle_begin(edge_smtp_smuggle_t *smuggle, bool lf);
/* What follows, in any cut. True: such an end stands in it; nothing more is looked at then. */
EDGE_API bool edge_smtp_smuggle_look(edge_smtp_smuggle_t *smuggle, edge_span_t octets);

#endif
