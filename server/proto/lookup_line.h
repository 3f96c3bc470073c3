/*
 * A line of a list: what it names, and what is said of it.
 *
 *     # comment, or an empty line
 *     KEY [VALUE | # comment]
 *
 *     192.0.2.0/24                        a network, or one address
 *     [192.0.2.1]  [IPv6:2001:db8::1]     the same address, as a greeting or a domain writes it
 *     example.org                         this name alone
 *     .example.org                        every name below it, and not itself
 *     ann@example.org                     this mailbox
 *     postmaster@                         this local part at every domain
 *     <>                                  the null reverse-path
 *     /^news-.*@example\.org$/i           whatever the pattern matches
 *
 * Concept:  the form of a key says what it is compared with; no text has two.
 * Owner:    spans into the text.
 * Threads:  any.
 * Lifetime: of the text.
 * Errors:   a text that says what is wrong, static.
 */
#ifndef EDGE_PROTO_LOOKUP_LINE_H
#define EDGE_PROTO_LOOKUP_LINE_H

#include "edge_base.h"
#include "edge_ipaddr.h"

/* Longest line that is taken, without its line end. */
#define EDGE_LOOKUP_LINE_MOST 4096

typedef enum edge_lookup_form {
    EDGE_LOOKUP_FORM_NOTHING, /* a comment or an empty line */
    EDGE_LOOKUP_FORM_NETWORK,
    EDGE_LOOKUP_FORM_LITERAL, /* an address in brackets */
    EDGE_LOOKUP_FORM_NAME,
    EDGE_LOOKUP_FORM_BELOW,
    EDGE_LOOKUP_FORM_MAILBOX,
    EDGE_LOOKUP_FORM_LOCAL,
    EDGE_LOOKUP_FORM_NULL_PATH,
    EDGE_LOOKUP_FORM_PATTERN
} edge_lookup_form_t;

typedef struct edge_lookup_line {
    edge_lookup_form_t form;
    edge_ipaddr_t address; /* NETWORK, LITERAL */
    unsigned bits;
    edge_span_t name; /* NAME; BELOW: without its dot; MAILBOX: the domain, which may be a literal. No dot at its end */
    edge_span_t local; /* MAILBOX, LOCAL: as written, quotes included */
    edge_span_t regex; /* PATTERN: what stands between the slashes */
    bool nocase;       /* /REGEX/i */
    edge_span_t value; /* absent: none is written */
} edge_lookup_line_t;

/* `text` without its line feed; a CR at its end is left out. NULL: well-formed. */
EDGE_API const char *edge_lookup_line(edge_span_t text, edge_lookup_line_t *line);
/* The whole of `text` is a key. */
EDGE_API const char *edge_lookup_line_key(edge_span_t text, edge_lookup_line_t *line);

#endif
