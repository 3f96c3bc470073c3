/* The control socket: accepting, reading requests, sending answers. */
#include "control/control.h"
#include "control/admin.h"
#include "control/admin_stream.h"
#include "edge_admin_carrier.h"
#include "edge_clock.h"
#include "edge_log.h"
#include "edge_obj.h"
#include "proto/http1.h"
#include "proto/http1_write.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

EDGE_LOG_AREA(edge_control_log, "control")

#define THREADS 4
#define FIELDS_MOST 64
#define INPUT_MOST (EDGE_HTTP1_HEAD_MOST + CONTENT_MOST)
#define CONTENT_MOST 16384            /* octets of a request's content: no route needs more than a few words */
#define IDLE_MOST EDGE_SECONDS(5)     /* between requests */
#define REQUEST_MOST EDGE_SECONDS(10) /* from a request's first octet to its last */
#define STALL_MOST EDGE_SECONDS(30)   /* without the peer taking any of an answer */

static struct {
    bool running;
    int listening;
    int wake[2]; /* its end is seen by every thread that waits */
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    dev_t device;
    ino_t inode;
    pthread_t threads[THREADS];
    unsigned thread_count;
    edge_admin_streams_t streams;
} control = {.listening = -1, .wake = {-1, -1}, .streams = {.most = THREADS / 2}};

/* One connection; its answer is embedded so that the sender finds its way back. */
typedef struct client {
    int fd;
    char *input; /* INPUT_MOST, of the thread */
    size_t have;
    edge_admin_role_t role;
    char who[32];
    edge_http1_head_t head;
    edge_http1_field_t fields[FIELDS_MOST];
    edge_admin_answer_t answer;
    bool head_sent, gone;
} client_t;

/* Waits until the socket is ready; false at the deadline, or when the server stops. */
static bool wait_for(int fd, short events, edge_mono_t deadline) {
    for (;;) {
        struct pollfd polled[2] = {{fd, events, 0}, {control.wake[0], POLLIN, 0}};
        edge_mono_t left = deadline - edge_clock_read().mono;
        if (left <= 0) {
            return false;
        }
        int ready = poll(polled, 2, left < EDGE_SECONDS(60) ? (int)((left + 999) / 1000) : 60000);
        if (polled[1].revents != 0 || (ready < 0 && errno != EINTR)) {
            return false;
        }
        if (polled[0].revents != 0) {
            return true;
        }
    }
}

/* Sending */

static bool send_bytes(client_t *client, const char *bytes, size_t len) {
    while (len > 0 && !client->gone) {
        ssize_t sent = send(client->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            client->gone = !wait_for(client->fd, POLLOUT, edge_clock_read().mono + STALL_MOST);
        } else if (errno != EINTR) {
            client->gone = true;
        }
    }
    return !client->gone;
}

static bool is_head_request(const client_t *client) {
    return edge_span_equal(client->head.method, edge_span_of("HEAD"));
}
/* Streams are chunked; HTTP/1.0 does not know that and sees the end of the connection instead. */
static bool is_chunked(const client_t *client) { return client->answer.streaming && client->head.minor > 0; }

static void put_field(edge_http1_field_t *fields, unsigned *count, const char *name, const char *value) {
    if (value != NULL) {
        fields[(*count)++] = (edge_http1_field_t){edge_span_of(name), edge_span_of(value)};
    }
}

static void send_head(client_t *client, size_t length) {
    const edge_admin_answer_t *answer = &client->answer;
    edge_http1_field_t fields[10 + EDGE_ADMIN_FIELDS];
    char text[24], out[4096];
    unsigned count = 0;
    bool empty = answer->status == 304;
    client->head.keep_alive = client->head.keep_alive && !answer->elsewhere;
    snprintf(text, sizeof text, "%zu", length);
    put_field(fields, &count, "Content-Type", empty ? NULL : answer->type);
    put_field(fields, &count, "Cache-Control", "no-store");
    put_field(fields, &count, "Transfer-Encoding", is_chunked(client) ? "chunked" : NULL);
    put_field(fields, &count, "Content-Length", answer->streaming || empty ? NULL : text);
    put_field(fields, &count, "Allow", answer->allow);
    put_field(fields, &count, "ETag", answer->etag);
    put_field(fields, &count, "Location", answer->location);
    put_field(fields, &count, "X-Request-Id", answer->request_id);
    for (unsigned i = 0; i < answer->field_count; i++) {
        put_field(fields, &count, answer->fields[i].name, answer->fields[i].value);
    }
    put_field(fields, &count, "Connection", client->head.keep_alive ? NULL : "close");
    size_t len = edge_http1_write_response(1, answer->status, EDGE_NO_SPAN, fields, count, out, sizeof out);
    client->head_sent = true;
    edge_admin_count(answer->route, answer->status);
    send_bytes(client, out, len < sizeof out ? len : sizeof out);
}

static bool send_stream(edge_admin_answer_t *answer, edge_span_t bytes) {
    client_t *client = EDGE_CONTAINER(answer, client_t, answer);
    char size[24];
    if (!client->head_sent) {
        send_head(client, 0);
    }
    if (is_head_request(client)) {
        return !client->gone;
    }
    if (is_chunked(client)) {
        int len = snprintf(size, sizeof size, "%zx\r\n", bytes.len);
        return send_bytes(client, size, (size_t)len) && send_bytes(client, bytes.at, bytes.len) &&
               send_bytes(client, "\r\n", 2);
    }
    return send_bytes(client, bytes.at, bytes.len);
}

static bool is_gone(const edge_admin_answer_t *answer) {
    const client_t *client = EDGE_CONTAINER(answer, const client_t, answer);
    char octet;
    return client->gone || recv(client->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* What the handler has left to the carrier: the document, or the end of the stream. A broken stream gets no end. */
static void finish_answer(client_t *client) {
    if (!client->answer.streaming) {
        edge_span_t document = edge_span(client->answer.json.text, client->answer.json.len);
        send_head(client, document.len);
        if (!is_head_request(client)) {
            send_bytes(client, document.at, document.len);
        }
        return;
    }
    if (client->answer.broken) {
        client->gone = true;
        return;
    }
    if (!client->head_sent) {
        send_head(client, 0);
    }
    if (is_chunked(client) && !is_head_request(client)) {
        send_bytes(client, "0\r\n\r\n", 5);
    }
    client->gone = client->gone || (client->head.minor == 0);
}

/* Reading */

/* More octets; false at the end, at the deadline, or when there is no room. */
static bool read_more(client_t *client, edge_mono_t deadline) {
    if (client->have == INPUT_MOST || !wait_for(client->fd, POLLIN, deadline)) {
        return false;
    }
    ssize_t got = recv(client->fd, client->input + client->have, INPUT_MOST - client->have, MSG_DONTWAIT);
    if (got <= 0) {
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    }
    client->have += (size_t)got;
    return true;
}

static void refuse(client_t *client, unsigned status, const char *code, const char *detail) {
    client->head.keep_alive = false;
    edge_admin_problem(&client->answer, status, code, "%s", detail);
    edge_admin_answer_end(&client->answer);
    finish_answer(client);
}

/* The head of the next request; false when there is none, or after a refusal. */
static bool read_head(client_t *client) {
    edge_mono_t deadline = edge_clock_read().mono + IDLE_MOST;
    bool begun = false;
    for (;;) {
        edge_http1_state_t state = edge_http1_request(&client->head, edge_span(client->input, client->have));
        if (state == EDGE_HTTP1_DONE) {
            return true;
        }
        if (state == EDGE_HTTP1_BAD) {
            refuse(client, client->head.status, "bad-request", client->head.wrong);
            return false;
        }
        if (client->have > 0 && !begun) {
            begun = true;
            deadline = edge_clock_read().mono + REQUEST_MOST;
        }
        if (!read_more(client, deadline)) {
            return false;
        }
    }
}

/* The whole content behind the head; false after a refusal or when it did not come. */
static bool read_content(client_t *client, edge_span_t *content) {
    edge_mono_t deadline = edge_clock_read().mono + REQUEST_MOST;
    if (client->head.chunked || client->head.length > CONTENT_MOST) {
        refuse(client, 413, "too-large", "The content must have a length, of 16384 octets at most.");
        return false;
    }
    if (client->head.expects_continue && !send_bytes(client, "HTTP/1.1 100 Continue\r\n\r\n", 25)) {
        return false;
    }
    while (client->have - client->head.size < client->head.length) {
        if (!read_more(client, deadline)) {
            return false;
        }
    }
    *content = edge_span(client->input + client->head.size, (size_t)client->head.length);
    return true;
}

/* One request and its answer; false when the connection is over. */
static bool serve_request(client_t *client, apr_pool_t *pool) {
    edge_span_t content;
    client->head = (edge_http1_head_t){.fields = client->fields, .room = FIELDS_MOST};
    client->head_sent = false;
    edge_admin_answer_start(&client->answer, pool);
    client->answer.send = send_stream;
    client->answer.is_gone = is_gone;
    if (!read_head(client) || !read_content(client, &content)) {
        return false;
    }
    if (client->role == EDGE_ADMIN_NOBODY) {
        refuse(client, 403, "denied", "Only root and the server's own user may use the control socket.");
        return false;
    }
    edge_admin_call_t call = {.method = client->head.method,
                              .target = client->head.target,
                              .content = content,
                              .content_type = edge_http1_field(&client->head, "Content-Type", 0),
                              .if_match = edge_http1_field(&client->head, "If-Match", 0),
                              .if_none_match = edge_http1_field(&client->head, "If-None-Match", 0),
                              .accept = edge_http1_field(&client->head, "Accept", 0),
                              .idempotency_key = edge_http1_field(&client->head, "Idempotency-Key", 0),
                              .last_event_id = edge_http1_field(&client->head, "Last-Event-ID", 0),
                              .role = client->role,
                              .who = client->who,
                              .from = "local",
                              .local = true,
                              .streams = &control.streams};
    edge_admin_dispatch(&call, &client->answer);
    finish_answer(client);
    size_t eaten = client->head.size + (size_t)client->head.length;
    client->have -= eaten;
    memmove(client->input, client->input + eaten, client->have);
    return client->head.keep_alive && !client->gone;
}

static void find_role(client_t *client) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    client->role = EDGE_ADMIN_NOBODY;
    snprintf(client->who, sizeof client->who, "an unknown user");
    if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
        snprintf(client->who, sizeof client->who, "uid %lu", (unsigned long)peer.uid);
        client->role = peer.uid == 0 || peer.uid == geteuid() ? EDGE_ADMIN_ADMIN : EDGE_ADMIN_NOBODY;
    }
    if (client->role == EDGE_ADMIN_NOBODY) {
        EDGE_LOG(&edge_control_log, EDGE_LOG_WARN, 760, "%s is refused on the control socket", client->who);
    }
}

static void serve_client(int fd, char *input) {
    client_t client = {.fd = fd, .input = input};
    apr_pool_t *pool;
    bool more = true;
    find_role(&client);
    apr_pool_create(&pool, NULL);
    while (more) {
        more = serve_request(&client, pool);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    shutdown(fd, SHUT_RDWR);
    close(fd);
}

static void *serve(void *unused) {
    char *input = malloc(INPUT_MOST);
    (void)unused;
    EDGE_ASSERT(input != NULL);
    pthread_setname_np(pthread_self(), "control");
    while (wait_for(control.listening, POLLIN, INT64_MAX)) {
        int fd = accept4(control.listening, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            serve_client(fd, input);
        } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            EDGE_LOG_STATUS(&edge_control_log, EDGE_LOG_WARN, 761, errno,
                            "a connection to the control socket cannot be accepted");
            poll(NULL, 0, 200);
        }
    }
    free(input);
    return NULL;
}

/* Starting and stopping */

/* Bound under another name, made ready, then renamed: at every instant the path leads to a socket that is served. */
static apr_status_t bind_path(int fd, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat made;
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s.%ld", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof address.sun_path) {
        return ENAMETOOLONG;
    }
    unlink(address.sun_path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        return errno;
    }
    if (chmod(address.sun_path, 0660) < 0 || listen(fd, 64) < 0 || lstat(address.sun_path, &made) < 0 ||
        rename(address.sun_path, path) < 0) {
        apr_status_t status = errno;
        unlink(address.sun_path);
        return status;
    }
    control.device = made.st_dev;
    control.inode = made.st_ino;
    return APR_SUCCESS;
}

static apr_status_t start_threads(void) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    for (control.thread_count = 0; control.thread_count < THREADS && failed == 0;) {
        failed = pthread_create(&control.threads[control.thread_count], NULL, serve, NULL);
        control.thread_count += failed == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return control.thread_count > 0 ? APR_SUCCESS : failed;
}

static void close_all(void) {
    close(control.listening);
    close(control.wake[0]);
    control.listening = control.wake[0] = -1;
}

apr_status_t edge_control_start(const char *path) {
    EDGE_ASSERT(!control.running);
    if (strlen(path) >= sizeof control.path) {
        return ENAMETOOLONG;
    }
    if (pipe2(control.wake, O_CLOEXEC) < 0) {
        return errno;
    }
    control.listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    apr_status_t status = control.listening < 0 ? errno : bind_path(control.listening, path);
    if (status == APR_SUCCESS) {
        memcpy(control.path, path, strlen(path) + 1);
        edge_admin_start();
        status = start_threads();
    }
    if (status != APR_SUCCESS) {
        close(control.wake[1]);
        close_all();
        return status;
    }
    control.running = true;
    return APR_SUCCESS;
}

void edge_control_stop(void) {
    struct stat now;
    if (!control.running) {
        return;
    }
    control.running = false;
    edge_admin_streams_stop();
    close(control.wake[1]); /* every waiting thread sees the end of the pipe */
    for (unsigned i = 0; i < control.thread_count; i++) {
        pthread_join(control.threads[i], NULL);
    }
    if (lstat(control.path, &now) == 0 && now.st_dev == control.device && now.st_ino == control.inode) {
        unlink(control.path);
    }
    close_all();
}
