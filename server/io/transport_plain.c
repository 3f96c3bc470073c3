/* The plain transport: the socket as it is. */
#include "edge_transport.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

static edge_io_t trouble(edge_io_t when_not_now, apr_status_t *status) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return when_not_now;
    }
    *status = APR_FROM_OS_ERROR(errno);
    return EDGE_IO_ERROR;
}

static edge_io_t plain_read(void *state, int fd, char *into, size_t size, size_t *moved, apr_status_t *status) {
    ssize_t got;
    (void)state;
    do {
        got = recv(fd, into, size, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        *moved = (size_t)got;
        return EDGE_IO_DONE;
    }
    return got == 0 ? EDGE_IO_END : trouble(EDGE_IO_WANT_READ, status);
}

static edge_io_t plain_write(void *state, int fd, const struct iovec *from, int count, size_t *moved,
                             apr_status_t *status) {
    /* Not writev: a peer that is gone must not raise SIGPIPE. */
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)from, .msg_iovlen = (size_t)count};
    ssize_t put;
    (void)state;
    do {
        put = count == 1 ? send(fd, from->iov_base, from->iov_len, MSG_NOSIGNAL) : sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    if (put >= 0) {
        *moved = (size_t)put;
        return EDGE_IO_DONE;
    }
    return trouble(EDGE_IO_WANT_WRITE, status);
}

static void plain_close(void *state, int fd, bool orderly) { (void)state, (void)fd, (void)orderly; }

const edge_transport_t edge_transport_plain = {
    .name = "plain",
    .read = plain_read,
    .write = plain_write,
    .close = plain_close,
};
