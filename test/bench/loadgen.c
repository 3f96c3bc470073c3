/*
 * loadgen: an SMTP client that keeps many sessions busy, or many idle, and counts.
 *
 *     loadgen [options] ADDRESS PORT
 *       -s N      sessions at a time (50)
 *       -n N      messages per connection; 0 = as many as there is time for (1)
 *       -l N      octets of a message (4096)
 *       -p        pipelining: MAIL, RCPT and DATA leave in one write
 *       -t SECS   no new message begins after this time (5)
 *       -m N      no more than so many messages in all (no bound)
 *       -j N      threads (1)
 *       -i        idle: open the sessions, say EHLO, print a line "ready=N ...", hold them until standard input ends
 *       -a N      source addresses 127.0.0.1 .. 127.0.0.N, by turns (1; with -i as many as are needed)
 *       -c N      connections that may be opening at a time (64)
 *       -v        print the first unexpected replies
 *
 * A session is a list of steps: octets to send, and how many replies must come before the next step. The result is one line
 * of key=value on standard output. Latencies, in microseconds: txn_* from MAIL to the final reply, conn_* from connect to
 * the final reply of the connection's first message.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"

#define SOURCE_PORTS 20000u /* connections per source address, below the range of ephemeral ports */

typedef enum step {
    STEP_CONNECT,
    STEP_BANNER,
    STEP_EHLO,
    STEP_MAIL,
    STEP_RCPT,
    STEP_DATA,
    STEP_BODY,
    STEP_QUIT,
    STEP_IDLE
} step_t;

typedef struct session {
    int fd; /* -1 = none */
    step_t step;
    unsigned replies; /* still to come for this step */
    unsigned messages;
    const char *out;
    size_t out_left;
    bool line_start, wants_write, counted_first;
    char code[4]; /* of the reply line that is coming */
    unsigned code_len;
    uint64_t connected_at, mail_at;
} session_t;

typedef struct worker {
    pthread_t thread;
    unsigned number, session_count, opening, ready, lost;
    session_t *sessions;
    session_t **free; /* those that may be opened */
    unsigned free_count;
    int epoll;
    uint64_t messages, failed, connections, last_done, retry_at;
    unsigned shown;
    histogram_t txn, conn;
} worker_t;

static struct {
    unsigned sessions, per_connection, threads, sources, opening_most;
    size_t size;
    double seconds;
    uint64_t most;
    bool pipelining, idle, verbose;
    struct sockaddr_in server;
} opt = {.sessions = 50, .per_connection = 1, .threads = 1, .opening_most = 64, .size = 4096, .seconds = 5};

static const char hello[] = "EHLO load.example\r\n", mail_from[] = "MAIL FROM:<sender@load.example>\r\n";
static const char rcpt_to[] = "RCPT TO:<recipient@server.example>\r\n", data[] = "DATA\r\n", quit[] = "QUIT\r\n";
static const char group[] = "MAIL FROM:<sender@load.example>\r\nRCPT TO:<recipient@server.example>\r\nDATA\r\n";
static char *body;
static size_t body_len;
static uint64_t started_at, end_at;
static _Atomic uint64_t begun;
static _Atomic unsigned sources_used;
static _Atomic bool over;
static worker_t *workers;

/* Sessions */

static void interest(worker_t *w, session_t *s, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (s->wants_write ? EPOLLOUT : 0u), .data = {.ptr = s}};
    epoll_ctl(w->epoll, operation, s->fd, &event);
}

static void session_close(worker_t *w, session_t *s) {
    close(s->fd);
    s->fd = -1;
    /* An idle one that was lost stays lost. */
    if (!(opt.idle && s->step == STEP_IDLE))
        w->free[w->free_count++] = s;
}

static bool may_begin_message(void) {
    if (atomic_load_explicit(&over, memory_order_relaxed) || now_us() >= end_at)
        return false;
    if (opt.most && atomic_fetch_add(&begun, 1) >= opt.most) {
        atomic_store(&over, true);
        return false;
    }
    return true;
}

/* False: it failed at once. */
static bool session_open(worker_t *w, session_t *s) {
    struct sockaddr_in from = {.sin_family = AF_INET};
    int one = 1;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        w->failed++;
        w->free[w->free_count++] = s;
        return false;
    }
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (opt.sources > 1) {
        setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + atomic_fetch_add(&sources_used, 1) % opt.sources);
        bind(s->fd, (struct sockaddr *)&from, sizeof(from));
    }
    s->step = STEP_CONNECT;
    s->replies = 0;
    s->messages = 0;
    s->line_start = true;
    s->code_len = 0;
    s->out_left = 0;
    s->counted_first = false;
    s->wants_write = true;
    s->connected_at = now_us();
    w->connections++;
    w->opening++;
    if (connect(s->fd, (struct sockaddr *)&opt.server, sizeof(opt.server)) < 0 && errno != EINPROGRESS) {
        w->failed++;
        w->opening--;
        session_close(w, s);
        return false;
    }
    interest(w, s, EPOLL_CTL_ADD);
    return true;
}

/* A session that is over is opened anew while there is time. */
static void session_end(worker_t *w, session_t *s, bool failed) {
    if (s->step < STEP_MAIL)
        w->opening--;
    if (failed) {
        w->failed++;
        w->retry_at = now_us() + 10000; /* a server that refuses is not hammered */
    }
    if (opt.idle && s->step == STEP_IDLE)
        w->lost++;
    session_close(w, s);
}

static void flush(worker_t *w, session_t *s) {
    while (s->out_left > 0) {
        ssize_t sent = send(s->fd, s->out, s->out_left, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            session_end(w, s, true);
            return;
        }
        s->out += sent;
        s->out_left -= (size_t)sent;
    }
    bool wants = s->out_left > 0;
    if (wants != s->wants_write) {
        s->wants_write = wants;
        interest(w, s, EPOLL_CTL_MOD);
    }
}

static void say(worker_t *w, session_t *s, step_t step, const char *text, size_t len, unsigned replies) {
    s->step = step;
    s->replies = replies;
    s->out = text;
    s->out_left = len;
    flush(w, s);
}

static void next_message(worker_t *w, session_t *s) {
    bool again = opt.per_connection == 0 || s->messages < opt.per_connection;
    if (!again || !may_begin_message()) {
        say(w, s, STEP_QUIT, quit, sizeof(quit) - 1, 1);
        return;
    }
    s->mail_at = now_us();
    if (opt.pipelining)
        say(w, s, STEP_DATA, group, sizeof(group) - 1, 3);
    else
        say(w, s, STEP_MAIL, mail_from, sizeof(mail_from) - 1, 1);
}

static void message_done(worker_t *w, session_t *s) {
    uint64_t now = now_us();
    w->messages++;
    s->messages++;
    w->last_done = now;
    histogram_add(&w->txn, now - s->mail_at);
    if (!s->counted_first)
        histogram_add(&w->conn, now - s->connected_at);
    s->counted_first = true;
}

/* All replies of the step have come. */
static void advance(worker_t *w, session_t *s) {
    switch (s->step) {
    case STEP_BANNER: say(w, s, STEP_EHLO, hello, sizeof(hello) - 1, 1); break;
    case STEP_EHLO:
        w->opening--;
        if (opt.idle) {
            s->step = STEP_IDLE;
            w->ready++;
            break;
        }
        s->step = STEP_MAIL;
        next_message(w, s);
        break;
    case STEP_MAIL: say(w, s, STEP_RCPT, rcpt_to, sizeof(rcpt_to) - 1, 1); break;
    case STEP_RCPT: say(w, s, STEP_DATA, data, sizeof(data) - 1, 1); break;
    case STEP_DATA: say(w, s, STEP_BODY, body, body_len, 1); break;
    case STEP_BODY:
        message_done(w, s);
        next_message(w, s);
        break;
    case STEP_QUIT: session_end(w, s, false); break;
    default: break;
    }
}

static void reply_came(worker_t *w, session_t *s) {
    char wanted = s->step == STEP_DATA && s->replies == 1 ? '3' : '2';
    if (s->code[0] != wanted || s->replies == 0) {
        if (opt.verbose && w->shown++ < 5)
            fprintf(stderr, "loadgen: %.3s at step %d\n", s->code, (int)s->step);
        session_end(w, s, true);
        return;
    }
    if (--s->replies == 0)
        advance(w, s);
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

static void readable(worker_t *w, session_t *s) {
    char text[8192];
    ssize_t got = recv(s->fd, text, sizeof(text), 0);
    if (got > 0)
        take(w, s, text, (size_t)got);
    else if (got == 0 || errno != EAGAIN)
        session_end(w, s, s->step != STEP_QUIT);
}

static void writable(worker_t *w, session_t *s) {
    int error = 0;
    socklen_t len = sizeof(error);
    if (s->step != STEP_CONNECT) {
        flush(w, s);
        return;
    }
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        session_end(w, s, true);
        return;
    }
    s->step = STEP_BANNER;
    s->replies = 1;
    flush(w, s);
}

/* True: there may still be something to do. */
static bool refill(worker_t *w) {
    bool more = !atomic_load(&over) && now_us() < end_at;
    while (more && w->free_count > 0 && w->opening < opt.opening_most && (w->retry_at == 0 || now_us() >= w->retry_at))
        if (!session_open(w, w->free[--w->free_count]))
            break;
    return more || w->free_count < w->session_count;
}

static void *work(void *argument) {
    worker_t *w = argument;
    struct epoll_event events[512];
    uint64_t give_up = end_at + 30000000u;
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

static void body_make(void) {
    static const char head[] = "From: sender@load.example\r\nTo: recipient@server.example\r\nSubject: load\r\n\r\n";
    static const char line[] = "The quick brown fox jumps over the lazy dog, again and again and 012345\r\n";
    size_t at = sizeof(head) - 1, least = at + 2;
    size_t size = opt.size < least ? least : opt.size;
    body = malloc(size + sizeof(line) + 3);
    memcpy(body, head, at);
    while (at + sizeof(line) - 1 + 2 <= size) {
        memcpy(body + at, line, sizeof(line) - 1);
        at += sizeof(line) - 1;
    }
    while (at + 2 < size)
        body[at++] = 'x';
    memcpy(body + at, "\r\n.\r\n", 5);
    body_len = at + 5;
}

static void on_signal(int number) {
    (void)number;
    atomic_store(&over, true);
}

static unsigned number(const char *text) { return (unsigned)strtoul(text, NULL, 10); }

static void read_options(int argc, char **argv) {
    int option;
    while ((option = getopt(argc, argv, "s:n:l:pt:m:j:ia:c:v")) != -1) {
        switch (option) {
        case 's': opt.sessions = number(optarg); break;
        case 'n': opt.per_connection = number(optarg); break;
        case 'l': opt.size = number(optarg); break;
        case 'p': opt.pipelining = true; break;
        case 't': opt.seconds = strtod(optarg, NULL); break;
        case 'm': opt.most = strtoull(optarg, NULL, 10); break;
        case 'j': opt.threads = number(optarg); break;
        case 'i': opt.idle = true; break;
        case 'a': opt.sources = number(optarg); break;
        case 'c': opt.opening_most = number(optarg); break;
        case 'v': opt.verbose = true; break;
        default: exit(2);
        }
    }
    if (argc - optind != 2 || opt.threads == 0 || opt.sessions == 0) {
        fprintf(stderr, "usage: loadgen [options] ADDRESS PORT (the options are listed in loadgen.c)\n");
        exit(2);
    }
    opt.server.sin_family = AF_INET;
    opt.server.sin_port = htons((uint16_t)number(argv[optind + 1]));
    if (inet_pton(AF_INET, argv[optind], &opt.server.sin_addr) != 1) {
        fprintf(stderr, "loadgen: %s is no IPv4 address\n", argv[optind]);
        exit(2);
    }
    if (opt.sources == 0)
        opt.sources = opt.idle ? opt.sessions / SOURCE_PORTS + 1 : 1;
}

static void raise_descriptors(void) {
    struct rlimit limit = {opt.sessions + 100u, opt.sessions + 100u}, now;
    getrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        now.rlim_cur = now.rlim_max;
        setrlimit(RLIMIT_NOFILE, &now);
    }
}

static void sum(worker_t *into, const worker_t *w) {
    into->messages += w->messages;
    into->failed += w->failed;
    into->connections += w->connections;
    into->ready += w->ready;
    into->lost += w->lost;
    if (w->last_done > into->last_done)
        into->last_done = w->last_done;
    for (unsigned i = 0; i < BUCKETS; i++) {
        into->txn.count[i] += w->txn.count[i];
        into->conn.count[i] += w->conn.count[i];
    }
    into->txn.total += w->txn.total;
    into->conn.total += w->conn.total;
}

static void tell(const worker_t *all) {
    struct rusage usage;
    uint64_t until = all->last_done > started_at ? all->last_done : now_us();
    double seconds = (double)(until - started_at) / 1e6;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("messages=%llu failed=%llu connections=%llu seconds=%.3f per_second=%.1f mb_per_second=%.2f client_cpu=%.3f "
           "txn_p50=%llu txn_p90=%llu txn_p99=%llu txn_max=%llu conn_p50=%llu conn_p99=%llu\n",
           (unsigned long long)all->messages, (unsigned long long)all->failed, (unsigned long long)all->connections,
           seconds, (double)all->messages / seconds, (double)all->messages * (double)(body_len - 3) / 1e6 / seconds,
           cpu, (unsigned long long)percentile(&all->txn, 0.5), (unsigned long long)percentile(&all->txn, 0.9),
           (unsigned long long)percentile(&all->txn, 0.99), (unsigned long long)percentile(&all->txn, 1.0 - 1e-9),
           (unsigned long long)percentile(&all->conn, 0.5), (unsigned long long)percentile(&all->conn, 0.99));
}

static void tell_idle(worker_t *all) {
    for (unsigned t = 0; t < opt.threads; t++)
        sum(all, &workers[t]);
    printf("ready=%u failed=%llu seconds=%.3f\n", all->ready, (unsigned long long)all->failed,
           (double)(now_us() - started_at) / 1e6);
    fflush(stdout);
    hold_idle();
    unsigned lost = 0;
    for (unsigned t = 0; t < opt.threads; t++)
        lost += workers[t].lost;
    printf("held=%u lost=%u\n", all->ready - lost, lost);
}

int main(int argc, char **argv) {
    static worker_t all;
    read_options(argc, argv);
    raise_descriptors();
    body_make();
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    workers = calloc(opt.threads, sizeof(*workers));
    started_at = now_us();
    end_at = started_at + (uint64_t)((opt.idle ? 60.0 : opt.seconds) * 1e6);
    for (unsigned t = 0; t < opt.threads; t++) {
        workers[t].number = t;
        workers[t].session_count = opt.sessions / opt.threads + (t < opt.sessions % opt.threads);
        workers[t].sessions = calloc(workers[t].session_count + 1, sizeof(session_t));
        workers[t].free = calloc(workers[t].session_count + 1, sizeof(session_t *));
        for (unsigned i = 0; i < workers[t].session_count; i++) {
            workers[t].sessions[i].fd = -1;
            workers[t].free[workers[t].free_count++] = &workers[t].sessions[i];
        }
        pthread_create(&workers[t].thread, NULL, work, &workers[t]);
    }
    for (unsigned t = 0; t < opt.threads; t++)
        pthread_join(workers[t].thread, NULL);
    if (opt.idle) {
        tell_idle(&all);
        return 0;
    }
    for (unsigned t = 0; t < opt.threads; t++)
        sum(&all, &workers[t]);
    tell(&all);
    return all.failed > 0 && all.messages == 0;
}
