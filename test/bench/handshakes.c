/*
 * handshakes: an SMTP client that does little but encrypt, and counts.
 *
 *     handshakes [options] ADDRESS PORT
 *       -s, --sessions N   sessions at a time (50)
 *       -t, --seconds N    no new session begins after this time (5)
 *       -j, --threads N    threads (1)
 *       -c, --opening N    connections that may be opening at a time (64)
 *       --resume           each session offers what an earlier one got; the first of each place is full
 *       --immediate        TLS begins at connect, without STARTTLS
 *       --tls12            TLS 1.2 at most
 *       --idle             open the sessions, print a line "ready=N ...", hold them until standard input ends
 *       --bulk OCTETS      one message of this size in each session
 *       --raw              with --bulk: no SMTP, only TLS and the octets (openssl s_server)
 *       -v, --verbose      print the first troubles
 *
 * A session is connect, EHLO, STARTTLS, EHLO, QUIT. The result is one line of key=value on standard output. Latencies in
 * microseconds: tls_* from the first octet of the handshake to its end, conn_* from connect to the reply of the second EHLO.
 * The server's certificate is not verified: its cost is the client's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"

#define PIECE (1u << 20)   /* octets of a bulk message in memory; sent again and again */
#define GRACE_US 30000000u /* for sessions that are open at the end */

typedef enum step {
    STEP_CONNECT,
    STEP_BANNER,
    STEP_EHLO,
    STEP_STARTTLS,
    STEP_HANDSHAKE,
    STEP_EHLO_AGAIN,
    STEP_MAIL,
    STEP_RCPT,
    STEP_DATA,
    STEP_BODY,
    STEP_QUIT,
    STEP_IDLE
} step_t;

typedef struct session {
    int fd; /* -1: none */
    SSL *ssl;
    SSL_SESSION *kept; /* for the next handshake of this place */
    step_t step;
    const char *out;
    size_t out_left;
    uint64_t bulk_left;
    uint32_t events;
    unsigned code_len;
    char code[4]; /* of the reply line that is coming */
    uint64_t connected_at, tls_at;
} session_t;

typedef struct worker {
    pthread_t thread;
    unsigned session_count, opening, ready, lost, free_count, shown;
    session_t *sessions, **free; /* free: those that may be opened */
    int epoll;
    uint64_t done, failed, turned_away, handshakes, resumed, bulk_octets, bulk_us, bulk_at, last_done, retry_at;
    histogram_t tls, conn;
} worker_t;

static struct {
    unsigned sessions, threads, opening_most;
    uint64_t bulk;
    double seconds;
    bool resume, immediate, tls12, idle, raw, verbose;
    struct sockaddr_in server;
} opt = {.sessions = 50, .threads = 1, .opening_most = 64, .seconds = 5};

static const char hello[] = "EHLO load.example\r\n", starttls[] = "STARTTLS\r\n", quit[] = "QUIT\r\n";
static const char mail_from[] = "MAIL FROM:<sender@load.example>\r\n",
                  rcpt_to[] = "RCPT TO:<recipient@server.example>\r\n";
static const char data[] = "DATA\r\n", end_of_data[] = ".\r\n";
static char *piece;
static SSL_CTX *context;
static int slot_of_session;
static uint64_t started_at, end_at;
static _Atomic bool over;
static worker_t *workers;

/* Sessions */

static void interest(worker_t *w, session_t *s, uint32_t events) {
    if (s->events == events)
        return;
    struct epoll_event event = {.events = events, .data = {.ptr = s}};
    epoll_ctl(w->epoll, s->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->fd, &event);
    s->events = events;
}

static void session_close(worker_t *w, session_t *s) {
    if (s->ssl) {
        /* Otherwise the library thinks the session was cut off, and will not resume it. */
        SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(s->ssl);
        s->ssl = NULL;
    }
    close(s->fd);
    s->fd = -1;
    s->events = 0;
    if (!(opt.idle && s->step == STEP_IDLE)) /* an idle one that was lost stays lost */
        w->free[w->free_count++] = s;
}

static void session_end(worker_t *w, session_t *s, bool failed, const char *why) {
    if (s->step < STEP_MAIL)
        w->opening--;
    if (failed) {
        w->failed++;
        w->retry_at = now_us() + 10000; /* a server that refuses is not hammered */
        if (opt.verbose && w->shown++ < 5)
            fprintf(stderr, "handshakes: step %d: %s: %s\n", (int)s->step, why, strerror(errno));
    }
    ERR_clear_error();
    if (opt.idle && s->step == STEP_IDLE)
        w->lost++;
    session_close(w, s);
}

static void session_open(worker_t *w, session_t *s) {
    int one = 1;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    s->step = STEP_CONNECT;
    s->code_len = 0;
    s->out_left = 0;
    s->connected_at = now_us();
    w->opening++;
    if (s->fd < 0) {
        session_end(w, s, true, "socket");
        return;
    }
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(s->fd, (struct sockaddr *)&opt.server, sizeof(opt.server)) < 0 && errno != EINPROGRESS) {
        session_end(w, s, true, "connect");
        return;
    }
    interest(w, s, EPOLLOUT);
}

/* Octets sent; 0: not now; -1: trouble. */
static ssize_t put(worker_t *w, session_t *s, const char *from, size_t len) {
    if (!s->ssl) {
        ssize_t sent = send(s->fd, from, len, MSG_NOSIGNAL);
        return sent < 0 && errno == EAGAIN ? 0 : sent;
    }
    int sent = SSL_write(s->ssl, from, (int)len);
    if (sent > 0)
        return sent;
    int error = SSL_get_error(s->ssl, sent);
    (void)w;
    return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* What is to be sent next of a bulk message. */
static bool next_piece(session_t *s) {
    if (s->out_left > 0 || s->step != STEP_BODY || s->bulk_left == 0)
        return s->out_left > 0;
    size_t len = s->bulk_left < PIECE ? (size_t)s->bulk_left : PIECE;
    s->out = piece + (PIECE - len); /* its end is the end of a line */
    s->out_left = len;
    s->bulk_left -= len;
    if (s->bulk_left == 0 && !opt.raw) {
        s->out = piece + (PIECE - len);
        s->out_left = len + sizeof(end_of_data) - 1; /* stands behind the piece */
    }
    return true;
}

static void bulk_sent(worker_t *w, session_t *s);

static void flush(worker_t *w, session_t *s) {
    while (next_piece(s)) {
        ssize_t sent = put(w, s, s->out, s->out_left);
        if (sent < 0) {
            session_end(w, s, true, "send");
            return;
        }
        if (sent == 0)
            break;
        s->out += sent;
        s->out_left -= (size_t)sent;
    }
    interest(w, s, EPOLLIN | (s->out_left > 0 ? (uint32_t)EPOLLOUT : 0u));
    if (opt.raw && s->step == STEP_BODY && s->out_left == 0)
        bulk_sent(w, s);
}

static void say(worker_t *w, session_t *s, step_t step, const char *text) {
    s->step = step;
    s->out = text;
    s->out_left = strlen(text);
    flush(w, s);
}

static void bulk_begin(worker_t *w, session_t *s) {
    s->step = STEP_BODY;
    s->out_left = 0;
    s->bulk_left = opt.bulk;
    if (w->bulk_at == 0)
        w->bulk_at = now_us();
    flush(w, s);
}

/* The octets have arrived, or have been answered. */
static void bulk_sent(worker_t *w, session_t *s) {
    w->bulk_octets += opt.bulk;
    w->last_done = now_us();
    w->bulk_us = w->last_done - w->bulk_at;
    if (!opt.raw) {
        say(w, s, STEP_QUIT, quit);
        return;
    }
    /* Gone when the other side has read it all and closes for its part. */
    w->done++;
    SSL_shutdown(s->ssl);
    session_end(w, s, false, "");
}

static void secured(worker_t *w, session_t *s) {
    w->handshakes++;
    w->resumed += SSL_session_reused(s->ssl) == 1;
    histogram_add(&w->tls, now_us() - s->tls_at);
    if (opt.raw) {
        w->opening--;
        bulk_begin(w, s);
    } else if (opt.immediate) {
        s->step = STEP_BANNER;
        interest(w, s, EPOLLIN);
    } else {
        say(w, s, STEP_EHLO_AGAIN, hello);
    }
}

static void shake_hands(worker_t *w, session_t *s) {
    int done = SSL_do_handshake(s->ssl);
    if (done == 1) {
        secured(w, s);
        return;
    }
    int error = SSL_get_error(s->ssl, done);
    if (error == SSL_ERROR_WANT_READ)
        interest(w, s, EPOLLIN);
    else if (error == SSL_ERROR_WANT_WRITE)
        interest(w, s, EPOLLIN | EPOLLOUT);
    else
        session_end(w, s, true, ERR_peek_error() ? ERR_reason_error_string(ERR_peek_error()) : "handshake");
}

static void tls_begin(worker_t *w, session_t *s) {
    s->step = STEP_HANDSHAKE;
    s->tls_at = now_us();
    s->ssl = SSL_new(context);
    SSL_set_ex_data(s->ssl, slot_of_session, s);
    SSL_set_fd(s->ssl, s->fd);
    SSL_set_connect_state(s->ssl);
    if (opt.resume && s->kept)
        SSL_set_session(s->ssl, s->kept);
    shake_hands(w, s);
}

/* A ticket came; in TLS 1.3 behind the handshake. */
static int keep_session(SSL *ssl, SSL_SESSION *fresh) {
    session_t *s = SSL_get_ex_data(ssl, slot_of_session);
    if (!s)
        return 0;
    SSL_SESSION_free(s->kept);
    s->kept = fresh;
    return 1;
}

static void greeted(worker_t *w, session_t *s) {
    w->opening--;
    histogram_add(&w->conn, now_us() - s->connected_at);
    if (opt.idle) {
        s->step = STEP_IDLE;
        w->ready++;
    } else if (opt.bulk) {
        say(w, s, STEP_MAIL, mail_from);
    } else {
        say(w, s, STEP_QUIT, quit);
    }
}

/* A whole reply has come. The last one of a bulk message may be a refusal: the octets went all the same. */
static void reply_came(worker_t *w, session_t *s) {
    char wanted = s->step == STEP_DATA ? '3' : '2';
    if (memcmp(s->code, "421", 3) == 0 && s->step != STEP_BODY) {
        w->turned_away++; /* the server goes, or makes way for its next generation; nothing failed */
        session_end(w, s, false, "");
        return;
    }
    if (s->code[0] != wanted && s->step != STEP_BODY) {
        errno = 0;
        session_end(w, s, true, "unexpected reply");
        return;
    }
    switch (s->step) {
    case STEP_BANNER: say(w, s, opt.immediate ? STEP_EHLO_AGAIN : STEP_EHLO, hello); break;
    case STEP_EHLO: say(w, s, STEP_STARTTLS, starttls); break;
    case STEP_STARTTLS: tls_begin(w, s); break;
    case STEP_EHLO_AGAIN: greeted(w, s); break;
    case STEP_MAIL: say(w, s, STEP_RCPT, rcpt_to); break;
    case STEP_RCPT: say(w, s, STEP_DATA, data); break;
    case STEP_DATA: bulk_begin(w, s); break;
    case STEP_BODY: bulk_sent(w, s); break;
    case STEP_QUIT:
        w->done++;
        w->last_done = now_us();
        session_end(w, s, false, "");
        break;
    default: session_end(w, s, true, "reply out of turn"); break;
    }
}

/* A reply ends with the line whose code is followed by a blank. */
static void take(worker_t *w, session_t *s, const char *text, size_t len) {
    for (size_t at = 0; at < len && s->fd >= 0;) {
        while (s->code_len < 4 && at < len && text[at] != '\n')
            s->code[s->code_len++] = text[at++];
        const char *end = memchr(text + at, '\n', len - at);
        if (!end)
            return;
        at = (size_t)(end - text) + 1;
        bool last = s->code_len == 4 && s->code[3] != '-';
        s->code_len = 0;
        if (last)
            reply_came(w, s);
    }
}

/* Octets; 0: the end; -1: not now; -2: trouble. */
static ssize_t get(session_t *s, char *to, size_t room) {
    if (!s->ssl) {
        ssize_t got = recv(s->fd, to, room, 0);
        return got >= 0 ? got : errno == EAGAIN ? -1 : -2;
    }
    int got = SSL_read(s->ssl, to, (int)room);
    if (got > 0)
        return got;
    int error = SSL_get_error(s->ssl, got);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : error == SSL_ERROR_ZERO_RETURN ? 0 : -2;
}

static void readable(worker_t *w, session_t *s) {
    char text[8192];
    for (;;) {
        if (s->step == STEP_HANDSHAKE) {
            shake_hands(w, s);
            return;
        }
        ssize_t got = get(s, text, sizeof(text));
        if (got == -1)
            return;
        if (got <= 0) {
            session_end(w, s, true, "the connection ended");
            return;
        }
        bool clear = s->ssl == NULL;
        take(w, s, text, (size_t)got);
        if (s->fd < 0 || clear) /* an encrypted record may already lie in the library */
            return;
    }
}

static void writable(worker_t *w, session_t *s) {
    int error = 0;
    socklen_t len = sizeof(error);
    if (s->step == STEP_HANDSHAKE) {
        shake_hands(w, s);
        return;
    }
    if (s->step != STEP_CONNECT) {
        flush(w, s);
        return;
    }
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        errno = error;
        session_end(w, s, true, "connect");
    } else if (opt.immediate || opt.raw) {
        tls_begin(w, s);
    } else {
        s->step = STEP_BANNER;
        interest(w, s, EPOLLIN);
    }
}

/* True: there may still be something to do. */
static bool refill(worker_t *w) {
    bool more = !atomic_load(&over) && now_us() < end_at && !(opt.bulk && w->handshakes > 0 && opt.sessions == 1);
    while (more && w->free_count > 0 && w->opening < opt.opening_most && (w->retry_at == 0 || now_us() >= w->retry_at))
        session_open(w, w->free[--w->free_count]);
    return more || w->free_count < w->session_count;
}

static void *work(void *argument) {
    worker_t *w = argument;
    struct epoll_event events[512];
    uint64_t give_up = end_at + GRACE_US + (opt.bulk ? 300000000u : 0);
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    while (refill(w) && now_us() < give_up) {
        int count = epoll_wait(w->epoll, events, 512, 10);
        for (int i = 0; i < count; i++) {
            session_t *s = events[i].data.ptr;
            if (s->fd >= 0 && events[i].events & EPOLLOUT)
                writable(w, s);
            if (s->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                readable(w, s);
        }
        if (opt.idle && (w->ready >= w->session_count || w->failed > w->session_count))
            break;
    }
    w->failed += opt.idle ? 0 : w->session_count - w->free_count;
    return NULL;
}

/* After all are ready: a lost connection is noticed, nothing is sent. */
static void hold_idle(void) {
    struct pollfd input = {0, POLLIN, 0};
    struct epoll_event events[256];
    char drop[256];
    while (!atomic_load(&over)) {
        if (poll(&input, 1, 200) > 0 && read(0, drop, sizeof(drop)) <= 0)
            break;
        for (unsigned t = 0; t < opt.threads; t++) {
            int count = epoll_wait(workers[t].epoll, events, 256, 0);
            for (int i = 0; i < count; i++)
                if (((session_t *)events[i].data.ptr)->fd >= 0)
                    readable(&workers[t], events[i].data.ptr);
        }
    }
}

/* Setting up and telling */

static void piece_make(void) {
    static const char line[] = "The quick brown fox jumps over the lazy dog, again and again, 0123456789\r\n";
    size_t len = sizeof(line) - 1, at = PIECE;
    piece = malloc(PIECE + sizeof(end_of_data));
    while (at >= len)
        memcpy(piece + (at -= len), line, len);
    memset(piece, 'x', at);
    memcpy(piece + PIECE, end_of_data, sizeof(end_of_data));
}

/* SSL_VERIFY_NONE alone would have the chain verified and the result ignored. */
static int believe(X509_STORE_CTX *store, void *argument) {
    (void)store;
    (void)argument;
    return 1;
}

static void context_make(void) {
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_cert_verify_callback(context, believe, NULL);
    /* A short hello, so that the load costs little beside what it measures. */
    SSL_CTX_set1_groups_list(context, "X25519");
    SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256:rsa_pss_rsae_sha256");
    SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256");
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_min_proto_version(context, opt.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (opt.tls12)
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    slot_of_session = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    SSL_CTX_set_session_cache_mode(context, opt.resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE
                                                       : SSL_SESS_CACHE_OFF);
    if (opt.resume)
        SSL_CTX_sess_set_new_cb(context, keep_session);
}

static void on_signal(int number) {
    (void)number;
    atomic_store(&over, true);
}

enum { OPT_RESUME = 256, OPT_IMMEDIATE, OPT_TLS12, OPT_IDLE, OPT_BULK, OPT_RAW };

static const struct option long_options[] = {{"sessions", required_argument, NULL, 's'},
                                             {"seconds", required_argument, NULL, 't'},
                                             {"threads", required_argument, NULL, 'j'},
                                             {"opening", required_argument, NULL, 'c'},
                                             {"verbose", no_argument, NULL, 'v'},
                                             {"resume", no_argument, NULL, OPT_RESUME},
                                             {"immediate", no_argument, NULL, OPT_IMMEDIATE},
                                             {"tls12", no_argument, NULL, OPT_TLS12},
                                             {"idle", no_argument, NULL, OPT_IDLE},
                                             {"bulk", required_argument, NULL, OPT_BULK},
                                             {"raw", no_argument, NULL, OPT_RAW},
                                             {NULL, 0, NULL, 0}};

static unsigned number(const char *text) { return (unsigned)strtoul(text, NULL, 10); }

static void usage(void) {
    fprintf(stderr, "usage: handshakes [options] ADDRESS PORT (the options are listed in handshakes.c)\n");
    exit(2);
}

static void read_options(int argc, char **argv) {
    int option;
    while ((option = getopt_long(argc, argv, "s:t:j:c:v", long_options, NULL)) != -1) {
        switch (option) {
        case 's': opt.sessions = number(optarg); break;
        case 't': opt.seconds = strtod(optarg, NULL); break;
        case 'j': opt.threads = number(optarg); break;
        case 'c': opt.opening_most = number(optarg); break;
        case 'v': opt.verbose = true; break;
        case OPT_RESUME: opt.resume = true; break;
        case OPT_IMMEDIATE: opt.immediate = true; break;
        case OPT_TLS12: opt.tls12 = true; break;
        case OPT_IDLE: opt.idle = true; break;
        case OPT_BULK: opt.bulk = strtoull(optarg, NULL, 10); break;
        case OPT_RAW: opt.raw = true; break;
        default: usage();
        }
    }
    if (argc - optind != 2 || opt.threads == 0 || opt.sessions == 0 || (opt.raw && !opt.bulk))
        usage();
    opt.server.sin_family = AF_INET;
    opt.server.sin_port = htons((uint16_t)number(argv[optind + 1]));
    if (inet_pton(AF_INET, argv[optind], &opt.server.sin_addr) != 1) {
        fprintf(stderr, "handshakes: %s is no IPv4 address\n", argv[optind]);
        exit(2);
    }
}

static void raise_descriptors(void) {
    struct rlimit limit = {opt.sessions + 100u, opt.sessions + 100u}, now;
    getrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        now.rlim_cur = now.rlim_max;
        setrlimit(RLIMIT_NOFILE, &now);
    }
}

static void histogram_sum(histogram_t *into, const histogram_t *h) {
    for (unsigned i = 0; i < BUCKETS; i++)
        into->count[i] += h->count[i];
    into->total += h->total;
}

static void sum(worker_t *into, const worker_t *w) {
    into->done += w->done;
    into->failed += w->failed;
    into->turned_away += w->turned_away;
    into->handshakes += w->handshakes;
    into->resumed += w->resumed;
    into->ready += w->ready;
    into->bulk_octets += w->bulk_octets;
    if (w->last_done > into->last_done)
        into->last_done = w->last_done;
    if (w->bulk_us > into->bulk_us)
        into->bulk_us = w->bulk_us;
    histogram_sum(&into->tls, &w->tls);
    histogram_sum(&into->conn, &w->conn);
}

static double client_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void tell(const worker_t *all) {
    uint64_t until = all->last_done > started_at ? all->last_done : now_us();
    double seconds = (double)(until - started_at) / 1e6;
    printf("sessions=%llu failed=%llu turned_away=%llu handshakes=%llu resumed=%llu seconds=%.3f per_second=%.1f "
           "client_cpu=%.3f "
           "tls_p50=%llu tls_p99=%llu tls_max=%llu conn_p50=%llu conn_p99=%llu mb_per_second=%.1f\n",
           (unsigned long long)all->done, (unsigned long long)all->failed, (unsigned long long)all->turned_away,
           (unsigned long long)all->handshakes, (unsigned long long)all->resumed, seconds, (double)all->done / seconds,
           client_cpu(), (unsigned long long)percentile(&all->tls, 0.5),
           (unsigned long long)percentile(&all->tls, 0.99), (unsigned long long)percentile(&all->tls, 1.0 - 1e-9),
           (unsigned long long)percentile(&all->conn, 0.5), (unsigned long long)percentile(&all->conn, 0.99),
           all->bulk_us ? (double)all->bulk_octets / (double)all->bulk_us : 0.0);
}

static int tell_idle(const worker_t *all) {
    printf("ready=%u failed=%llu seconds=%.3f\n", all->ready, (unsigned long long)all->failed,
           (double)(now_us() - started_at) / 1e6);
    fflush(stdout);
    hold_idle();
    unsigned lost = 0;
    for (unsigned t = 0; t < opt.threads; t++)
        lost += workers[t].lost;
    printf("held=%u lost=%u\n", all->ready - lost, lost);
    return 0;
}

static void start(worker_t *w, unsigned place) {
    w->session_count = opt.sessions / opt.threads + (place < opt.sessions % opt.threads);
    w->sessions = calloc(w->session_count + 1, sizeof(session_t));
    w->free = calloc(w->session_count + 1, sizeof(session_t *));
    for (unsigned i = 0; i < w->session_count; i++) {
        w->sessions[i].fd = -1;
        w->free[w->free_count++] = &w->sessions[i];
    }
    pthread_create(&w->thread, NULL, work, w);
}

int main(int argc, char **argv) {
    static worker_t all;
    read_options(argc, argv);
    context_make();
    raise_descriptors();
    piece_make();
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    signal(SIGPIPE, SIG_IGN);
    workers = calloc(opt.threads, sizeof(*workers));
    started_at = now_us();
    end_at = started_at + (uint64_t)((opt.idle ? 120.0 : opt.seconds) * 1e6);
    for (unsigned t = 0; t < opt.threads; t++)
        start(&workers[t], t);
    for (unsigned t = 0; t < opt.threads; t++)
        pthread_join(workers[t].thread, NULL);
    for (unsigned t = 0; t < opt.threads; t++)
        sum(&all, &workers[t]);
    if (opt.idle)
        return tell_idle(&all);
    tell(&all);
    return all.failed > 0 && all.done == 0;
}
