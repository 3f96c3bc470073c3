/*
 * Certificates, contexts and both ends of a connection, for the tests of mod_tls. Everything is made at test time, in a
 * directory of its own.
 */
#ifndef EDGE_TEST_TLS_FIXTURE_H
#define EDGE_TEST_TLS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../modules/tls/tls.h"

extern apr_pool_t *fixture_pool;

int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* A certificate with its key, as files NAME.pem and NAME.key. */
typedef struct fixture_certificate {
    const char *name;    /* of the files */
    const char *subject; /* common name */
    const char *sans;    /* "DNS:a,DNS:*.b"; NULL: none */
    tls_kind_t kind;     /* TLS_RSA, TLS_ECDSA, TLS_ED25519 */
    const char *signer;  /* NAME of another; NULL: by itself */
    int from, until;     /* days from now; 0, 0: since yesterday, for a month */
    bool authority;
} fixture_certificate_t;

void fixture_certify(const fixture_certificate_t *wanted);
/* As they stand in the files. */
X509 *fixture_certificate(const char *name);
EVP_PKEY *fixture_key(const char *name);
/* "DIRECTORY/NAME.SUFFIX" */
const char *fixture_path(const char *name, const char *suffix);
void fixture_write(const char *path, const char *bytes, size_t len);
edge_span_t fixture_read(const char *path);
void fixture_copy(const char *from, const char *to);

/* The defaults, with the certificates of these names ("a,b"). */
tls_conf_t *fixture_conf(const char *names);
void fixture_add(tls_files_t *files, const char *path);
/* In the list of contexts, until fixture_forget. Its certificates must be good. */
tls_context_t *fixture_context(const char *name, tls_conf_t *conf);
void fixture_forget(tls_context_t *context);
/* What is wrong with such a context; NULL: nothing. */
const char *fixture_trouble(tls_conf_t *conf);

/* Both ends. */
typedef struct fixture_link {
    int server_fd, client_fd;
    void *server; /* the transport's state */
    SSL *client;
    edge_io_t server_io;
    apr_status_t status;
    bool server_done, client_done, client_failed;
} fixture_link_t;

SSL_CTX *fixture_client(int version); /* TLS1_2_VERSION, TLS1_3_VERSION; verifies nothing */
void fixture_connect(fixture_link_t *link, tls_context_t *context, SSL_CTX *client);
/* Both sides move until both are done, one has failed, or nothing moves any more. True: both are done. */
bool fixture_shake(fixture_link_t *link);
/* Text from the client; what the server reads. */
void fixture_say(fixture_link_t *link, const char *text);
/* From the server, read by the client. */
void fixture_answer(fixture_link_t *link, const char *text);
void fixture_close(fixture_link_t *link);

static inline tls_state_t *fixture_state(fixture_link_t *link) { return link->server; }

#endif
