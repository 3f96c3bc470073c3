/* A certificate in use, as the admin tells it. */
#include "tls.h"

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "edge_clock.h"

static const char *name_text(const X509_NAME *name, apr_pool_t *pool) {
    BIO *out = BIO_new(BIO_s_mem());
    const char *text = "";
    char *at = NULL;
    if (out && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) >= 0) {
        long len = BIO_get_mem_data(out, &at);
        text = apr_pstrmemdup(pool, at, len > 0 ? (apr_size_t)len : 0);
    }
    BIO_free(out);
    return text;
}

static const char *serial_text(const X509 *certificate, apr_pool_t *pool) {
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    const char *text = hex ? apr_pstrdup(pool, hex) : "";
    OPENSSL_free(hex);
    BN_free(number);
    return text;
}

static const char *fingerprint_text(const X509 *certificate, apr_pool_t *pool) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char *text = apr_pcalloc(pool, sizeof(digest) * 2 + 1);
    if (X509_digest(certificate, EVP_sha256(), digest, &size) == 1)
        for (unsigned i = 0; i < size; i++)
            apr_snprintf(text + (size_t)i * 2, 3, "%02x", digest[i]);
    return text;
}

static void put_time(edge_json_t *json, const char *key, const ASN1_TIME *when) {
    char text[EDGE_CLOCK_RFC3339_SIZE];
    struct tm parts;
    if (!ASN1_TIME_to_tm(when, &parts)) {
        edge_json_put_string(json, key, NULL);
        return;
    }
    edge_clock_rfc3339((apr_time_t)timegm(&parts) * APR_USEC_PER_SEC, text);
    edge_json_put_string(json, key, text);
}

/* Rounded down: what is left is never said to be more. */
static int64_t days_left(const X509 *certificate) {
    int days = 0, seconds = 0;
    ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate));
    return seconds < 0 ? days - 1 : days;
}

static void put_names(edge_json_t *json, const tls_pair_t *pair) {
    edge_json_key(json, "names");
    edge_json_array(json);
    for (int i = 0; i < pair->names->nelts; i++)
        edge_json_text(json, edge_span_of(APR_ARRAY_IDX(pair->names, i, const char *)), 0);
    edge_json_array_end(json);
}

static void put_staple(edge_json_t *json, const tls_pair_t *pair) {
    const char *state = !pair->staple                                                 ? "none"
                        : pair->staple_until != 0 && pair->staple_until <= time(NULL) ? "outdated"
                                                                                      : "good";
    edge_json_put_string(json, "staple", state);
}

void tls_certificate_put(edge_json_t *json, const tls_set_t *set, const tls_pair_t *pair, apr_pool_t *pool) {
    char loaded_at[EDGE_CLOCK_RFC3339_SIZE];
    edge_clock_rfc3339(set->loaded_at, loaded_at);
    edge_json_object(json);
    edge_json_put_string(json, "context", set->context->name);
    edge_json_put_bool(json, "first", set->names.groups[0].pairs[pair->kind] == (int)(pair - set->pairs));
    edge_json_put_string(json, "subject", name_text(X509_get_subject_name(pair->leaf), pool));
    put_names(json, pair);
    edge_json_put_string(json, "issuer", name_text(X509_get_issuer_name(pair->leaf), pool));
    edge_json_put_string(json, "serial", serial_text(pair->leaf, pool));
    put_time(json, "not_before", X509_get0_notBefore(pair->leaf));
    put_time(json, "not_after", X509_get0_notAfter(pair->leaf));
    edge_json_put_number(json, "days_left", days_left(pair->leaf));
    edge_json_put_string(json, "key_type", tls_pair_kind_name(pair, pool));
    edge_json_put_bool(json, "matches", X509_check_private_key(pair->leaf, pair->key) == 1);
    edge_json_put_number(json, "chain", sk_X509_num(pair->chain));
    edge_json_put_string(json, "sha256", fingerprint_text(pair->leaf, pool));
    edge_json_put_string(json, "certificate_file", pair->certificate_file->path.at);
    edge_json_put_string(json, "key_file", pair->key_file->path.at);
    put_staple(json, pair);
    edge_json_put_string(json, "loaded_at", loaded_at);
    edge_json_object_end(json);
    ERR_clear_error();
}

const edge_admin_argument_t tls_certificate_rows[] = {
    {.name = "context", .kind = EDGE_ADMIN_TEXT, .prose = "Its <TLSContext>."},
    {.name = "first", .kind = EDGE_ADMIN_SWITCH, .prose = "Whether clients that say no name get it."},
    {.name = "subject", .kind = EDGE_ADMIN_TEXT, .prose = "Whose it is."},
    {.name = "names", .kind = EDGE_ADMIN_TEXTS, .prose = "Host names it is good for."},
    {.name = "issuer", .kind = EDGE_ADMIN_TEXT, .prose = "Who signed it."},
    {.name = "serial", .kind = EDGE_ADMIN_TEXT, .prose = "The issuer's number of it."},
    {.name = "not_before", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "Good from then on."},
    {.name = "not_after", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "Good until then."},
    {.name = "days_left", .kind = EDGE_ADMIN_NUMBER, .prose = "Until it runs out."},
    {.name = "key_type", .kind = EDGE_ADMIN_TEXT, .prose = "Of its key."},
    {.name = "matches", .kind = EDGE_ADMIN_SWITCH, .prose = "Whether the key is its own."},
    {.name = "chain", .kind = EDGE_ADMIN_NUMBER, .prose = "Certificates that are sent with it."},
    {.name = "sha256", .kind = EDGE_ADMIN_TEXT, .prose = "Its fingerprint."},
    {.name = "certificate_file", .kind = EDGE_ADMIN_TEXT, .prose = "Where it was read."},
    {.name = "key_file", .kind = EDGE_ADMIN_TEXT, .prose = "Where its key was read."},
    {.name = "staple", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "Of its OCSP response."},
    {.name = "loaded_at", .kind = EDGE_ADMIN_TIME, .prose = "When it was read."},
    {.name = NULL},
};
