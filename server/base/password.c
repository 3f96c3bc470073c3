/* Password hashes of crypt(3) and SCRAM verifiers, over libcrypt and OpenSSL. */
#include "edge_password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>

_Static_assert(EDGE_PASSWORD_HASH_MOST + 1 >= CRYPT_OUTPUT_SIZE, "a hash fits");
_Static_assert(EDGE_SCRAM_KEY_SIZE == 32, "SHA-256");

void edge_password_wipe(void *memory, size_t size) {
    if (memory && size > 0)
        OPENSSL_cleanse(memory, size);
}

static bool digest(const void *data, size_t size, uint8_t out[EDGE_SCRAM_KEY_SIZE]) {
    return EVP_Digest(data, size, out, NULL, EVP_sha256(), NULL) == 1;
}

bool edge_password_equal(edge_span_t a, edge_span_t b) {
    uint8_t left[EDGE_SCRAM_KEY_SIZE], right[EDGE_SCRAM_KEY_SIZE];
    bool equal = digest(a.at, a.len, left) && digest(b.at, b.len, right) &&
                 CRYPTO_memcmp(left, right, sizeof(left)) == 0 && a.len == b.len;
    edge_password_wipe(left, sizeof(left));
    edge_password_wipe(right, sizeof(right));
    return equal;
}

/* crypt(3) */

bool edge_password_crypt_known(const char *hash) {
    int answer = crypt_checksalt(hash);
    return answer == CRYPT_SALT_OK || answer == CRYPT_SALT_METHOD_LEGACY || answer == CRYPT_SALT_TOO_CHEAP;
}

/* The hash of the password by a hash's or prefix's method; false when crypt(3) refuses. */
static bool run(const char *setting, edge_span_t password, char out[EDGE_PASSWORD_HASH_MOST + 1]) {
    struct crypt_data *data = calloc(1, sizeof(*data)); /* 32 KiB: too much for a stack */
    char text[CRYPT_MAX_PASSPHRASE_SIZE];
    const char *hash = NULL;
    bool fits = password.len > 0 && password.len < sizeof(text) && !memchr(password.at, '\0', password.len);
    if (data && fits) {
        memcpy(text, password.at, password.len);
        text[password.len] = '\0';
        hash = crypt_rn(text, setting, data, sizeof(*data));
        edge_password_wipe(text, password.len);
    }
    if (hash)
        memcpy(out, hash, strlen(hash) + 1); /* CRYPT_OUTPUT_SIZE at most */
    edge_password_wipe(data, sizeof(*data));
    free(data);
    return hash != NULL;
}

bool edge_password_crypt_verify(const char *hash, edge_span_t password) {
    char made[EDGE_PASSWORD_HASH_MOST + 1];
    bool equal = run(hash, password, made) && edge_password_equal(edge_span_of(made), edge_span_of(hash));
    edge_password_wipe(made, sizeof(made));
    return equal;
}

/* Tens of milliseconds, where libcrypt's own choice comes from slower times; 0: its choice is good. */
static unsigned long cost_of(const char *prefix) {
    if (strcmp(prefix, "$2b$") == 0)
        return 11;
    return strcmp(prefix, "$6$") == 0 ? 100000 : 0;
}

bool edge_password_crypt_make(const char *prefix, edge_span_t password, char hash[EDGE_PASSWORD_HASH_MOST + 1]) {
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    return crypt_gensalt_rn(prefix, cost_of(prefix), NULL, 0, setting, sizeof(setting)) && run(setting, password, hash);
}

/* SCRAM (RFC 5802 3) */

static bool keyed(const uint8_t key[EDGE_SCRAM_KEY_SIZE], edge_span_t text, uint8_t out[EDGE_SCRAM_KEY_SIZE]) {
    return HMAC(EVP_sha256(), key, EDGE_SCRAM_KEY_SIZE, (const unsigned char *)text.at, text.len, out, NULL) != NULL;
}

/* The keys of both sides, and the client's own. */
static bool derive(edge_scram_t *scram, edge_span_t password, uint8_t client[EDGE_SCRAM_KEY_SIZE]) {
    uint8_t salted[EDGE_SCRAM_KEY_SIZE];
    bool good = PKCS5_PBKDF2_HMAC(password.at, (int)password.len, scram->salt, (int)scram->salt_len,
                                  (int)scram->iterations, EVP_sha256(), sizeof(salted), salted) == 1 &&
                keyed(salted, edge_span_of("Client Key"), client) &&
                digest(client, EDGE_SCRAM_KEY_SIZE, scram->stored_key) &&
                keyed(salted, edge_span_of("Server Key"), scram->server_key);
    edge_password_wipe(salted, sizeof(salted));
    return good;
}

bool edge_password_scram_derive(edge_scram_t *scram, edge_span_t password) {
    uint8_t client[EDGE_SCRAM_KEY_SIZE];
    bool good = derive(scram, password, client);
    edge_password_wipe(client, sizeof(client));
    return good;
}

bool edge_password_scram_prove(const edge_scram_t *scram, edge_span_t password, edge_span_t message,
                               uint8_t proof[EDGE_SCRAM_KEY_SIZE], uint8_t signature[EDGE_SCRAM_KEY_SIZE]) {
    edge_scram_t made = {.iterations = scram->iterations, .salt_len = scram->salt_len};
    uint8_t client[EDGE_SCRAM_KEY_SIZE];
    memcpy(made.salt, scram->salt, scram->salt_len);
    bool good = derive(&made, password, client) && keyed(made.stored_key, message, proof) &&
                keyed(made.server_key, message, signature);
    for (size_t i = 0; good && i < EDGE_SCRAM_KEY_SIZE; i++)
        proof[i] ^= client[i];
    edge_password_wipe(&made, sizeof(made));
    edge_password_wipe(client, sizeof(client));
    return good;
}

bool edge_password_scram_make(edge_scram_t *scram, uint32_t iterations, edge_span_t password) {
    scram->iterations = iterations;
    scram->salt_len = EDGE_SCRAM_SALT_SIZE;
    return RAND_bytes(scram->salt, EDGE_SCRAM_SALT_SIZE) == 1 && edge_password_scram_derive(scram, password);
}

bool edge_password_scram_verify(const edge_scram_t *scram, edge_span_t password) {
    edge_scram_t made = {.iterations = scram->iterations, .salt_len = scram->salt_len};
    memcpy(made.salt, scram->salt, scram->salt_len);
    bool equal = edge_password_scram_derive(&made, password) &&
                 CRYPTO_memcmp(made.stored_key, scram->stored_key, EDGE_SCRAM_KEY_SIZE) == 0;
    edge_password_wipe(&made, sizeof(made));
    return equal;
}

void edge_password_forget(char *text) {
    if (text)
        edge_password_wipe(text, strlen(text));
    free(text);
}

static bool is_plain_ascii(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] > '~')
            return false;
    return true;
}

char *edge_password_prepare(edge_span_t text, edge_password_stringprep_fn *stringprep) {
    bool usable = text.len > 0 && !memchr(text.at, '\0', text.len);
    char *given = usable ? strndup(text.at, text.len) : NULL, *prepared = NULL;
    if (!given || is_plain_ascii(text))
        return given;
    bool allowed = stringprep(given, &prepared);
    edge_password_forget(given);
    if (!allowed)
        return NULL;
    if (*prepared)
        return prepared;
    free(prepared);
    return NULL;
}
