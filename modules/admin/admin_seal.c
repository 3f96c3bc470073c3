/* Sessions of the console and login links: sealed texts, kept by whoever they were given to. */
#include "admin.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "edge_codec.h"
#include "edge_obj.h"
#include "edge_secret.h"

#define MAC_SIZE 32
#define MAC_TEXT (2 * MAC_SIZE)

static const char *const purposes[] = {
    [ADMIN_SEAL_SESSION] = "edged admin session 1", [ADMIN_SEAL_TICKET] = "edged admin ticket 1"};
#define CSRF_PURPOSE "edged admin csrf 1"

static void mac_by(const uint8_t *key, size_t key_size, edge_span_t text, uint8_t out[MAC_SIZE]) {
    unsigned len = MAC_SIZE;
    EDGE_ASSERT(HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)text.at, text.len, out, &len) != NULL);
}

/* A key of its own for each purpose, from the secret that all generations share. In hex, NUL behind it. */
static void mac_text(const char *purpose, edge_span_t text, char out[MAC_TEXT + 1]) {
    uint8_t key[MAC_SIZE], mac[MAC_SIZE];
    mac_by(edge_secret(), EDGE_SECRET_SIZE, edge_span_of(purpose), key);
    mac_by(key, sizeof(key), text, mac);
    edge_hex_encode(edge_span((const char *)mac, sizeof(mac)), out, MAC_TEXT);
    out[MAC_TEXT] = '\0';
    OPENSSL_cleanse(key, sizeof(key));
}

void admin_seal_new_id(admin_seal_t *seal) {
    uint8_t bytes[(ADMIN_SEAL_ID - 1) / 2];
    EDGE_ASSERT(apr_generate_random_bytes(bytes, sizeof(bytes)) == APR_SUCCESS);
    edge_hex_encode(edge_span((const char *)bytes, sizeof(bytes)), seal->id, ADMIN_SEAL_ID - 1);
    seal->id[ADMIN_SEAL_ID - 1] = '\0';
}

/* MAC.ROLE.CREATED.ISSUED.UNTIL.ID.NAME; a name has no characters that a cookie may not have (edge_token_file_name). */
const char *admin_seal_write(const admin_seal_t *seal, admin_seal_kind_t kind, apr_pool_t *pool) {
    char mac[MAC_TEXT + 1];
    const char *text =
        apr_psprintf(pool, "%d.%" APR_TIME_T_FMT ".%" APR_TIME_T_FMT ".%" APR_TIME_T_FMT ".%s.%s", (int)seal->role,
                     seal->token_created, seal->issued, seal->until, seal->id, seal->name);
    mac_text(purposes[kind], edge_span_of(text), mac);
    return apr_pstrcat(pool, mac, ".", text, NULL);
}

static bool take_part(edge_span_t *rest, edge_span_t *part) {
    const char *dot = rest->len > 0 ? memchr(rest->at, '.', rest->len) : NULL;
    if (!dot)
        return false;
    *part = edge_span(rest->at, (size_t)(dot - rest->at));
    *rest = edge_span_after(*rest, part->len + 1);
    return true;
}

static bool take_time(edge_span_t *rest, apr_time_t *time) {
    edge_span_t part;
    uint64_t number;
    if (!take_part(rest, &part) || !edge_span_number(part, &number) || number > INT64_MAX)
        return false;
    *time = (apr_time_t)number;
    return true;
}

static bool copy_part(edge_span_t part, char *out, size_t size) {
    if (part.len == 0 || part.len >= size)
        return false;
    memcpy(out, part.at, part.len);
    out[part.len] = '\0';
    return true;
}

bool admin_seal_read(edge_span_t text, admin_seal_kind_t kind, admin_seal_t *seal, apr_pool_t *pool) {
    char mac[MAC_TEXT + 1];
    apr_time_t role;
    edge_span_t given, id;
    (void)pool;
    memset(seal, 0, sizeof(*seal));
    if (!take_part(&text, &given) || given.len != MAC_TEXT)
        return false;
    mac_text(purposes[kind], text, mac);
    if (CRYPTO_memcmp(mac, given.at, MAC_TEXT) != 0)
        return false;
    bool good = take_time(&text, &role) && take_time(&text, &seal->token_created) && take_time(&text, &seal->issued) &&
                take_time(&text, &seal->until) && take_part(&text, &id) && copy_part(id, seal->id, sizeof(seal->id)) &&
                copy_part(text, seal->name, sizeof(seal->name)) && role <= EDGE_ADMIN_ADMIN;
    seal->role = good ? (edge_admin_role_t)role : EDGE_ADMIN_NOBODY;
    return good;
}

const char *admin_seal_csrf(const admin_seal_t *seal, apr_pool_t *pool) {
    char mac[MAC_TEXT + 1];
    mac_text(CSRF_PURPOSE, edge_span_of(seal->id), mac);
    return apr_pstrndup(pool, mac, MAC_TEXT / 2);
}
