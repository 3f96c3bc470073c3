/*
 * Passwords: verifying one against what is kept of it, and making what is kept.
 *
 * Concept:  three kinds of credential: a hash of crypt(3); a SCRAM-SHA-256 verifier
 *           (RFC 5803), which serves SCRAM and a password sent in full alike; the
 *           secret itself, which serves everything, whoever reads it too.
 * Owner:    values and the caller's memory; what passed through is wiped.
 * Threads:  any. Verifying and making cost milliseconds by intention: never on a
 *           worker.
 * Lifetime: none.
 * Errors:   false: the password is wrong, or the hash is none that crypt(3) knows.
 */
#ifndef EDGE_PASSWORD_H
#define EDGE_PASSWORD_H

#include "edge_base.h"

typedef enum edge_password_kind {
    EDGE_PASSWORD_CRYPT,
    EDGE_PASSWORD_SCRAM_SHA_256,
    EDGE_PASSWORD_PLAIN,
    EDGE_PASSWORD_KINDS
} edge_password_kind_t;

#define EDGE_PASSWORD_HASH_MOST 383 /* octets of a hash of crypt(3) */

/* Whether crypt(3) here knows the method of this hash or setting, and takes it still. */
EDGE_API bool edge_password_crypt_known(const char *hash);
/* Costs the same whatever the outcome. A password with a NUL or of more than 511 octets is wrong. */
EDGE_API bool edge_password_crypt_verify(const char *hash, edge_span_t password);
/* `prefix` is "$y$", "$6$", "$2b$"; the cost is one of tens of milliseconds. */
EDGE_API bool edge_password_crypt_make(const char *prefix, edge_span_t password,
                                       char hash[EDGE_PASSWORD_HASH_MOST + 1]);

#define EDGE_SCRAM_KEY_SIZE 32 /* of SHA-256 */
#define EDGE_SCRAM_SALT_SIZE 16
#define EDGE_SCRAM_SALT_MOST 64
#define EDGE_SCRAM_ITERATIONS_LEAST 1000u
#define EDGE_SCRAM_ITERATIONS_MOST 10000000u
#define EDGE_SCRAM_ITERATIONS_USUAL 100000u /* tens of milliseconds, on the client's side as well as here */

typedef struct edge_scram {
    uint32_t iterations;
    uint8_t salt[EDGE_SCRAM_SALT_MOST];
    size_t salt_len;
    uint8_t stored_key[EDGE_SCRAM_KEY_SIZE], server_key[EDGE_SCRAM_KEY_SIZE];
} edge_scram_t;

/* Fills in the keys; iterations and salt are given. The password is prepared (RFC 4013). */
EDGE_API bool edge_password_scram_derive(edge_scram_t *scram, edge_span_t password);
/* The same with a new salt. */
EDGE_API bool edge_password_scram_make(edge_scram_t *scram, uint32_t iterations, edge_span_t password);
EDGE_API bool edge_password_scram_verify(const edge_scram_t *scram, edge_span_t password);

/* The client's side: `proof` of the password and the `signature` that the server has to answer with, both over `message`
 * (RFC 5802 3). Iterations and salt are the server's. */
EDGE_API bool edge_password_scram_prove(const edge_scram_t *scram, edge_span_t password, edge_span_t message,
                                        uint8_t proof[EDGE_SCRAM_KEY_SIZE], uint8_t signature[EDGE_SCRAM_KEY_SIZE]);

/* In a time that tells neither where they differ nor how long the longer one is. */
EDGE_API bool edge_password_equal(edge_span_t a, edge_span_t b);
/* Overwrites; the compiler cannot leave it out. */
EDGE_API void edge_password_wipe(void *memory, size_t size);
/* Wipes and frees a text by malloc. NULL is ignored. */
EDGE_API void edge_password_forget(char *text);

/* A name or password in the form in which it is compared, by malloc; NULL when it may not be used: empty, with a NUL, or
 * refused by `stringprep`, which is SASLprep (RFC 4013) of whatever library is at hand, and gives a text by malloc. It is
 * asked only for what it could change: printable ASCII stays as it is. */
typedef bool edge_password_stringprep_fn(const char *text, char **prepared);
EDGE_API char *edge_password_prepare(edge_span_t text, edge_password_stringprep_fn *stringprep);

#endif
