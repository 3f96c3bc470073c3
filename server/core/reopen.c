/* Asks the parent for what only root may open: files, and sockets to listen on. */
#include "core/reopen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge_obj.h"

#define PATIENCE_MS 5000

static int channel = -1;
static bool sealed;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

void edge_reopen_use(int fd) {
    channel = fd;
    sealed = false;
}

static bool say(char what, const char *path) {
    char packet[1 + EDGE_REOPEN_PATH_MOST];
    size_t len = path ? strlen(path) : 0;
    if (len > EDGE_REOPEN_PATH_MOST)
        return false;
    packet[0] = what;
    if (len > 0)
        memcpy(packet + 1, path, len);
    return send(channel, packet, 1 + len, MSG_NOSIGNAL) == (ssize_t)(1 + len);
}

void edge_reopen_allow(const char *path) {
    if (channel >= 0 && !sealed)
        say(EDGE_REOPEN_ALLOW, path);
}

void edge_reopen_seal(void) {
    if (channel >= 0)
        say(EDGE_REOPEN_SEAL, NULL);
    sealed = true;
}

/* Opening */

static apr_status_t open_here(const char *path, int *fd) {
    struct stat facts;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return APR_FROM_OS_ERROR(errno);
    if (fstat(*fd, &facts) == 0 && S_ISREG(facts.st_mode))
        return APR_SUCCESS;
    close(*fd);
    *fd = -1;
    return APR_FROM_OS_ERROR(EINVAL);
}

static int descriptor_in(const struct msghdr *message) {
    struct cmsghdr *beside = CMSG_FIRSTHDR(message);
    int fd = -1;
    if (beside && beside->cmsg_level == SOL_SOCKET && beside->cmsg_type == SCM_RIGHTS &&
        beside->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(beside), sizeof(fd));
    return fd;
}

/* The answer. Whoever gave up waiting would take the next answer for its own: then the channel is done with. */
static apr_status_t hear(int *fd) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } beside;
    int trouble = 0;
    struct iovec body = {&trouble, sizeof(trouble)};
    struct msghdr message = {
        .msg_iov = &body, .msg_iovlen = 1, .msg_control = beside.bytes, .msg_controllen = sizeof(beside.bytes)};
    struct pollfd polled = {channel, POLLIN, 0};
    int ready;
    do {
        ready = poll(&polled, 1, PATIENCE_MS);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return APR_TIMEUP;
    if (ready < 0 || recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(trouble))
        return APR_EOF;
    *fd = descriptor_in(&message);
    if (trouble)
        return APR_FROM_OS_ERROR(trouble);
    return *fd >= 0 ? APR_SUCCESS : APR_EOF;
}

static apr_status_t ask_parent(char what, const char *about, int *fd) {
    if (channel < 0)
        return APR_EACCES;
    apr_status_t status = say(what, about) ? hear(fd) : APR_EOF;
    if (APR_STATUS_IS_TIMEUP(status) || APR_STATUS_IS_EOF(status)) {
        close(channel);
        channel = -1;
    }
    return status;
}

apr_status_t edge_reopen(const char *path, int *fd) {
    apr_status_t status = open_here(path, fd);
    if (!APR_STATUS_IS_EACCES(status))
        return status;
    pthread_mutex_lock(&one_at_a_time);
    status = ask_parent(EDGE_REOPEN_OPEN, path, fd);
    pthread_mutex_unlock(&one_at_a_time);
    return status;
}

apr_status_t edge_reopen_listen(const char *address, int *fd) {
    EDGE_ASSERT(!sealed);
    return ask_parent(EDGE_REOPEN_LISTEN, address, fd);
}

/* Stamps */

edge_file_stamp_t edge_file_stamp_from(const struct stat *facts) {
    return (edge_file_stamp_t){facts->st_dev, facts->st_ino, facts->st_size, facts->st_mode, facts->st_mtim};
}

edge_file_stamp_t edge_file_stamp(const char *path) {
    struct stat facts;
    int fd;
    if (stat(path, &facts) == 0)
        return edge_file_stamp_from(&facts);
    if (errno != EACCES || edge_reopen(path, &fd) != APR_SUCCESS)
        return (edge_file_stamp_t){0};
    bool told = fstat(fd, &facts) == 0;
    close(fd);
    return told ? edge_file_stamp_from(&facts) : (edge_file_stamp_t){0};
}

bool edge_file_stamp_equal(const edge_file_stamp_t *a, const edge_file_stamp_t *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mode == b->mode &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

bool edge_file_read(int fd, char *into, size_t size) {
    size_t have = 0;
    while (have < size) {
        ssize_t got = read(fd, into + have, size - have);
        if (got == 0)
            errno = ESTALE; /* it has become shorter meanwhile: it is being written */
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        have += got > 0 ? (size_t)got : 0;
    }
    return true;
}
