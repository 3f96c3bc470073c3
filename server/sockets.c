/* Binds and keeps the listening sockets. */
#include "sockets.h"

#include <apr_strings.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

static edge_socket_t *find(edge_sockets_t *sockets, edge_ipaddr_t address, uint16_t port) {
    for (unsigned i = 0; i < sockets->count; i++)
        if (sockets->list[i].port == port && edge_ipaddr_equal(sockets->list[i].address, address))
            return &sockets->list[i];
    return NULL;
}

bool edge_sockets_wanted(const edge_sockets_t *sockets, edge_ipaddr_t address, uint16_t port) {
    const edge_socket_t *found = find((edge_sockets_t *)(uintptr_t)sockets, address, port);
    return found && found->wanted;
}

int edge_sockets_find(const edge_sockets_t *sockets, edge_ipaddr_t address, uint16_t port) {
    const edge_socket_t *found = find((edge_sockets_t *)(uintptr_t)sockets, address, port);
    return found ? found->descriptor : -1;
}

static socklen_t sockaddr_of(edge_ipaddr_t address, uint16_t port, struct sockaddr_storage *out) {
    memset(out, 0, sizeof(*out));
    if (edge_ipaddr_is_v4(address)) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        memcpy(&v4->sin_addr, address.bytes + 12, 4);
        return sizeof(*v4);
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    memcpy(&v6->sin6_addr, address.bytes, 16);
    return sizeof(*v6);
}

/* IPv6 sockets take IPv6 only, so that [::]:25 and 0.0.0.0:25 can stand side by side. */
static apr_status_t open_one(edge_ipaddr_t address, uint16_t port, int *descriptor) {
    struct sockaddr_storage name;
    socklen_t len = sockaddr_of(address, port, &name);
    int on = 1;
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (name.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
        bind(fd, (struct sockaddr *)&name, len) < 0 || listen(fd, BACKLOG) < 0) {
        apr_status_t status = errno;
        close(fd);
        return status;
    }
    *descriptor = fd;
    return APR_SUCCESS;
}

static apr_status_t want(edge_sockets_t *sockets, edge_ipaddr_t address, uint16_t port) {
    edge_socket_t *socket = find(sockets, address, port);
    if (socket) {
        socket->wanted = true;
        return APR_SUCCESS;
    }
    if (sockets->count == EDGE_SOCKETS_MOST)
        return APR_ENOSPC;
    socket = &sockets->list[sockets->count];
    apr_status_t status = open_one(address, port, &socket->descriptor);
    if (status != APR_SUCCESS)
        return status;
    socket->address = address;
    socket->port = port;
    socket->wanted = socket->fresh = true;
    sockets->count++;
    return APR_SUCCESS;
}

const char *edge_sockets_trouble(const edge_core_listen_t *listen_on, apr_status_t status, apr_pool_t *pool) {
    char text[128];
    if (APR_STATUS_IS_ENOSPC(status))
        return apr_psprintf(pool, "cannot bind %s: more than %d addresses to listen on", listen_on->text.at,
                            EDGE_SOCKETS_MOST);
    return apr_psprintf(pool, "cannot bind %s: %s", listen_on->text.at, apr_strerror(status, text, sizeof(text)));
}

apr_status_t edge_sockets_ask(edge_sockets_t *sockets, const char *address, int *descriptor) {
    edge_core_listen_t listen_on;
    if (!edge_core_listen_parse(edge_span_of(address), &listen_on))
        return APR_EINVAL;
    apr_status_t status = want(sockets, listen_on.address, listen_on.port);
    *descriptor = edge_sockets_find(sockets, listen_on.address, listen_on.port);
    return status;
}

apr_status_t edge_sockets_put(edge_sockets_t *sockets, edge_ipaddr_t address, uint16_t port, int descriptor) {
    edge_socket_t *socket = find(sockets, address, port);
    if (socket) {
        close(socket->descriptor);
    } else if (sockets->count == EDGE_SOCKETS_MOST) {
        close(descriptor);
        return APR_ENOSPC;
    } else {
        socket = &sockets->list[sockets->count++];
    }
    *socket = (edge_socket_t){address, port, descriptor, true, true};
    return APR_SUCCESS;
}

apr_status_t edge_sockets_bind(edge_sockets_t *sockets, const edge_snapshot_t *snapshot, apr_pool_t *pool,
                               const char **why) {
    for (unsigned i = 0; i < sockets->count; i++)
        sockets->list[i].wanted = sockets->list[i].fresh = false;
    const edge_section_t *section = edge_snapshot_server(snapshot)->first;
    for (; section; section = section->next) {
        if (section->scope != EDGE_SCOPE_LISTENER)
            continue;
        const edge_core_listener_conf_t *conf = edge_core_listener_conf(section);
        for (unsigned i = 0; i < conf->listen_count; i++) {
            apr_status_t status = want(sockets, conf->listens[i].address, conf->listens[i].port);
            if (status != APR_SUCCESS) {
                *why = edge_sockets_trouble(&conf->listens[i], status, pool);
                edge_sockets_rollback(sockets);
                return status;
            }
        }
    }
    return APR_SUCCESS;
}

static void close_those(edge_sockets_t *sockets, bool (*doomed)(const edge_socket_t *socket)) {
    unsigned kept = 0;
    for (unsigned i = 0; i < sockets->count; i++) {
        if (doomed(&sockets->list[i]))
            close(sockets->list[i].descriptor);
        else
            sockets->list[kept++] = sockets->list[i];
    }
    sockets->count = kept;
}

static bool is_unwanted(const edge_socket_t *socket) { return !socket->wanted; }
static bool is_fresh(const edge_socket_t *socket) { return socket->fresh; }

static void forget_freshness(edge_sockets_t *sockets) {
    for (unsigned i = 0; i < sockets->count; i++)
        sockets->list[i].fresh = false;
}

void edge_sockets_commit(edge_sockets_t *sockets) {
    close_those(sockets, is_unwanted);
    forget_freshness(sockets);
}

static bool is_any(const edge_socket_t *socket) { return socket->descriptor >= 0; }

void edge_sockets_close(edge_sockets_t *sockets) { close_those(sockets, is_any); }

void edge_sockets_rollback(edge_sockets_t *sockets) { close_those(sockets, is_fresh); }
