/* Bearer tokens: making one, recognising one, hashing one. */
#include "edge_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>

#include "edge_obj.h"

#define RANDOM_OCTETS 16
#define RANDOM_LETTERS 26 /* 5 bits each; the last two bits are zero */

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
static const edge_span_t front = EDGE_SPAN("edge_");
static const char *const names[EDGE_TOKEN_ROLES] = {"submit", "read", "operate", "admin"};

const char *edge_token_role_name(edge_token_role_t role) {
    EDGE_ASSERT(role < EDGE_TOKEN_ROLES);
    return names[role];
}

bool edge_token_role_parse(edge_span_t name, edge_token_role_t *role) {
    for (unsigned i = 0; i < EDGE_TOKEN_ROLES; i++)
        if (edge_span_equal(name, edge_span_of(names[i]))) {
            *role = (edge_token_role_t)i;
            return true;
        }
    return false;
}

static bool is_random_part(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if (!text.at[i] || !strchr(letters, text.at[i]))
            return false;
    return text.len == RANDOM_LETTERS;
}

bool edge_token_is(edge_span_t text) {
    edge_token_role_t role;
    if (text.len <= front.len + 1 + RANDOM_LETTERS || memcmp(text.at, front.at, front.len) != 0)
        return false;
    edge_span_t name = edge_span(text.at + front.len, text.len - front.len - 1 - RANDOM_LETTERS);
    return edge_token_role_parse(name, &role) && name.at[name.len] == '_' &&
           is_random_part(edge_span_after(text, text.len - RANDOM_LETTERS));
}

static void put_letters(const uint8_t octets[RANDOM_OCTETS], char *out) {
    unsigned bits = 0, have = 0;
    for (unsigned i = 0; i < RANDOM_OCTETS; i++) {
        bits = bits << 8 | octets[i];
        for (have += 8; have >= 5; have -= 5)
            *out++ = letters[bits >> (have - 5) & 31];
    }
    *out++ = letters[bits << (5 - have) & 31];
    *out = '\0';
}

bool edge_token_make(edge_token_role_t role, char text[EDGE_TOKEN_TEXT]) {
    uint8_t octets[RANDOM_OCTETS];
    if (RAND_bytes(octets, sizeof(octets)) != 1)
        return false;
    int len = snprintf(text, EDGE_TOKEN_TEXT, "%s%s_", front.at, edge_token_role_name(role));
    put_letters(octets, text + len);
    OPENSSL_cleanse(octets, sizeof(octets));
    return true;
}

bool edge_token_digest(edge_span_t text, uint8_t digest[EDGE_TOKEN_DIGEST]) {
    return EVP_Digest(text.at, text.len, digest, NULL, EVP_sha256(), NULL) == 1;
}

bool edge_token_digest_equal(const uint8_t a[EDGE_TOKEN_DIGEST], const uint8_t b[EDGE_TOKEN_DIGEST]) {
    return CRYPTO_memcmp(a, b, EDGE_TOKEN_DIGEST) == 0;
}
