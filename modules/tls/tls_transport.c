/* TLS as a transport: OpenSSL on the connection's own non-blocking socket. */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define RECORD_MOST 16384

static apr_status_t tls_open(void **state, int fd, const void *settings) {
    tls_context_t *context = (tls_context_t *)(uintptr_t)settings;
    tls_state_t *t = calloc(1, sizeof(*t));
    if (!t)
        return APR_ENOMEM;
    t->set = tls_context_take(context);
    t->ssl = SSL_new(t->set->names.groups[0].openssl);
    if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1) {
        SSL_free(t->ssl);
        tls_set_drop(t->set);
        free(t);
        ERR_clear_error();
        return APR_ENOMEM;
    }
    SSL_set_accept_state(t->ssl);
    *state = t;
    return APR_SUCCESS;
}

/* What OpenSSL waits for, when it waits. */
static edge_io_t waits(int wanted) { return wanted == SSL_ERROR_WANT_READ ? EDGE_IO_WANT_READ : EDGE_IO_WANT_WRITE; }

/* A peer that is refused shall see the alert that says why: input that nobody has read would turn it into a reset. */
static void make_alert_heard(int fd) {
    char dropped[4096];
    for (unsigned i = 0; i < 16 && recv(fd, dropped, sizeof(dropped), 0) > 0; i++)
        ;
    shutdown(fd, SHUT_WR);
}

/* Nothing has come: OpenSSL would only make its buffers to find that out, and hold them. */
static bool is_silent(int fd) {
    char none;
    return recv(fd, &none, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static edge_io_t tls_handshake(void *state, int fd, apr_status_t *status) {
    tls_state_t *t = state;
    if (SSL_in_before(t->ssl) && is_silent(fd))
        return EDGE_IO_WANT_READ;
    ERR_clear_error();
    errno = 0;
    int done = SSL_accept(t->ssl), error = errno;
    if (done == 1) {
        t->shaken = true;
        tls_client_describe(t->ssl, &t->client_subject, &t->client_name);
        tls_trouble_shaken(t, fd);
        return EDGE_IO_DONE;
    }
    int wanted = SSL_get_error(t->ssl, done);
    if (wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE)
        return waits(wanted);
    t->failed = true;
    tls_trouble_not_shaken(t, fd, error);
    make_alert_heard(fd);
    *status = error ? APR_FROM_OS_ERROR(error) : APR_EGENERAL;
    return EDGE_IO_ERROR;
}

/* Why SSL_read or SSL_write moved nothing. */
static edge_io_t judge(tls_state_t *t, int fd, int error, apr_status_t *status) {
    int wanted = SSL_get_error(t->ssl, 0);
    switch (wanted) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return waits(wanted);
    case SSL_ERROR_ZERO_RETURN:
        /* Its end may be the socket's alone: SMTP says itself where a message ends, so nothing hangs on it. */
        if (!t->towards && BIO_eof(SSL_get_rbio(t->ssl)))
            tls_count(TLS_C_TRUNCATED);
        return EDGE_IO_END;
    default:
        t->failed = true;
        if (t->towards)
            ERR_clear_error(); /* the counters are of clients */
        else
            tls_trouble_broken(fd, error);
        *status = error ? APR_FROM_OS_ERROR(error) : APR_EGENERAL;
        return EDGE_IO_ERROR;
    }
}

/* Reads record after record as long as there is something in the transport, so that much input is shown at once. */
edge_io_t tls_transport_read(void *state, int fd, char *into, size_t size, size_t *moved, apr_status_t *status) {
    tls_state_t *t = state;
    size_t total = 0, got = 0;
    if (t->later != EDGE_IO_DONE) {
        *status = t->later_status;
        return t->later;
    }
    t->starved = false;
    do {
        ERR_clear_error();
        errno = 0;
        if (SSL_read_ex(t->ssl, into + total, size - total, &got)) {
            total += got;
            continue;
        }
        edge_io_t io = judge(t, fd, errno, status);
        t->starved = io == EDGE_IO_WANT_READ;
        if (io == EDGE_IO_END || io == EDGE_IO_ERROR) {
            t->later = io;
            t->later_status = *status;
        }
        if (total == 0)
            return io;
        break;
    } while (total < size && SSL_has_pending(t->ssl));
    *moved = total;
    return EDGE_IO_DONE;
}

/* Where the next record begins in a list of pieces. */
typedef struct place {
    const struct iovec *at;
    int left;
    size_t skip; /* of the first piece */
} place_t;

static void advance(place_t *place, size_t len) {
    place->skip += len;
    while (place->left > 0 && place->skip >= place->at->iov_len) {
        place->skip -= place->at->iov_len;
        place->at++;
        place->left--;
    }
}

/* What goes into the next record: a large piece as it stands, small ones copied together. A record that waits to be
 * written again is given again with at least the same bytes, since what is in front of it has been eaten. */
static edge_span_t next_bytes(place_t *place, char *block) {
    size_t len = 0;
    const char *first = (const char *)place->at->iov_base + place->skip;
    size_t first_len = place->at->iov_len - place->skip;
    if (place->left == 1 || first_len >= RECORD_MOST)
        return edge_span(first, first_len);
    for (place_t from = *place; from.left > 0 && len < RECORD_MOST;) {
        size_t part = from.at->iov_len - from.skip;
        part = part < RECORD_MOST - len ? part : RECORD_MOST - len;
        memcpy(block + len, (const char *)from.at->iov_base + from.skip, part);
        len += part;
        advance(&from, part);
    }
    return edge_span(block, len);
}

edge_io_t tls_transport_write(void *state, int fd, const struct iovec *from, int count, size_t *moved,
                              apr_status_t *status) {
    tls_state_t *t = state;
    char block[RECORD_MOST];
    size_t total = 0, put = 0;
    place_t place = {from, count, 0};
    for (advance(&place, 0); place.left > 0; advance(&place, put)) {
        edge_span_t bytes = next_bytes(&place, block);
        ERR_clear_error();
        errno = 0;
        if (SSL_write_ex(t->ssl, bytes.at, bytes.len, &put)) {
            total += put;
            continue;
        }
        int error = errno;
        if (total > 0)
            break; /* the trouble will be there again */
        edge_io_t io = judge(t, fd, error, status);
        return io == EDGE_IO_END ? EDGE_IO_ERROR : io;
    }
    *moved = total;
    return EDGE_IO_DONE;
}

bool tls_transport_pending(void *state) {
    tls_state_t *t = state;
    return t->later != EDGE_IO_DONE || (!t->starved && SSL_has_pending(t->ssl));
}

static void tls_close(void *state, int fd, bool orderly) {
    tls_state_t *t = state;
    ERR_clear_error();
    if (!t->shaken && !t->failed)
        tls_trouble_not_shaken(t, fd, ETIMEDOUT);
    if (orderly && t->shaken && !t->failed)
        SSL_shutdown(t->ssl); /* says close_notify if the socket takes it; the peer's is not waited for */
    /* Else OpenSSL would hold the session for one that went wrong, and forget it. */
    if (!t->failed)
        SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(t->ssl);
    ERR_clear_error();
    tls_set_drop(t->set);
    free(t->client_subject);
    free(t->client_name);
    free(t);
}

const edge_transport_t tls_transport = {
    .name = "tls",
    .open = tls_open,
    .handshake = tls_handshake,
    .read = tls_transport_read,
    .write = tls_transport_write,
    .pending = tls_transport_pending,
    .close = tls_close,
};

/* A name that a log line or a header field may hold as it is; others are not told. */
static const char *clean_name(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    return name && name[0] && strspn(name, allowed) == strlen(name) ? name : NULL;
}

void tls_transport_facts(void *state, edge_tls_facts_t *facts) {
    tls_state_t *t = state;
    *facts = (edge_tls_facts_t){0};
    if (!t || !t->shaken)
        return;
    facts->version = SSL_get_version(t->ssl);
    facts->cipher = SSL_get_cipher_name(t->ssl);
    facts->sni = clean_name(SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name));
    facts->client_subject = t->client_subject;
    facts->client_name = t->client_name;
    facts->verified = tls_hop_verified(t);
    facts->resumed = SSL_session_reused(t->ssl) == 1;
}

bool tls_transport_exporter(void *state, uint8_t out[EDGE_TLS_EXPORTER_SIZE]) {
    static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266 2 */
    tls_state_t *t = state;
    if (!t || !t->shaken || SSL_version(t->ssl) < TLS1_3_VERSION)
        return false;
    bool made =
        SSL_export_keying_material(t->ssl, out, EDGE_TLS_EXPORTER_SIZE, label, sizeof(label) - 1, NULL, 0, 0) == 1;
    ERR_clear_error();
    return made;
}
