/*
 * The header fields that are put in front of a message.
 *
 * Concept:  the Received field (RFC 5321 4.4) that every message gets, and From, Date
 *           and Message-Id where they are missing and the listener adds them. Lines are
 *           folded below 78 columns where the words allow it, and never reach 998
 *           (RFC 5322 2.1.1). What a client said is cleaned: no line break, comment,
 *           quote or further field can come of it.
 * Owner:    the caller owns the buffer.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   a buffer below EDGE_TRACE_MOST is an assertion. A sender that cannot be
 *           written as an address gives no From, such a recipient no "for".
 */
#ifndef EDGE_PROTO_TRACE_H
#define EDGE_PROTO_TRACE_H

#include "edge_message.h"

#define EDGE_TRACE_MOST 4096

/* What to write besides Received. */
#define EDGE_TRACE_FROM 0x01u       /* the sender, not for the null one */
#define EDGE_TRACE_DATE 0x02u       /* when the message was received */
#define EDGE_TRACE_MESSAGE_ID 0x04u /* <id@receiver> */
#define EDGE_TRACE_BLANK 0x08u      /* an empty line at the end: the message has no header block of its own */

/* Writes the fields into `out` and returns their length. Reads id, received, client, sender and recipients. */
EDGE_API size_t edge_trace_write(const edge_envelope_t *envelope, unsigned add, char *out, size_t size);

#endif
