/* A certificate with its chain and key: read, and checked as far as a file can be checked. */
#include "tls.h"

#include <apr_strings.h>
#include <ctype.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *asked) {
    (void)buffer, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

/* Reading */

static bool parse_chain(tls_pair_t *pair, BIO *from) {
    bool asked = false;
    pair->leaf = PEM_read_bio_X509_AUX(from, NULL, no_passphrase, &asked);
    pair->chain = sk_X509_new_null();
    if (!pair->leaf || !pair->chain)
        return false;
    X509 *next;
    while ((next = PEM_read_bio_X509(from, NULL, no_passphrase, &asked)) != NULL)
        if (!sk_X509_push(pair->chain, next)) {
            X509_free(next);
            return false;
        }
    /* "No start line" is how a file ends; anything else is a broken certificate. */
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (at_end)
        ERR_clear_error();
    return at_end;
}

static bool read_certificate(tls_pair_t *pair, tls_report_t *report) {
    const tls_file_t *file = pair->certificate_file;
    tls_bytes_t bytes;
    const char *why;
    if (!tls_file_read(file->path.at, &bytes, &why, report->pool)) {
        tls_report_error(report, file, "EDG10803", "the certificate %s cannot be read: %s", file->path.at, why);
        return false;
    }
    pair->stamps[0] = bytes.stamp;
    BIO *from = BIO_new_mem_buf(bytes.at, (int)bytes.len);
    bool parsed = from && parse_chain(pair, from);
    BIO_free(from);
    tls_file_forget(&bytes);
    if (!parsed)
        tls_report_error(report, file, "EDG10804", "%s holds no whole certificate in PEM form: %s", file->path.at,
                         tls_report_reason());
    return parsed;
}

static bool read_key(tls_pair_t *pair, tls_report_t *report) {
    const tls_file_t *file = pair->key_file;
    tls_bytes_t bytes;
    const char *why;
    bool asked = false;
    if (!tls_file_read(file->path.at, &bytes, &why, report->pool)) {
        tls_report_error(report, file, "EDG10803", "the key %s cannot be read: %s", file->path.at, why);
        return false;
    }
    pair->stamps[1] = bytes.stamp;
    BIO *from = BIO_new_mem_buf(bytes.at, (int)bytes.len);
    pair->key = from ? PEM_read_bio_PrivateKey(from, NULL, no_passphrase, &asked) : NULL;
    BIO_free(from);
    if (bytes.mode & S_IROTH)
        tls_report_warn(report, file, "EDG20801", "the key %s can be read by everybody on this machine: chmod 600",
                        file->path.at);
    tls_file_forget(&bytes);
    if (!pair->key && asked)
        tls_report_error(
            report, file, "EDG10805",
            "the key %s needs a passphrase, and nobody is there to give it: store it without one, mode 600",
            file->path.at);
    else if (!pair->key)
        tls_report_error(report, file, "EDG10805", "%s holds no private key in PEM form: %s", file->path.at,
                         tls_report_reason());
    ERR_clear_error();
    return pair->key != NULL;
}

/* Checking */

static const char *date_text(const ASN1_TIME *when, apr_pool_t *pool) {
    struct tm parts;
    if (!ASN1_TIME_to_tm(when, &parts))
        return "an unreadable date";
    return apr_psprintf(pool, "%04d-%02d-%02d %02d:%02d:%02d UTC", parts.tm_year + 1900, parts.tm_mon + 1,
                        parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static bool check_dates(const tls_pair_t *pair, tls_report_t *report) {
    const tls_file_t *file = pair->certificate_file;
    const ASN1_TIME *from = X509_get0_notBefore(pair->leaf), *until = X509_get0_notAfter(pair->leaf);
    if (X509_cmp_current_time(until) <= 0) {
        tls_report_error(report, file, "EDG10807", "the certificate %s expired on %s", file->path.at,
                         date_text(until, report->pool));
        return false;
    }
    if (X509_cmp_current_time(from) > 0) {
        tls_report_error(report, file, "EDG10808", "the certificate %s is not valid before %s", file->path.at,
                         date_text(from, report->pool));
        return false;
    }
    return true;
}

static bool check_match(const tls_pair_t *pair, tls_report_t *report) {
    if (X509_check_private_key(pair->leaf, pair->key) == 1)
        return true;
    ERR_clear_error();
    tls_report_error(report, pair->key_file, "EDG10806", "the key %s is not that of the certificate %s",
                     pair->key_file->path.at, pair->certificate_file->path.at);
    return false;
}

static bool is_self_signed(X509 *certificate) { return X509_check_issued(certificate, certificate) == X509_V_OK; }

/* Whether this machine knows the root that has signed it: then nothing is missing between them. */
static bool is_below_root(X509 *certificate) {
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *look = X509_STORE_CTX_new();
    X509 *issuer = NULL;
    bool found = store && look && X509_STORE_set_default_paths(store) &&
                 X509_STORE_CTX_init(look, store, certificate, NULL) &&
                 X509_STORE_CTX_get1_issuer(&issuer, look, certificate) == 1;
    X509_free(issuer);
    X509_STORE_CTX_free(look);
    X509_STORE_free(store);
    ERR_clear_error();
    return found;
}

static void check_chain(const tls_pair_t *pair, const tls_report_t *report) {
    const tls_file_t *file = pair->certificate_file;
    X509 *at = pair->leaf;
    if (!report->check)
        return;
    for (int i = 0; i < sk_X509_num(pair->chain); i++) {
        X509 *next = sk_X509_value(pair->chain, i);
        if (X509_check_issued(next, at) != X509_V_OK) {
            tls_report_warn(
                report, file, "EDG20802",
                "the certificates in %s are in the wrong order, or one is missing: number %d has not signed "
                "number %d; the server's own comes first, each next one signs the one before",
                file->path.at, i + 2, i + 1);
            return;
        }
        at = next;
    }
    if (sk_X509_num(pair->chain) == 0 && !is_self_signed(pair->leaf) && !is_below_root(pair->leaf))
        tls_report_warn(report, file, "EDG20803",
                        "%s holds the server's certificate alone: clients that do not know who signed it cannot check "
                        "it; put the intermediate certificates behind it",
                        file->path.at);
}

/* Names */

static void add_name(tls_pair_t *pair, const ASN1_STRING *text, apr_pool_t *pool) {
    size_t len = (size_t)ASN1_STRING_length(text);
    char *name = apr_pstrmemdup(pool, (const char *)ASN1_STRING_get0_data(text), len);
    if (len == 0 || strlen(name) != len)
        return; /* a NUL in it is meant to deceive */
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    APR_ARRAY_PUSH(pair->names, const char *) = name;
}

/* DNS names of the subject; of old certificates without them, the common name. */
static void find_names(tls_pair_t *pair, apr_pool_t *pool) {
    pair->names = apr_array_make(pool, 4, sizeof(const char *));
    GENERAL_NAMES *others = X509_get_ext_d2i(pair->leaf, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(others); i++) {
        const GENERAL_NAME *other = sk_GENERAL_NAME_value(others, i);
        if (other->type == GEN_DNS)
            add_name(pair, other->d.dNSName, pool);
    }
    GENERAL_NAMES_free(others);
    const X509_NAME *subject = X509_get_subject_name(pair->leaf);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (pair->names->nelts == 0 && at >= 0)
        add_name(pair, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), pool);
}

static bool find_kind(tls_pair_t *pair, tls_report_t *report) {
    switch (EVP_PKEY_get_base_id(pair->key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS: pair->kind = TLS_RSA; return true;
    case EVP_PKEY_EC: pair->kind = TLS_ECDSA; return true;
    case EVP_PKEY_ED25519: pair->kind = TLS_ED25519; return true;
    case EVP_PKEY_ED448: pair->kind = TLS_ED448; return true;
    default:
        tls_report_error(report, pair->key_file, "EDG10805",
                         "%s is of a kind that TLS does not take here: RSA, ECDSA, Ed25519 or Ed448",
                         pair->key_file->path.at);
        return false;
    }
}

bool tls_pair_load(tls_pair_t *pair, tls_report_t *report, apr_pool_t *pool) {
    /* Both files are read, so that one run names all that is wrong. */
    bool certificate = read_certificate(pair, report), key = read_key(pair, report);
    if (!certificate || !key || !find_kind(pair, report))
        return false;
    bool matches = check_match(pair, report), dates = check_dates(pair, report);
    check_chain(pair, report);
    find_names(pair, pool);
    ERR_clear_error();
    return matches && dates;
}

void tls_pair_clear(tls_pair_t *pair) {
    X509_free(pair->leaf);
    sk_X509_pop_free(pair->chain, X509_free);
    EVP_PKEY_free(pair->key);
    OPENSSL_free(pair->staple);
    memset(pair, 0, sizeof(*pair));
}

const char *tls_pair_kind_name(const tls_pair_t *pair, apr_pool_t *pool) {
    char curve[64] = "";
    switch (pair->kind) {
    case TLS_RSA: return apr_psprintf(pool, "RSA %d", EVP_PKEY_get_bits(pair->key));
    case TLS_ECDSA:
        EVP_PKEY_get_group_name(pair->key, curve, sizeof(curve), NULL);
        return apr_psprintf(pool, "ECDSA %s", curve);
    case TLS_ED25519: return "Ed25519";
    default: return "Ed448";
    }
}
