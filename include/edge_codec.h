/*
 * Byte codings: base 64, hexadecimal, CRC32C.
 *
 * Concept:  exact codecs without allocation.
 * Owner:    the caller owns every buffer.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   decoders are strict and return false; a short buffer is an
 *           assertion, since sizes can be computed beforehand.
 */
#ifndef EDGE_CODEC_H
#define EDGE_CODEC_H

#include "edge_base.h"

#define EDGE_BASE64_SIZE(n) (((n) + 2) / 3 * 4)

/* Writes EDGE_BASE64_SIZE(in.len) characters, no NUL; returns that number. */
EDGE_API size_t edge_base64_encode(edge_span_t in, char *out, size_t size);
/* RFC 4648 4 with padding, no blanks, unused bits zero. `size` >= in.len / 4 * 3. */
EDGE_API bool edge_base64_decode(edge_span_t in, char *out, size_t size, size_t *len);
EDGE_API void edge_hex_encode(edge_span_t in, char *out, size_t size);
/* CRC32C (RFC 3720 B.4); start with 0 and pass the last value on to continue. */
EDGE_API uint32_t edge_crc32c(uint32_t crc, const void *data, size_t len);
/* The same without the processor's instruction; for comparing. */
EDGE_API uint32_t edge_crc32c_by_table(uint32_t crc, const void *data, size_t len);

#endif
