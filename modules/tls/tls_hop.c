/* The client's side, towards next hops: frozen rules of a <Handoff>, and the transport that keeps them. */
#include "tls.h"

#include <apr_strings.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

struct edge_tls_hop {
    SSL_CTX *openssl;
    bool verify;
};

static apr_status_t forget(void *memory) {
    SSL_CTX_free(((edge_tls_hop_t *)memory)->openssl);
    return APR_SUCCESS;
}

static SSL_CTX *make_context(void) {
    SSL_CTX *openssl = SSL_CTX_new(TLS_client_method());
    if (!openssl)
        return NULL;
    if (SSL_CTX_set_min_proto_version(openssl, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(openssl);
        return NULL;
    }
    SSL_CTX_set_options(openssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(openssl,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_clear_mode(openssl, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(openssl, 1);
    SSL_CTX_set_session_cache_mode(openssl, SSL_SESS_CACHE_OFF);
    return openssl;
}

static bool load_authorities(SSL_CTX *openssl, const char *file) {
    return (file ? SSL_CTX_load_verify_file(openssl, file) : SSL_CTX_set_default_verify_paths(openssl)) == 1;
}

/* The certificate with those between it and the authority, and its key. */
static bool load_own(SSL_CTX *openssl, const edge_tls_hop_files_t *files) {
    return SSL_CTX_use_certificate_chain_file(openssl, files->certificate) == 1 &&
           SSL_CTX_use_PrivateKey_file(openssl, files->key, SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_check_private_key(openssl) == 1;
}

static bool load_files(edge_conf_check_t *check, const edge_section_t *handoff, SSL_CTX *openssl,
                       const edge_tls_hop_files_t *files) {
    const char *authorities = files->authorities;
    if (!load_authorities(openssl, authorities)) {
        edge_conf_error_in(check, handoff, authorities ? "TLSCA" : "TLS", "EDG10821",
                           "the certificates of authorities cannot be read from %s: %s",
                           authorities ? authorities : "the system's store", tls_report_reason());
        return false;
    }
    if (files->certificate && !load_own(openssl, files)) {
        edge_conf_error_in(check, handoff, "TLSCertificate", "EDG10822",
                           "the certificate %s cannot be used with the key %s: %s", files->certificate, files->key,
                           tls_report_reason());
        return false;
    }
    return true;
}

const edge_tls_hop_t *tls_hop_prepare(edge_conf_check_t *check, const edge_section_t *handoff,
                                      const edge_tls_hop_files_t *files, bool verify, apr_pool_t *pool) {
    edge_tls_hop_t *hop = apr_pcalloc(pool, sizeof(*hop));
    ERR_clear_error();
    hop->verify = verify;
    hop->openssl = make_context();
    if (!hop->openssl) {
        edge_conf_error_in(check, handoff, "TLS", "EDG10820", "OpenSSL cannot make a context: %s", tls_report_reason());
        return NULL;
    }
    apr_pool_cleanup_register(pool, hop, forget, apr_pool_cleanup_null);
    if (!load_files(check, handoff, hop->openssl, files))
        return NULL;
    SSL_CTX_set_verify(hop->openssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    return hop;
}

/* Whom the certificate has to name, and who is asked for. An address is no name that may be asked for (RFC 6066 3). */
static bool expect_name(SSL *ssl, const char *name) {
    X509_VERIFY_PARAM *rules = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, name) == 1)
        return true;
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(rules, name, 0) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static apr_status_t hop_open(void **state, int fd, const void *settings) {
    edge_tls_towards_t *towards = (edge_tls_towards_t *)(uintptr_t)settings;
    tls_state_t *t = calloc(1, sizeof(*t));
    if (!t)
        return APR_ENOMEM;
    ERR_clear_error();
    t->towards = towards;
    t->ssl = SSL_new(towards->hop->openssl);
    if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1 || (towards->name && !expect_name(t->ssl, towards->name))) {
        SSL_free(t->ssl);
        free(t);
        ERR_clear_error();
        return APR_ENOMEM;
    }
    SSL_set_connect_state(t->ssl);
    *state = t;
    return APR_SUCCESS;
}

/* OpenSSL's own words, kept by the user of the connection. */
static void tell_why(const tls_state_t *t, int error) {
    char *why = t->towards->why;
    size_t size = sizeof(t->towards->why);
    unsigned long code = ERR_peek_error();
    long result = SSL_get_verify_result(t->ssl);
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    if (t->towards->hop->verify && result != X509_V_OK)
        snprintf(why, size, "its certificate is not believed: %s", X509_verify_cert_error_string(result));
    else if (text)
        snprintf(why, size, "%s", text);
    else
        snprintf(why, size, "%s", error ? strerror(error) : "the next hop closed the connection");
    ERR_clear_error();
}

static edge_io_t hop_handshake(void *state, int fd, apr_status_t *status) {
    tls_state_t *t = state;
    (void)fd;
    ERR_clear_error();
    errno = 0;
    int done = SSL_connect(t->ssl), error = errno;
    if (done == 1) {
        t->shaken = true;
        return EDGE_IO_DONE;
    }
    switch (SSL_get_error(t->ssl, done)) {
    case SSL_ERROR_WANT_READ: return EDGE_IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE: return EDGE_IO_WANT_WRITE;
    default: break;
    }
    t->failed = true;
    tell_why(t, error);
    *status = error ? APR_FROM_OS_ERROR(error) : APR_EGENERAL;
    return EDGE_IO_ERROR;
}

static void hop_close(void *state, int fd, bool orderly) {
    tls_state_t *t = state;
    (void)fd;
    ERR_clear_error();
    if (orderly && t->shaken && !t->failed)
        SSL_shutdown(t->ssl);
    SSL_free(t->ssl);
    ERR_clear_error();
    free(t);
}

const edge_transport_t tls_hop_transport = {
    .name = "tls-hop",
    .open = hop_open,
    .handshake = hop_handshake,
    .read = tls_transport_read,
    .write = tls_transport_write,
    .pending = tls_transport_pending,
    .close = hop_close,
};

bool tls_hop_verified(const tls_state_t *state) {
    return state->towards && state->towards->name && SSL_get0_peer_certificate(state->ssl) &&
           SSL_get_verify_result(state->ssl) == X509_V_OK;
}
