/*
 * SMTP replies as bytes on the wire.
 *
 * Concept:  the only place where a reply becomes lines: "CODE-" on all but the
 *           last, the enhanced code on each (RFC 2034), its class forced to the
 *           reply's, no line over 512 octets (RFC 5321 4.5.3.1.5; longer text goes
 *           on in a further line), nothing in it that could end a line early.
 * Owner:    the caller's buffer.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   none; a buffer that is too small holds the beginning.
 */
#ifndef EDGE_PROTO_SMTP_REPLY_H
#define EDGE_PROTO_SMTP_REPLY_H

#include "proto/smtp_server.h"

#define EDGE_SMTP_REPLY_LINE_MOST 512 /* octets with CRLF */

/* Returns the whole length; at most `size` octets of it are written. */
EDGE_API size_t edge_smtp_reply_format(const edge_reply_t *reply, char *out, size_t size);
/* The same with one line behind it for each bit of `keywords` (EDGE_X_BIT), in the order of tbl/smtp_extensions.def;
 * SIZE and LIMITS take their numbers from `rules`, AUTH its words from `mechanisms`. */
EDGE_API size_t edge_smtp_hello_format(const edge_reply_t *reply, uint32_t keywords, const edge_smtp_rules_t *rules,
                                       edge_span_t mechanisms, char *out, size_t size);
EDGE_API const char *edge_smtp_extension_prose(edge_smtp_extension_t extension);

#endif
