/*
 * What clients and servers say inside AUTH, as text (RFC 4954, RFC 4616, RFC 2195, RFC 5802).
 *
 * Concept:  splitting and composing only. Whether credentials are right is known
 *           elsewhere, and nothing here remembers anything.
 * Owner:    the caller; parts are spans into the message they were split from.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   false = malformed.
 */
#ifndef EDGE_PROTO_SASL_TEXT_H
#define EDGE_PROTO_SASL_TEXT_H

#include "edge_base.h"

#define EDGE_SASL_NAME_MOST 255     /* octets of a user name */
#define EDGE_SASL_PASSWORD_MOST 511 /* what crypt(3) takes */
#define EDGE_SASL_CRAM_DIGEST 16    /* octets of an MD5 */

/* The octets behind a base 64 response; `initial`: "=" is an empty one (RFC 4954 4). `size` >= response.len / 4 * 3. */
EDGE_API bool edge_sasl_text_decode(edge_span_t response, bool initial, char *out, size_t size, size_t *len);

typedef struct edge_sasl_plain {
    edge_span_t authzid; /* who to act as; may be empty */
    edge_span_t authcid; /* whose password it is */
    edge_span_t password;
} edge_sasl_plain_t;

/* Exactly two NULs; name and password are not empty, within bounds, and UTF-8 (RFC 4616 2). */
EDGE_API bool edge_sasl_text_plain(edge_span_t message, edge_sasl_plain_t *plain);

/* One answer of LOGIN: UTF-8 without NULs, not empty, at most `most` octets. */
EDGE_API bool edge_sasl_text_login(edge_span_t message, size_t most);

/* An authorization identity as EXTERNAL takes it (RFC 4422 appendix A): UTF-8 without NULs, or empty. */
EDGE_API bool edge_sasl_text_authzid(edge_span_t message);

/* "<UNIQUE.TIME@HOST>" (RFC 2195 2); returns its length, which is cut to size - 1. */
EDGE_API size_t edge_sasl_text_cram_challenge(const char *unique, uint64_t seconds, const char *host, char *out,
                                              size_t size);
/* "USER HEXDIGEST": the digest stands behind the last blank, since a name may hold some. */
EDGE_API bool edge_sasl_text_cram(edge_span_t message, edge_span_t *user, uint8_t digest[EDGE_SASL_CRAM_DIGEST]);

typedef struct edge_sasl_scram {
    char user[EDGE_SASL_NAME_MOST + 1]; /* "=2C" and "=3D" undone; NUL behind it */
    char authzid[EDGE_SASL_NAME_MOST + 1];
} edge_sasl_scram_t;

/* The names in a client-first-message (RFC 5802 7). What else is in it is for the mechanism to judge. */
EDGE_API bool edge_sasl_text_scram(edge_span_t message, edge_sasl_scram_t *scram);

#endif
