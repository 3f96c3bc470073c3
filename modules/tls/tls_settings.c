/* The rules of a section as OpenSSL knows them: versions, ciphers, groups, modes. */
#include "tls.h"

#include <apr_strings.h>
#include <openssl/dh.h>
#include <openssl/err.h>

static EVP_PKEY *make_group(void) {
    EVP_PKEY *parameters = NULL;
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    if (maker && EVP_PKEY_paramgen_init(maker) == 1 && EVP_PKEY_CTX_set_group_name(maker, "ffdhe2048") == 1)
        EVP_PKEY_paramgen(maker, &parameters);
    EVP_PKEY_CTX_free(maker);
    return parameters;
}

/* The group of Mozilla's recommendation, for the few clients that know no elliptic curve. */
static bool set_dh(SSL_CTX *openssl) {
    EVP_PKEY *group = make_group();
    if (group && SSL_CTX_set0_tmp_dh_pkey(openssl, group) == 1)
        return true;
    EVP_PKEY_free(group);
    return false;
}

static void set_modes(SSL_CTX *openssl) {
    /* Our order of ciphers counts, but a client that prefers ChaCha20 has no AES in hardware and gets it. An end without
     * close_notify is an end: tls_transport.c counts it. */
    SSL_CTX_set_options(openssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_clear_options(openssl, SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_LEGACY_SERVER_CONNECT);
    /* NO_AUTO_CHAIN: what ClientCA trusts must not slip into the server's own chain. */
    SSL_CTX_set_mode(openssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    /* A peer that sends key updates without end must not keep a worker inside one read. */
    SSL_CTX_clear_mode(openssl, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(openssl, 1);
    SSL_CTX_set_security_level(openssl, 2);
}

/* OpenSSL passes over names it does not know as long as it knows one. */
static void warn_unknown_ciphers(SSL_CTX *openssl, const tls_conf_t *conf, const tls_report_t *report) {
    char *rest = apr_pstrdup(report->pool, conf->ciphers.at), *word;
    while (report->check && (word = apr_strtok(rest, ": ,", &rest)) != NULL) {
        if (strpbrk(word, "!+-@") || SSL_CTX_set_cipher_list(openssl, word) == 1)
            continue;
        edge_conf_warn_in(report->check, report->section, "Ciphers", "EDG20808",
                          "OpenSSL knows no cipher \"%s\" for TLS 1.2", word);
    }
    ERR_clear_error();
}

static bool refuse(tls_report_t *report, const char *directive, const char *code, const char *value) {
    if (!report->check) {
        tls_report_error(report, NULL, code, "%s \"%s\": %s", directive, value, tls_report_reason());
        return false;
    }
    edge_conf_error_in(report->check, report->section, directive, code, "OpenSSL does not take \"%s\" as %s: %s", value,
                       directive, tls_report_reason());
    return false;
}

static bool set_algorithms(SSL_CTX *openssl, const tls_conf_t *conf, tls_report_t *report) {
    warn_unknown_ciphers(openssl, conf, report);
    if (SSL_CTX_set_cipher_list(openssl, conf->ciphers.at) != 1)
        return refuse(report, "Ciphers", "EDG10810", conf->ciphers.at);
    if (SSL_CTX_set_ciphersuites(openssl, conf->suites.at) != 1)
        return refuse(report, "CipherSuites", "EDG10811", conf->suites.at);
    if (SSL_CTX_set1_groups_list(openssl, conf->groups.at) != 1)
        return refuse(report, "Groups", "EDG10812", conf->groups.at);
    return true;
}

SSL_CTX *tls_settings_make(const tls_conf_t *conf, tls_report_t *report) {
    int least = conf->min_version == 1 ? TLS1_3_VERSION : TLS1_2_VERSION;
    ERR_clear_error();
    SSL_CTX *openssl = SSL_CTX_new(TLS_server_method());
    if (!openssl || SSL_CTX_set_min_proto_version(openssl, least) != 1 ||
        SSL_CTX_set_max_proto_version(openssl, 0) != 1 || !set_dh(openssl)) {
        tls_report_error(report, NULL, "EDG10820", "OpenSSL cannot make a context: %s", tls_report_reason());
        SSL_CTX_free(openssl);
        return NULL;
    }
    set_modes(openssl);
    if (set_algorithms(openssl, conf, report))
        return openssl;
    SSL_CTX_free(openssl);
    return NULL;
}
