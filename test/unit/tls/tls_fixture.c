/* Certificates, contexts and both ends of a connection, for the tests of mod_tls. */
#include "tls_fixture.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

apr_pool_t *fixture_pool;
static char directory[] = "/tmp/edged_tls_XXXXXX";

int fixture_set_up(void **state) {
    (void)state;
    apr_initialize();
    apr_pool_create(&fixture_pool, NULL);
    signal(SIGPIPE, SIG_IGN);
    edge_log_area_level(NULL, EDGE_LOG_EMERG); /* troubles are what is tested */
    return mkdtemp(directory) ? 0 : 1;
}

int fixture_tear_down(void **state) {
    (void)state;
    tls_resume_stop();
    int status = system(apr_pstrcat(fixture_pool, "rm -rf ", directory, NULL));
    apr_pool_destroy(fixture_pool);
    return status;
}

/* Files */

const char *fixture_path(const char *name, const char *suffix) {
    return apr_pstrcat(fixture_pool, directory, "/", name, ".", suffix, NULL);
}

void fixture_write(const char *path, const char *bytes, size_t len) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    chmod(path, 0600);
}

edge_span_t fixture_read(const char *path) {
    char *bytes = apr_palloc(fixture_pool, 65536);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(bytes, 1, 65536, file);
    fclose(file);
    return edge_span(bytes, len);
}

void fixture_copy(const char *from, const char *to) {
    edge_span_t bytes = fixture_read(from);
    fixture_write(to, bytes.at, bytes.len);
}

/* Certificates */

static EVP_PKEY *make_key(tls_kind_t kind) {
    switch (kind) {
    case TLS_RSA: return EVP_RSA_gen(2048);
    case TLS_ED25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    default: return EVP_EC_gen("P-256");
    }
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

X509 *fixture_certificate(const char *name) {
    FILE *file = fopen(fixture_path(name, "pem"), "r");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    return certificate;
}

EVP_PKEY *fixture_key(const char *name) {
    FILE *file = fopen(fixture_path(name, "key"), "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    return key;
}

static void fill(X509 *certificate, const fixture_certificate_t *wanted, X509 *issuer, EVP_PKEY *key) {
    static long serial = 1000;
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 86400L * (wanted->from ? wanted->from : -1));
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * (wanted->until ? wanted->until : 30));
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Test, Ltd", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wanted->subject, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    if (wanted->sans)
        add_extension(certificate, issuer, NID_subject_alt_name, wanted->sans);
    add_extension(certificate, issuer, NID_basic_constraints, wanted->authority ? "critical,CA:TRUE" : "CA:FALSE");
}

static void store(const char *name, X509 *certificate, EVP_PKEY *key) {
    FILE *file = fopen(fixture_path(name, "pem"), "w");
    PEM_write_X509(file, certificate);
    fclose(file);
    file = fopen(fixture_path(name, "key"), "w");
    fchmod(fileno(file), 0600);
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

void fixture_certify(const fixture_certificate_t *wanted) {
    EVP_PKEY *key = make_key(wanted->kind), *signing = wanted->signer ? fixture_key(wanted->signer) : key;
    X509 *certificate = X509_new(), *issuer = wanted->signer ? fixture_certificate(wanted->signer) : certificate;
    fill(certificate, wanted, issuer, key);
    bool plain = EVP_PKEY_get_base_id(signing) != EVP_PKEY_ED25519;
    assert_true(X509_sign(certificate, signing, plain ? EVP_sha256() : NULL) > 0);
    store(wanted->name, certificate, key);
    if (wanted->signer) {
        X509_free(issuer);
        EVP_PKEY_free(signing);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* Contexts */

void fixture_add(tls_files_t *files, const char *path) {
    files->at[files->count++] = (tls_file_t){edge_span_of(path), NULL};
}

static edge_span_t initial(const char *name) {
    for (const edge_directive_t *row = tls_directives; row->name; row++)
        if (strcmp(row->name, name) == 0)
            return edge_span_of(row->initial);
    fail();
    return EDGE_NO_SPAN;
}

tls_conf_t *fixture_conf(const char *names) {
    tls_conf_t *conf = apr_pcalloc(fixture_pool, sizeof(*conf));
    char *rest = apr_pstrdup(fixture_pool, names), *name;
    while ((name = apr_strtok(rest, ",", &rest)) != NULL) {
        fixture_add(&conf->certificates, fixture_path(name, "pem"));
        fixture_add(&conf->keys, fixture_path(name, "key"));
    }
    conf->ciphers = initial("Ciphers");
    conf->suites = initial("CipherSuites");
    conf->groups = initial("Groups");
    conf->tickets = true;
    return conf;
}

static tls_context_t *describe(const char *name, tls_conf_t *conf) {
    tls_context_t *context = apr_pcalloc(fixture_pool, sizeof(*context));
    edge_section_t *section = apr_pcalloc(fixture_pool, sizeof(*section));
    section->name = edge_span_of(name);
    context->name = name;
    context->section = section;
    context->conf = conf;
    pthread_mutex_init(&context->lock, NULL);
    return context;
}

tls_context_t *fixture_context(const char *name, tls_conf_t *conf) {
    tls_context_t *context = describe(name, conf);
    tls_report_t report = {.section = context->section, .pool = fixture_pool};
    context->set = tls_set_make(context, &report);
    if (report.why)
        print_message("%s\n", report.why);
    assert_non_null(context->set);
    tls_context_add(context);
    return context;
}

void fixture_forget(tls_context_t *context) { tls_context_forget(context); }

const char *fixture_trouble(tls_conf_t *conf) {
    tls_context_t *context = describe("trouble", conf);
    tls_report_t report = {.section = context->section, .pool = fixture_pool};
    tls_set_t *set = tls_set_make(context, &report);
    if (set)
        tls_set_drop(set);
    assert_true((set == NULL) == (report.why != NULL));
    assert_int_equal(ERR_peek_error(), 0);
    return report.why;
}

/* Both ends */

SSL_CTX *fixture_client(int version) {
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(client, version);
    SSL_CTX_set_max_proto_version(client, version);
    SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT);
    return client;
}

void fixture_connect(fixture_link_t *link, tls_context_t *context, SSL_CTX *client) {
    int fds[2];
    memset(link, 0, sizeof(*link));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    link->server_fd = fds[0];
    link->client_fd = fds[1];
    assert_int_equal(tls_transport.open(&link->server, link->server_fd, context), APR_SUCCESS);
    if (client) {
        link->client = SSL_new(client);
        SSL_set_fd(link->client, link->client_fd);
        SSL_set_connect_state(link->client);
    }
}

static void move_client(fixture_link_t *link) {
    ERR_clear_error();
    int result = SSL_do_handshake(link->client), error = SSL_get_error(link->client, result);
    link->client_done = result == 1;
    link->client_failed = result != 1 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
    ERR_clear_error();
}

static void move_server(fixture_link_t *link) {
    link->server_io = tls_transport.handshake(link->server, link->server_fd, &link->status);
    link->server_done = link->server_io == EDGE_IO_DONE;
    assert_int_equal(ERR_peek_error(), 0);
}

bool fixture_shake(fixture_link_t *link) {
    for (unsigned i = 0; i < 20 && !(link->server_done && link->client_done); i++) {
        if (!link->client_done && !link->client_failed)
            move_client(link);
        if (!link->server_done && link->server_io != EDGE_IO_ERROR)
            move_server(link);
    }
    if (link->client_done) { /* tickets come behind the handshake */
        char none;
        SSL_read(link->client, &none, 0);
        SSL_peek(link->client, &none, 1);
        ERR_clear_error();
    }
    return link->server_done && link->client_done;
}

void fixture_say(fixture_link_t *link, const char *text) {
    char got[256];
    size_t moved = 0;
    apr_status_t status = 0;
    assert_int_equal(SSL_write(link->client, text, (int)strlen(text)), strlen(text));
    assert_int_equal(tls_transport.read(link->server, link->server_fd, got, sizeof(got), &moved, &status),
                     EDGE_IO_DONE);
    assert_int_equal(moved, strlen(text));
    assert_memory_equal(got, text, moved);
}

void fixture_answer(fixture_link_t *link, const char *text) {
    char got[256];
    struct iovec from = {(void *)(uintptr_t)text, strlen(text)};
    size_t moved = 0;
    apr_status_t status = 0;
    assert_int_equal(tls_transport.write(link->server, link->server_fd, &from, 1, &moved, &status), EDGE_IO_DONE);
    assert_int_equal(moved, strlen(text));
    assert_int_equal(SSL_read(link->client, got, sizeof(got)), moved);
    assert_memory_equal(got, text, moved);
}

void fixture_close(fixture_link_t *link) {
    if (link->server)
        tls_transport.close(link->server, link->server_fd, true);
    if (link->client) {
        /* An end without a word would make the session unfit to be resumed. */
        SSL_set_shutdown(link->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(link->client);
    }
    close(link->server_fd);
    close(link->client_fd);
    assert_int_equal(ERR_peek_error(), 0);
}
