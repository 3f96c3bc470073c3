/* Names and passwords as they are compared: SASLprep, and salts for users that do not exist. */
#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "auth_sasl.h"
#include "edge_secret.h"

static bool stringprep(const char *text, char **prepared) {
    return gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, prepared, NULL) == GSASL_OK;
}

char *sasl_prepare(edge_span_t text) { return edge_password_prepare(text, stringprep); }

/* Without the key nobody can tell an invented salt from a real one. */
static uint8_t key[EDGE_SCRAM_KEY_SIZE];

/* The same in every generation: a salt that changed with a reload while others stay would tell who exists. */
bool sasl_invent_start(void) {
    static const unsigned char purpose[] = "salts of users that do not exist";
    unsigned len = 0;
    return HMAC(EVP_sha256(), edge_secret(), EDGE_SECRET_SIZE, purpose, sizeof(purpose), key, &len) != NULL &&
           len == sizeof(key);
}

void sasl_invent(edge_span_t user, edge_scram_t *scram) {
    uint8_t made[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    HMAC(EVP_sha256(), key, sizeof(key), (const unsigned char *)user.at, user.len, made, &len);
    EDGE_ASSERT(len >= EDGE_SCRAM_SALT_SIZE);
    scram->salt_len = EDGE_SCRAM_SALT_SIZE;
    memcpy(scram->salt, made, EDGE_SCRAM_SALT_SIZE);
}
