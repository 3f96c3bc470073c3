/*
 * UTF-8, as far as it must be told from bytes that are none.
 *
 * Concept:  one question: how long is the character that begins here?
 * Owner:    values only.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   0 = not a character of RFC 3629 (overlong, surrogate, above U+10FFFF, cut short).
 */
#ifndef EDGE_UTF8_H
#define EDGE_UTF8_H

#include "edge_base.h"

/* 1 to 4, or 0; `text` is not empty. */
EDGE_API size_t edge_utf8_len(edge_span_t text);
EDGE_API bool edge_utf8_valid(edge_span_t text);

#endif
