/*
 * A bearer token: its text, and what is kept of it.
 *
 * Concept:  "edge_ROLE_" and 26 characters of base 32 (RFC 4648, small letters) that
 *           carry 128 random bits. The text is shown once, to whom it is made for; all
 *           that is kept is its SHA-256, which needs no salt, since nobody guesses 128
 *           bits. The front says what it is to whoever finds one where it should not be.
 * Owner:    values only; whoever holds a text wipes it.
 * Threads:  any.
 * Lifetime: none.
 * Errors:   false: it is none; there is no randomness.
 */
#ifndef EDGE_TOKEN_H
#define EDGE_TOKEN_H

#include "edge_base.h"

/* What the holder may do. SUBMIT is beside the others, not below them: it hands in mail and sees nothing; the others, each of
 * which may do what the one before it may, hand in none. */
typedef enum edge_token_role {
    EDGE_TOKEN_SUBMIT,
    EDGE_TOKEN_READ,
    EDGE_TOKEN_OPERATE,
    EDGE_TOKEN_ADMIN,
    EDGE_TOKEN_ROLES
} edge_token_role_t;

#define EDGE_TOKEN_TEXT 48 /* with the NUL, of the longest */
#define EDGE_TOKEN_DIGEST 32

/* "submit", "read", "operate", "admin". */
EDGE_API const char *edge_token_role_name(edge_token_role_t role);
EDGE_API bool edge_token_role_parse(edge_span_t name, edge_token_role_t *role);
/* Whether the text has the form of a token; the role it names is not believed by anybody. */
EDGE_API bool edge_token_is(edge_span_t text);
EDGE_API bool edge_token_make(edge_token_role_t role, char text[EDGE_TOKEN_TEXT]);
EDGE_API bool edge_token_digest(edge_span_t text, uint8_t digest[EDGE_TOKEN_DIGEST]);
/* In a time that does not tell where they differ. */
EDGE_API bool edge_token_digest_equal(const uint8_t a[EDGE_TOKEN_DIGEST], const uint8_t b[EDGE_TOKEN_DIGEST]);

#endif
