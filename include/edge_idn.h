/*
 * Domains of any script as the DNS writes them.
 *
 * Concept:  a domain in UTF-8 becomes A-labels (RFC 5891, with the mappings of UTS 46),
 *           one of ASCII alone is left as it is. So two ways to write a domain are
 *           compared as one.
 * Owner:    the caller owns all memory.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   false: it is no domain that could be registered, or the result is too long.
 */
#ifndef EDGE_IDN_H
#define EDGE_IDN_H

#include "edge_base.h"

#define EDGE_IDN_SIZE 256

/* Whether there is anything to do. */
EDGE_API bool edge_idn_is_ascii(edge_span_t text);
/* `out` holds a NUL behind the text; NULs in `text` are refused. */
EDGE_API bool edge_idn_plain(edge_span_t text, char out[EDGE_IDN_SIZE]);

#endif
