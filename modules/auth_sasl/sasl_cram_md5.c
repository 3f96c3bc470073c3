/* CRAM-MD5 (RFC 2195): a keyed digest of a challenge that is never used twice. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "auth_sasl.h"
#include "edge_id.h"

typedef struct cram {
    char challenge[EDGE_UUID_TEXT + 24 + 256];
    size_t len;
    uint8_t digest[EDGE_SASL_CRAM_DIGEST]; /* as the client gave it */
} cram_t;

/* As the first backend wants it that cares. */
static const char *host_of(const edge_auth_exchange_t *exchange) {
    const char *host = NULL;
    for (unsigned i = 0; i < exchange->settings->backend_count && !host; i++) {
        const sasl_backend_t *backend = exchange->settings->backends[i];
        if (backend->provider->challenge_host)
            host = backend->provider->challenge_host(backend->store);
    }
    return host ? host : exchange->session->listener->server_name.at;
}

static void start(edge_auth_exchange_t *exchange) {
    cram_t *cram = calloc(1, sizeof(*cram));
    char unique[EDGE_UUID_TEXT];
    apr_time_t now = apr_time_now();
    if (!cram) {
        sasl_refuse(exchange, EDGE_R_AUTH_TROUBLE);
        return;
    }
    edge_uuid_format(edge_uuid_make(now), unique);
    cram->len = edge_sasl_text_cram_challenge(unique, (uint64_t)apr_time_sec(now), host_of(exchange), cram->challenge,
                                              sizeof(cram->challenge));
    exchange->own = cram;
    sasl_challenge(exchange, edge_span(cram->challenge, cram->len));
}

static bool digest_is_right(const cram_t *cram, edge_span_t secret) {
    uint8_t made[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool equal =
        HMAC(EVP_md5(), secret.at, (int)secret.len, (const unsigned char *)cram->challenge, cram->len, made, &len) &&
        len == EDGE_SASL_CRAM_DIGEST && CRYPTO_memcmp(made, cram->digest, len) == 0;
    edge_password_wipe(made, sizeof(made));
    return equal;
}

/* Without a secret a digest is made all the same, so that the answer takes as long. */
static void found(edge_auth_exchange_t *exchange, const edge_credentials_answer_t *answer) {
    bool known = answer->result == EDGE_CREDENTIALS_GOOD;
    bool right = digest_is_right(exchange->own, known ? answer->secret : edge_span_of("nobody's"));
    if (known && right)
        sasl_succeed(exchange, answer);
    else
        sasl_fail(exchange);
}

/* The server speaks first (RFC 4954 4: an initial response is a syntax error then). */
static void respond(edge_auth_exchange_t *exchange, edge_span_t message) {
    cram_t *cram = exchange->own;
    edge_span_t user;
    if (!cram || !edge_sasl_text_cram(message, &user, cram->digest))
        sasl_refuse(exchange, EDGE_R_AUTH_BAD_CRAM);
    else if (!sasl_take_names(exchange, user, EDGE_NO_SPAN))
        sasl_fail(exchange);
    else
        sasl_ask(exchange, found);
}

static void end(edge_auth_exchange_t *exchange) { free(exchange->own); }

const sasl_mechanism_t sasl_cram_md5 = {
    .name = "CRAM-MD5",
    .want = EDGE_CREDENTIALS_SECRET,
    .start = start,
    .respond = respond,
    .end = end,
    .prose = "A keyed MD5 of a challenge (RFC 2195); the secret must be kept in clear text.",
};
