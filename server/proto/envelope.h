/*
 * The envelope as a record of bytes.
 *
 * Concept:  one octet of layout version, then fields: a tag octet, the length of the
 *           value, the value. Lengths and numbers are varints of seven bits an octet,
 *           lowest first, in their shortest form. Recipients and parameters are values
 *           that hold fields themselves. A tag nobody knows is skipped, so an older
 *           server reads what a newer one has added; a layout it could not read gets
 *           another version.
 * Owner:    the caller owns every buffer; a decoded envelope lives in the pool given.
 * Threads:  any.
 * Lifetime: decoded spans point into one copy of the record in the pool.
 * Errors:   decoding trusts nothing and says what is wrong; the envelope must then not
 *           be used.
 */
#ifndef EDGE_PROTO_ENVELOPE_H
#define EDGE_PROTO_ENVELOPE_H

#include "edge_message.h"

/* How many octets edge_envelope_encode will write. */
EDGE_API size_t edge_envelope_encoded_size(const edge_envelope_t *envelope);
/* Writes that many octets and returns their number; a smaller `size` is an assertion. */
EDGE_API size_t edge_envelope_encode(const edge_envelope_t *envelope, char *out, size_t size);
/* NULL when `envelope` is filled, else what is wrong with the record, for the operator. */
EDGE_API const char *edge_envelope_decode(edge_span_t record, apr_pool_t *pool, edge_envelope_t *envelope);

#endif
