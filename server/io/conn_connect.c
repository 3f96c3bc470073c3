/* Outgoing connections: the way to an open socket; from there on they are like all others. */
#include "edge_obj.h"

#include "io/conn_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
} any_address_t;

static socklen_t fill(any_address_t *out, edge_ipaddr_t address, uint16_t port) {
    memset(out, 0, sizeof *out);
    if (edge_ipaddr_is_v4(address)) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        memcpy(&out->v4.sin_addr, address.bytes + 12, 4);
        return sizeof out->v4;
    }
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(port);
    memcpy(&out->v6.sin6_addr, address.bytes, 16);
    return sizeof out->v6;
}

/* 0: the path is too long for the system. */
static socklen_t fill_path(any_address_t *out, const char *path) {
    size_t len = strlen(path);
    memset(out, 0, sizeof *out);
    if (len >= sizeof out->local.sun_path) {
        return 0;
    }
    out->local.sun_family = AF_UNIX;
    memcpy(out->local.sun_path, path, len + 1);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
}

/* The error, or 0: it is connected or will be. */
static int start(int fd, const edge_conn_target_t *target, const any_address_t *to, socklen_t len) {
    int on = 1;
    any_address_t from;
    if (target->path == NULL) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (target->path == NULL && target->local != NULL) {
        socklen_t from_len = fill(&from, *target->local, 0);
        if (bind(fd, &from.any, from_len) != 0) {
            return errno;
        }
    }
    while (connect(fd, &to->any, len) != 0) {
        if (errno != EINTR) {
            return errno == EINPROGRESS ? 0 : errno;
        }
    }
    return 0;
}

/* A socket on its way, or -1 and the error. */
static int open_socket(const edge_conn_target_t *target, int *error) {
    any_address_t to;
    socklen_t len = target->path != NULL ? fill_path(&to, target->path) : fill(&to, target->address, target->port);
    *error = len == 0 ? ENAMETOOLONG : 0;
    int fd = len == 0 ? -1 : socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *error = len == 0 ? ENAMETOOLONG : errno;
        return -1;
    }
    *error = start(fd, target, &to, len);
    if (*error != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void die(edge_conn_t *conn, int error) {
    conn->trouble = APR_FROM_OS_ERROR(error);
    edge_conn_die(conn, EDGE_CLOSE_CONNECT_FAILED);
}

edge_conn_t *edge_conn_connect(edge_worker_t *worker, const edge_conn_target_t *target,
                               const edge_transport_t *transport, const void *settings,
                               const edge_conn_handler_t *handler, void *owner) {
    int error = 0;
    int fd = open_socket(target, &error);
    edge_conn_t *conn = edge_conn_make(worker, fd);
    conn->outgoing = true;
    conn->handler = handler;
    conn->owner = owner;
    conn->transport = transport;
    conn->transport_settings = settings;
    conn->peer = target->address;
    conn->port = target->port;
    conn->state = EDGE_CONN_CONNECTING;
    if (fd < 0) {
        die(conn, error);
        return conn;
    }
    apr_status_t status = edge_loop_want(worker, &conn->watch, APR_POLLOUT);
    if (status != APR_SUCCESS) {
        conn->trouble = status;
        edge_conn_die(conn, EDGE_CLOSE_INTERNAL);
    }
    return conn;
}

void edge_conn_connected(edge_conn_t *conn) {
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(conn->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        error = errno;
    }
    if (error != 0) {
        die(conn, error);
    } else {
        edge_conn_begin(conn);
    }
}
