/*
 * bare_handshakes: what the server's side of a TLS handshake costs here when nothing is built around it.
 *
 *     bare_handshakes [-t SECS] [-r] CERTIFICATE KEY         -r: resumed ones
 *
 * Measured twice, each for so many seconds (2), in CPU time of the server's side alone, making and freeing its state included:
 * memory_us with both sides joined in memory; network_us in an accept loop on loopback, one connection after the other, with
 * accept, read, write and close, but without a dialogue. One line of key=value on standard output.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WARM 50u /* handshakes that are not counted */

static SSL_CTX *server_context, *client_context;
static SSL_SESSION *kept;
static bool resume;
static double seconds = 2;

static uint64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static _Noreturn void die(const char *what) {
    fprintf(stderr, "bare_handshakes: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int keep_session(SSL *ssl, SSL_SESSION *fresh) {
    (void)ssl;
    SSL_SESSION_free(kept);
    kept = fresh;
    return 1;
}

static int believe(X509_STORE_CTX *store, void *argument) {
    (void)store;
    (void)argument;
    return 1;
}

static SSL *client_make(void) {
    SSL *client = SSL_new(client_context);
    SSL_set_connect_state(client);
    if (resume && kept)
        SSL_set_session(client, kept);
    return client;
}

/* Otherwise the library thinks the session was cut off, and will not resume it. */
static void release(SSL *ssl) {
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
}

/* In memory */

static uint64_t memory_handshake(bool *resumed) {
    BIO *ours, *theirs;
    char octet;
    int server_done = 0, client_done = 0;
    BIO_new_bio_pair(&ours, 0, &theirs, 0);
    SSL *client = client_make();
    SSL_set_bio(client, theirs, theirs);
    uint64_t begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    SSL *server = SSL_new(server_context);
    SSL_set_bio(server, ours, ours);
    SSL_set_accept_state(server);
    uint64_t spent = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
    for (unsigned turns = 0; turns < 20 && !(server_done == 1 && client_done == 1); turns++) {
        client_done = SSL_do_handshake(client);
        begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        server_done = SSL_do_handshake(server);
        spent += clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
    }
    if (server_done != 1 || client_done != 1)
        die("no handshake");
    SSL_read(client, &octet, 1); /* takes the tickets */
    *resumed = SSL_session_reused(client) == 1;
    release(client);
    begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    release(server);
    return spent + clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
}

static double in_memory(uint64_t *resumed_count) {
    uint64_t spent = 0, count = 0, until = clock_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);
    for (unsigned done = 0; clock_ns(CLOCK_MONOTONIC) < until; done++) {
        bool resumed;
        uint64_t took = memory_handshake(&resumed);
        if (done < WARM)
            continue;
        spent += took;
        count++;
        *resumed_count += resumed;
    }
    return count ? (double)spent / (double)count / 1e3 : 0;
}

/* On loopback */

typedef struct loop {
    int listener;
    uint64_t spent, count;
} loop_t;

static void serve(int fd) {
    char octet;
    int one = 1;
    SSL *server = SSL_new(server_context);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    SSL_set_fd(server, fd);
    SSL_set_accept_state(server);
    if (SSL_do_handshake(server) != 1)
        die("no handshake on loopback");
    while (SSL_read(server, &octet, 1) > 0)
        continue;
    SSL_shutdown(server);
    release(server);
    close(fd);
}

static void *accept_loop(void *argument) {
    loop_t *loop = argument;
    uint64_t begun = 0, done = 0;
    for (int fd; (fd = accept4(loop->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0; done++) {
        if (done == WARM)
            begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        serve(fd);
    }
    loop->spent = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
    loop->count = done > WARM ? done - WARM : 0;
    return NULL;
}

static void network_handshake(const struct sockaddr_in *to) {
    char octet;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
        die("connect");
    SSL *client = client_make();
    SSL_set_fd(client, fd);
    if (SSL_do_handshake(client) != 1)
        die("no handshake on loopback");
    SSL_shutdown(client);
    SSL_read(client, &octet, 1); /* tickets, then the end */
    release(client);
    close(fd);
}

static double on_loopback(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    loop_t loop = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    pthread_t thread;
    if (bind(loop.listener, (struct sockaddr *)&at, len) < 0 || listen(loop.listener, 64) < 0 ||
        getsockname(loop.listener, (struct sockaddr *)&at, &len) < 0)
        die("listen");
    pthread_create(&thread, NULL, accept_loop, &loop);
    for (uint64_t until = clock_ns(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9); clock_ns(CLOCK_MONOTONIC) < until;)
        network_handshake(&at);
    shutdown(loop.listener, SHUT_RDWR); /* ends accept */
    pthread_join(thread, NULL);
    return loop.count ? (double)loop.spent / (double)loop.count / 1e3 : 0;
}

/* The client is the one of handshakes.c, so that both measure the same hello. */
static void contexts_make(const char *certificate, const char *key) {
    server_context = SSL_CTX_new(TLS_server_method());
    client_context = SSL_CTX_new(TLS_client_method());
    if (SSL_CTX_use_certificate_chain_file(server_context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(server_context, key, SSL_FILETYPE_PEM) != 1)
        die(certificate);
    SSL_CTX_set_cert_verify_callback(client_context, believe, NULL);
    SSL_CTX_set1_groups_list(client_context, "X25519");
    SSL_CTX_set1_sigalgs_list(client_context, "ECDSA+SHA256:rsa_pss_rsae_sha256");
    SSL_CTX_set_ciphersuites(client_context, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_min_proto_version(client_context, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(client_context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    if (resume)
        SSL_CTX_sess_set_new_cb(client_context, keep_session);
}

int main(int argc, char **argv) {
    uint64_t resumed = 0;
    for (int option; (option = getopt(argc, argv, "t:r")) != -1;) {
        if (option == 't')
            seconds = strtod(optarg, NULL);
        else if (option == 'r')
            resume = true;
        else
            return 2;
    }
    if (argc - optind != 2) {
        fprintf(stderr, "usage: bare_handshakes [-t SECS] [-r] CERTIFICATE KEY\n");
        return 2;
    }
    contexts_make(argv[optind], argv[optind + 1]);
    double memory = in_memory(&resumed), network = on_loopback();
    printf("memory_us=%.1f network_us=%.1f resumed=%llu\n", memory, network, (unsigned long long)resumed);
    return 0;
}
