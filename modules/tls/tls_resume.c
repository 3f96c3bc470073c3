/*
 * Resumption: session tickets whose keys live in memory only, and a bounded cache for those who take no ticket.
 *
 * A ticket is made under the newest key; a key makes tickets for an hour and opens them for two more, then it is gone for
 * good, and with it whatever it could have opened. All contexts share the keys: what a session may be used for is bound
 * to its context by the session id context.
 */
#include "tls.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "edge_clock.h"

#define KEYS 3
#define KEY_AGE EDGE_SECONDS(3600)
#define SESSION_SECONDS 7200
#define CACHE_MOST 4096

typedef struct ticket_key {
    unsigned char name[16], cipher[32], digest[32];
    edge_mono_t made;
    bool there;
} ticket_key_t;

static struct {
    pthread_mutex_t lock;
    ticket_key_t keys[KEYS]; /* the newest first */
    edge_mono_t older;       /* for tests */
    EVP_CIPHER *cipher;
} tickets = {.lock = PTHREAD_MUTEX_INITIALIZER};

static edge_mono_t now(void) { return edge_clock_read().mono + tickets.older; }

/* Under the lock. */
static bool make_key(void) {
    ticket_key_t key = {.made = now(), .there = true};
    if (RAND_bytes(key.name, sizeof(key.name)) != 1 || RAND_priv_bytes(key.cipher, sizeof(key.cipher)) != 1 ||
        RAND_priv_bytes(key.digest, sizeof(key.digest)) != 1)
        return false;
    memmove(&tickets.keys[1], &tickets.keys[0], sizeof(tickets.keys[0]) * (KEYS - 1));
    tickets.keys[0] = key;
    OPENSSL_cleanse(&key, sizeof(key));
    return true;
}

static bool may_open(const ticket_key_t *key) { return key->there && now() - key->made < KEY_AGE * KEYS; }

/* What is too old to open anything is overwritten; the newest is replaced when its hour is over. */
static bool renew_keys(void) {
    for (unsigned i = 0; i < KEYS; i++)
        if (tickets.keys[i].there && !may_open(&tickets.keys[i]))
            OPENSSL_cleanse(&tickets.keys[i], sizeof(tickets.keys[i]));
    bool fresh = tickets.keys[0].there && now() - tickets.keys[0].made < KEY_AGE;
    return fresh || make_key();
}

/* A copy of the key of that name, or of the newest; its age as an index, or -1. */
static int find_key(const unsigned char *name, ticket_key_t *key) {
    int found = -1;
    pthread_mutex_lock(&tickets.lock);
    if (renew_keys())
        for (int i = 0; i < KEYS && found < 0; i++)
            if (tickets.keys[i].there && (!name || memcmp(name, tickets.keys[i].name, sizeof(key->name)) == 0))
                found = i;
    if (found >= 0)
        *key = tickets.keys[found];
    pthread_mutex_unlock(&tickets.lock);
    return found;
}

static bool set_digest(EVP_MAC_CTX *mac, ticket_key_t *key) {
    char sha256[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->digest, sizeof(key->digest)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

static int seal(ticket_key_t *key, unsigned char *name, unsigned char *vector, EVP_CIPHER_CTX *cipher,
                EVP_MAC_CTX *mac) {
    if (RAND_bytes(vector, EVP_CIPHER_get_iv_length(tickets.cipher)) != 1 ||
        EVP_EncryptInit_ex2(cipher, tickets.cipher, key->cipher, vector, NULL) != 1 || !set_digest(mac, key))
        return -1;
    memcpy(name, key->name, sizeof(key->name));
    return 1;
}

/* 2: it opens, and the client shall get a newer one: with TLS 1.3 always, since a ticket is to be used once only
 * (RFC 8446 C.4). */
static int unseal(ticket_key_t *key, bool renew, const unsigned char *vector, EVP_CIPHER_CTX *cipher,
                  EVP_MAC_CTX *mac) {
    if (EVP_DecryptInit_ex2(cipher, tickets.cipher, key->cipher, vector, NULL) != 1 || !set_digest(mac, key))
        return -1;
    return renew ? 2 : 1;
}

static int ticket(SSL *ssl, unsigned char *name, unsigned char *vector, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                  int make) {
    ticket_key_t key;
    int age = find_key(make ? NULL : name, &key), result;
    if (age < 0)
        return 0; /* no ticket, or a whole handshake */
    bool renew = age > 0 || SSL_version(ssl) == TLS1_3_VERSION;
    result = make ? seal(&key, name, vector, cipher, mac) : unseal(&key, renew, vector, cipher, mac);
    OPENSSL_cleanse(&key, sizeof(key));
    return result;
}

bool tls_resume_start(void) {
    pthread_mutex_lock(&tickets.lock);
    if (!tickets.cipher)
        tickets.cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    bool ready = tickets.cipher && renew_keys();
    pthread_mutex_unlock(&tickets.lock);
    return ready;
}

void tls_resume_stop(void) {
    pthread_mutex_lock(&tickets.lock);
    OPENSSL_cleanse(tickets.keys, sizeof(tickets.keys));
    EVP_CIPHER_free(tickets.cipher);
    tickets.cipher = NULL;
    pthread_mutex_unlock(&tickets.lock);
}

void tls_resume_age(int64_t seconds) {
    pthread_mutex_lock(&tickets.lock);
    tickets.older += EDGE_SECONDS(seconds);
    pthread_mutex_unlock(&tickets.lock);
}

/* A session is good for the context and the rules about clients under which it was made, and no others. */
static bool bind_sessions(SSL_CTX *openssl, const tls_context_t *context, const tls_client_rules_t *client) {
    unsigned char digest[32];
    unsigned size = 0;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool bound = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
                 EVP_DigestUpdate(md, context->name, strlen(context->name)) == 1 &&
                 EVP_DigestUpdate(md, client->digest, sizeof(client->digest)) == 1 &&
                 EVP_DigestFinal_ex(md, digest, &size) == 1 &&
                 SSL_CTX_set_session_id_context(openssl, digest, sizeof(digest)) == 1;
    EVP_MD_CTX_free(md);
    return bound;
}

bool tls_resume_apply(SSL_CTX *openssl, const tls_context_t *context, const tls_client_rules_t *client) {
    SSL_CTX_set_session_cache_mode(openssl, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(openssl, CACHE_MOST);
    SSL_CTX_set_timeout(openssl, SESSION_SECONDS);
    /* One is what a mail client uses; each costs a write and a key derivation. */
    SSL_CTX_set_num_tickets(openssl, 1);
    if (!context->conf->tickets)
        SSL_CTX_set_options(openssl, SSL_OP_NO_TICKET);
    else if (SSL_CTX_set_tlsext_ticket_key_evp_cb(openssl, ticket) != 1)
        return false;
    return bind_sessions(openssl, context, client) && tls_resume_start();
}
