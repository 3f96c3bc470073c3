/* What a handshake or a broken connection comes to in counters and in the log. */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "edge_ipaddr.h"

/* Reasons of OpenSSL by kind; those that are not here are told apart below. */
static const struct {
    int reason;
    enum tls_counter counter;
} kinds[] = {
    {SSL_R_HTTP_REQUEST, TLS_C_FAILED_GARBAGE},
    {SSL_R_HTTPS_PROXY_REQUEST, TLS_C_FAILED_GARBAGE},
    {SSL_R_WRONG_VERSION_NUMBER, TLS_C_FAILED_GARBAGE},
    {SSL_R_UNKNOWN_PROTOCOL, TLS_C_FAILED_GARBAGE},
    {SSL_R_WRONG_SSL_VERSION, TLS_C_FAILED_GARBAGE},
    {SSL_R_LENGTH_MISMATCH, TLS_C_FAILED_GARBAGE},
    {SSL_R_LENGTH_TOO_SHORT, TLS_C_FAILED_GARBAGE},
    {SSL_R_RECORD_LENGTH_MISMATCH, TLS_C_FAILED_GARBAGE},
    {SSL_R_RECORD_TOO_SMALL, TLS_C_FAILED_GARBAGE},
    {SSL_R_PACKET_LENGTH_TOO_LONG, TLS_C_FAILED_GARBAGE},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, TLS_C_FAILED_GARBAGE},
    {SSL_R_BAD_RECORD_TYPE, TLS_C_FAILED_GARBAGE},
    {SSL_R_UNEXPECTED_MESSAGE, TLS_C_FAILED_GARBAGE},
    {SSL_R_UNEXPECTED_RECORD, TLS_C_FAILED_GARBAGE},
    {SSL_R_BAD_EXTENSION, TLS_C_FAILED_GARBAGE},
    {SSL_R_BAD_KEY_SHARE, TLS_C_FAILED_GARBAGE},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, TLS_C_FAILED_GARBAGE},
    {SSL_R_NO_COMPRESSION_SPECIFIED, TLS_C_FAILED_GARBAGE},
    {SSL_R_MISSING_SUPPORTED_GROUPS_EXTENSION, TLS_C_FAILED_GARBAGE},
    {SSL_R_MISSING_SIGALGS_EXTENSION, TLS_C_FAILED_GARBAGE},
    {SSL_R_TOO_MANY_WARN_ALERTS, TLS_C_FAILED_GARBAGE},
    {SSL_R_UNSUPPORTED_PROTOCOL, TLS_C_FAILED_MISMATCH},
    {SSL_R_UNSUPPORTED_SSL_VERSION, TLS_C_FAILED_MISMATCH},
    {SSL_R_VERSION_TOO_LOW, TLS_C_FAILED_MISMATCH},
    {SSL_R_INAPPROPRIATE_FALLBACK, TLS_C_FAILED_MISMATCH},
    {SSL_R_NO_SHARED_CIPHER, TLS_C_FAILED_MISMATCH},
    {SSL_R_NO_SHARED_GROUPS, TLS_C_FAILED_MISMATCH},
    {SSL_R_NO_SUITABLE_KEY_SHARE, TLS_C_FAILED_MISMATCH},
    {SSL_R_NO_SUITABLE_GROUPS, TLS_C_FAILED_MISMATCH},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, TLS_C_FAILED_MISMATCH},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, TLS_C_FAILED_MISMATCH},
    {SSL_R_CERTIFICATE_VERIFY_FAILED, TLS_C_FAILED_CERTIFICATE},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TLS_C_FAILED_CERTIFICATE},
    {SSL_R_BAD_SIGNATURE, TLS_C_FAILED_CERTIFICATE},
    {SSL_R_CA_KEY_TOO_SMALL, TLS_C_FAILED_CERTIFICATE},
    {SSL_R_EE_KEY_TOO_SMALL, TLS_C_FAILED_CERTIFICATE},
    {SSL_R_CA_MD_TOO_WEAK, TLS_C_FAILED_CERTIFICATE},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, TLS_C_FAILED_CLOSED},
};

static enum tls_counter kind_of(unsigned long code, int error) {
    int reason = ERR_GET_REASON(code);
    if (code == 0 || ERR_SYSTEM_ERROR(code))
        return error == ETIMEDOUT ? TLS_C_FAILED_UNFINISHED : TLS_C_FAILED_CLOSED;
    if (ERR_GET_LIB(code) != ERR_LIB_SSL)
        return TLS_C_FAILED_OTHER;
    if (reason >= SSL_AD_REASON_OFFSET)
        return TLS_C_FAILED_ALERT;
    for (unsigned i = 0; i < EDGE_COUNT(kinds); i++)
        if (kinds[i].reason == reason)
            return kinds[i].counter;
    return TLS_C_FAILED_OTHER;
}

static const char *reason_text(unsigned long code, int error) {
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    if (text)
        return text;
    return error == 0 ? "the client has closed" : error == ETIMEDOUT ? "it was not completed" : strerror(error);
}

/* "192.0.2.7:51512", for the line only. */
typedef struct client {
    char text[EDGE_IPADDR_TEXT + 8];
    edge_log_about_t about;
} client_t;

static const edge_log_about_t *client_of(int fd, client_t *client) {
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    edge_ipaddr_t address;
    uint16_t port = 0;
    char text[EDGE_IPADDR_TEXT];
    memset(&at, 0, sizeof(at));
    if (getpeername(fd, (struct sockaddr *)&at, &len) != 0 ||
        !edge_ipaddr_from_sockaddr((struct sockaddr *)&at, &address, &port))
        return NULL;
    edge_ipaddr_format(address, text);
    snprintf(client->text, sizeof(client->text), edge_ipaddr_is_v4(address) ? "%s:%u" : "[%s]:%u", text, port);
    client->about = (edge_log_about_t){NULL, client->text};
    return &client->about;
}

static bool is_logged(edge_log_level_t level) {
    return (int)level <= atomic_load_explicit(&tls_log.level, memory_order_relaxed);
}

static void count_client(const tls_state_t *state, int fd) {
    client_t client;
    X509 *certificate = SSL_get0_peer_certificate(state->ssl);
    long result = SSL_get_verify_result(state->ssl);
    if (!certificate)
        return;
    tls_count(result == X509_V_OK ? TLS_C_CLIENTS_VERIFIED : TLS_C_CLIENTS_REFUSED);
    if (result != X509_V_OK && is_logged(EDGE_LOG_INFO))
        EDGE_LOG_ABOUT(&tls_log, EDGE_LOG_INFO, 800, client_of(fd, &client), APR_SUCCESS,
                       "a client certificate is not believed: %s", X509_verify_cert_error_string(result));
}

void tls_trouble_shaken(tls_state_t *state, int fd) {
    client_t client;
    bool resumed = SSL_session_reused(state->ssl) == 1;
    if (resumed)
        tls_count(TLS_C_RESUMED);
    count_client(state, fd);
    if (is_logged(EDGE_LOG_DEBUG))
        EDGE_LOG_ABOUT(&tls_log, EDGE_LOG_DEBUG, 801, client_of(fd, &client), APR_SUCCESS, "%s %s%s",
                       SSL_get_version(state->ssl), SSL_get_cipher_name(state->ssl), resumed ? ", resumed" : "");
}

/* Why the client's certificate was refused, when that is what went wrong. */
static const char *verify_text(const tls_state_t *state, enum tls_counter kind) {
    long result = SSL_get_verify_result(state->ssl);
    bool tells = kind == TLS_C_FAILED_CERTIFICATE && result != X509_V_OK;
    return tells ? X509_verify_cert_error_string(result) : NULL;
}

void tls_trouble_not_shaken(tls_state_t *state, int fd, int error) {
    client_t client;
    unsigned long code = ERR_peek_error();
    enum tls_counter kind = kind_of(code, error);
    const char *verify = verify_text(state, kind);
    tls_count(kind);
    if (kind == TLS_C_FAILED_CERTIFICATE)
        tls_count(TLS_C_CLIENTS_REFUSED);
    if (is_logged(EDGE_LOG_INFO))
        EDGE_LOG_ABOUT(&tls_log, EDGE_LOG_INFO, 802, client_of(fd, &client), APR_SUCCESS,
                       "TLS handshake failed: %s%s%s", reason_text(code, error), verify ? ": " : "",
                       verify ? verify : "");
    ERR_clear_error();
}

void tls_trouble_broken(int fd, int error) {
    client_t client;
    unsigned long code = ERR_peek_error();
    /* A reset is the connection's own reason to close, and counted there. */
    if (code != 0 && !ERR_SYSTEM_ERROR(code))
        tls_count(TLS_C_BROKEN);
    if (is_logged(EDGE_LOG_INFO))
        EDGE_LOG_ABOUT(&tls_log, EDGE_LOG_INFO, 803, client_of(fd, &client), APR_SUCCESS, "TLS connection broken: %s",
                       reason_text(code, error));
    ERR_clear_error();
}
