/*
 * Encoded words of header fields (RFC 2047).
 *
 * Concept:  "=?utf-8?Q?J=C3=B6rg?=" stands for UTF-8 where only ASCII may go. Words are
 *           decoded wherever they stand, also inside an address, since that is where
 *           clients of HTTP need them; a blank between two of them belongs to neither.
 *           What only looks like an encoded word stays as it is.
 * Owner:    the result lives in the caller's pool, or is the text itself.
 * Threads:  any.
 * Lifetime: that of text and pool.
 * Errors:   false: a character set other than UTF-8 and US-ASCII, a malformed encoding,
 *           or a result that is no UTF-8 or holds control bytes.
 */
#ifndef EDGE_PROTO_ENCODED_WORD_H
#define EDGE_PROTO_ENCODED_WORD_H

#include "edge_base.h"

EDGE_API bool edge_encoded_word_decode(edge_span_t text, apr_pool_t *pool, edge_span_t *decoded);

#endif
