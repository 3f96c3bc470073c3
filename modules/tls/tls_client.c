/* Client certificates: who may sign them, and whom they speak for. */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define NAME_MOST 1024
#define CHAIN_DEPTH 8
#define ASCII 0x7e

/* Loading */

static int compare_names(const X509_NAME *const *a, const X509_NAME *const *b) { return X509_NAME_cmp(*a, *b); }

static bool add_authority(tls_client_rules_t *rules, X509 *certificate) {
    X509_NAME *name = X509_NAME_dup(X509_get_subject_name(certificate));
    if (name && sk_X509_NAME_find(rules->names, name) < 0 && sk_X509_NAME_push(rules->names, name) > 0)
        name = NULL;
    X509_NAME_free(name);
    bool added = X509_STORE_add_cert(rules->store, certificate) == 1;
    X509_free(certificate);
    return added;
}

static int parse_authorities(tls_client_rules_t *rules, const tls_bytes_t *bytes) {
    BIO *from = BIO_new_mem_buf(bytes->at, (int)bytes->len);
    X509 *certificate;
    int count = 0;
    while (from && (certificate = PEM_read_bio_X509(from, NULL, NULL, NULL)) != NULL) {
        if (!add_authority(rules, certificate)) {
            count = 0;
            break;
        }
        count++;
    }
    BIO_free(from);
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (at_end && count > 0)
        ERR_clear_error();
    return at_end ? count : 0;
}

static bool load_file(tls_client_rules_t *rules, const tls_file_t *file, edge_file_stamp_t *stamp, EVP_MD_CTX *digest,
                      tls_report_t *report) {
    tls_bytes_t bytes;
    const char *why;
    if (!tls_file_read(file->path.at, &bytes, &why, report->pool)) {
        tls_report_error(report, file, "EDG10803", "ClientCA %s cannot be read: %s", file->path.at, why);
        return false;
    }
    *stamp = bytes.stamp;
    bool loaded = parse_authorities(rules, &bytes) > 0 && EVP_DigestUpdate(digest, bytes.at, bytes.len) == 1;
    tls_file_forget(&bytes);
    if (!loaded)
        tls_report_error(report, file, "EDG10814", "%s holds no whole certificates in PEM form: %s", file->path.at,
                         tls_report_reason());
    return loaded;
}

bool tls_client_load(tls_client_rules_t *rules, const tls_conf_t *conf, tls_report_t *report) {
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    rules->mode = (tls_client_mode_t)conf->client;
    rules->store = X509_STORE_new();
    rules->names = sk_X509_NAME_new(compare_names);
    bool loaded = digest && rules->store && rules->names && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
                  EVP_DigestUpdate(digest, &rules->mode, sizeof(rules->mode)) == 1;
    if (!loaded)
        tls_report_error(report, NULL, "EDG10820", "OpenSSL has no memory");
    if (loaded && rules->mode != TLS_CLIENT_OFF && conf->client_cas.count == 0) {
        tls_report_error(report, NULL, "EDG10813",
                         "client certificates are asked for, but nothing says who may sign them: write ClientCA PATH");
        loaded = false;
    }
    for (unsigned i = 0; loaded && i < conf->client_cas.count; i++)
        loaded = load_file(rules, &conf->client_cas.at[i], &rules->stamps[i], digest, report);
    loaded = loaded && EVP_DigestFinal_ex(digest, rules->digest, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return loaded;
}

void tls_client_clear(tls_client_rules_t *rules) {
    X509_STORE_free(rules->store);
    sk_X509_NAME_pop_free(rules->names, X509_NAME_free);
    rules->store = NULL;
    rules->names = NULL;
}

/* With `request` a certificate that cannot be believed is as good as none: many servers send theirs to every peer.
 * The result of the check stays in the session. */
static int believe_for_now(int good, X509_STORE_CTX *check) {
    (void)good, (void)check;
    return 1;
}

bool tls_client_apply(const tls_client_rules_t *rules, SSL_CTX *openssl) {
    if (rules->mode == TLS_CLIENT_OFF) {
        SSL_CTX_set_verify(openssl, SSL_VERIFY_NONE, NULL);
        return true;
    }
    STACK_OF(X509_NAME) *names = SSL_dup_CA_list(rules->names);
    if (!names || X509_STORE_up_ref(rules->store) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return false;
    }
    SSL_CTX_set_cert_store(openssl, rules->store);
    SSL_CTX_set_client_CA_list(openssl, names);
    SSL_CTX_set_verify_depth(openssl, CHAIN_DEPTH);
    if (rules->mode == TLS_CLIENT_REQUIRE)
        SSL_CTX_set_verify(openssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    else
        SSL_CTX_set_verify(openssl, SSL_VERIFY_PEER, believe_for_now);
    return true;
}

/* Describing */

/* Printable and not too long, or nobody's: an identity is never cut or guessed at. */
static char *clean(const char *text, size_t len, unsigned char largest) {
    if (len == 0 || len > NAME_MOST)
        return NULL;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f || (unsigned char)text[i] > largest)
            return NULL;
    return strndup(text, len);
}

/* RFC 4514, its more special cases as RFC 2253 has them; ASCII only. */
static char *subject_of(const X509 *certificate) {
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL, *copy = NULL;
    if (out && X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
        long len = BIO_get_mem_data(out, &text);
        copy = clean(text, len > 0 ? (size_t)len : 0, ASCII);
    }
    BIO_free(out);
    return copy;
}

static char *mailbox_of(const X509 *certificate) {
    char *mailbox = NULL;
    GENERAL_NAMES *others = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(others) && !mailbox; i++) {
        const GENERAL_NAME *other = sk_GENERAL_NAME_value(others, i);
        if (other->type == GEN_EMAIL)
            mailbox = clean((const char *)ASN1_STRING_get0_data(other->d.rfc822Name),
                            (size_t)ASN1_STRING_length(other->d.rfc822Name), ASCII);
    }
    GENERAL_NAMES_free(others);
    return mailbox;
}

/* The last common name is the most special one. */
static char *common_name_of(const X509 *certificate) {
    const X509_NAME *subject = X509_get_subject_name(certificate);
    unsigned char *text = NULL;
    int at = -1, next;
    while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
        at = next;
    if (at < 0)
        return NULL;
    int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    char *name = len > 0 ? clean((const char *)text, (size_t)len, 0xff) : NULL;
    OPENSSL_free(text);
    return name;
}

void tls_client_describe(SSL *ssl, char **subject, char **name) {
    const X509 *certificate = SSL_get0_peer_certificate(ssl);
    *subject = *name = NULL;
    if (!certificate || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE || SSL_get_verify_result(ssl) != X509_V_OK)
        return;
    *subject = subject_of(certificate);
    *name = mailbox_of(certificate);
    if (!*name)
        *name = common_name_of(certificate);
    ERR_clear_error();
}
