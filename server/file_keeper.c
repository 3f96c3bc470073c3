/* Opens files for a child that may not do so itself. */
#include "file_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/reopen.h"
#include "edge_log.h"

EDGE_LOG_AREA(edge_file_keeper_log, "files")

apr_status_t edge_file_keeper_open(edge_file_keeper_t *keeper, int *childs) {
    int pair[2];
    *keeper = (edge_file_keeper_t){.channel = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return APR_FROM_OS_ERROR(errno);
    keeper->channel = pair[0];
    *childs = pair[1];
    return APR_SUCCESS;
}

void edge_file_keeper_close(edge_file_keeper_t *keeper) {
    if (keeper->channel >= 0)
        close(keeper->channel);
    for (unsigned i = 0; i < keeper->count; i++)
        free(keeper->paths[i]);
    free(keeper->paths);
    *keeper = (edge_file_keeper_t){.channel = -1};
}

static void end_channel(edge_file_keeper_t *keeper, const char *why) {
    EDGE_LOG(&edge_file_keeper_log, EDGE_LOG_ERROR, 930, "a child's channel for files is closed: %s", why);
    edge_file_keeper_close(keeper);
}

/* Names */

static bool is_allowed(const edge_file_keeper_t *keeper, const char *path) {
    for (unsigned i = 0; i < keeper->count; i++)
        if (strcmp(keeper->paths[i], path) == 0)
            return true;
    return false;
}

static void allow(edge_file_keeper_t *keeper, const char *path) {
    if (keeper->sealed || path[0] != '/' || keeper->count == EDGE_FILE_KEEPER_PATHS_MOST) {
        end_channel(keeper, "a file was named too late, or too many, or none by its whole path");
        return;
    }
    char *copy = is_allowed(keeper, path) ? NULL : strdup(path);
    char **paths = copy ? realloc(keeper->paths, (keeper->count + 1) * sizeof(*paths)) : NULL;
    if (!paths) {
        free(copy);
        return;
    }
    keeper->paths = paths;
    keeper->paths[keeper->count++] = copy;
}

/* Opening */

/* Whoever may write to a directory may put a link to anything there, which the parent would follow. */
static bool is_roots_own(const char *directory) {
    struct stat facts;
    if (stat(directory, &facts) < 0 || facts.st_uid != geteuid())
        return false;
    return (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (facts.st_mode & S_ISVTX) != 0;
}

/* Every directory on the way; the text is cut and mended again. */
static bool is_safe_way(char *path) {
    for (char *slash = path; slash; slash = strchr(slash + 1, '/')) {
        char kept = slash[1];
        if (slash == path)
            slash[1] = '\0';
        else
            *slash = '\0';
        bool safe = is_roots_own(path);
        if (!safe)
            EDGE_LOG(&edge_file_keeper_log, EDGE_LOG_ERROR, 931,
                     "no file below %s is opened for a child: others than root may change what stands there", path);
        if (slash == path)
            slash[1] = kept;
        else
            *slash = '/';
        if (!safe)
            return false;
    }
    return true;
}

static int open_safely(const edge_file_keeper_t *keeper, char *path, int *fd) {
    char real[PATH_MAX];
    struct stat facts;
    if (!keeper->sealed || !is_allowed(keeper, path))
        return EACCES;
    if (!realpath(path, real))
        return errno;
    if (!is_safe_way(path) || !is_safe_way(real))
        return EACCES;
    *fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (*fd < 0)
        return errno;
    if (fstat(*fd, &facts) == 0 && S_ISREG(facts.st_mode))
        return 0;
    close(*fd);
    *fd = -1;
    return EINVAL;
}

static bool answer(const edge_file_keeper_t *keeper, int trouble, int fd) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } beside = {{0}};
    struct iovec body = {&trouble, sizeof(trouble)};
    struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = beside.bytes;
        message.msg_controllen = sizeof(beside.bytes);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    }
    return sendmsg(keeper->channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(trouble);
}

static void open_for(edge_file_keeper_t *keeper, char *path) {
    int fd = -1, trouble = open_safely(keeper, path, &fd);
    /* That a file is gone says whoever asks for it, again and again, once. */
    if (trouble && trouble != ENOENT)
        EDGE_LOG_STATUS(&edge_file_keeper_log, EDGE_LOG_WARN, 932, trouble, "%s is not opened for a child", path);
    bool answered = answer(keeper, trouble, fd);
    if (fd >= 0)
        close(fd);
    if (!answered)
        end_channel(keeper, "the child does not take the answer");
}

/* What went wrong the child says, with the place in the configuration. */
static void listen_for(edge_file_keeper_t *keeper, const char *address) {
    int fd = -1;
    if (keeper->sealed || !keeper->listen) {
        end_channel(keeper, "a socket was asked for too late");
        return;
    }
    int trouble = keeper->listen(keeper->context, address, &fd);
    if (!answer(keeper, trouble, fd))
        end_channel(keeper, "the child does not take the answer");
}

static void take(edge_file_keeper_t *keeper, char *packet, size_t len) {
    packet[len] = '\0';
    if (strlen(packet) != len) {
        end_channel(keeper, "a NUL in a packet");
        return;
    }
    switch (packet[0]) {
    case EDGE_REOPEN_ALLOW: allow(keeper, packet + 1); break;
    case EDGE_REOPEN_SEAL: keeper->sealed = true; break;
    case EDGE_REOPEN_OPEN: open_for(keeper, packet + 1); break;
    case EDGE_REOPEN_LISTEN: listen_for(keeper, packet + 1); break;
    default: end_channel(keeper, "an unknown packet");
    }
}

void edge_file_keeper_serve(edge_file_keeper_t *keeper) {
    char packet[1 + EDGE_REOPEN_PATH_MOST + 1];
    /* A bounded number in one go: the parent has other work too. */
    for (unsigned i = 0; i < 64 && keeper->channel >= 0; i++) {
        ssize_t len = recv(keeper->channel, packet, sizeof(packet) - 1, MSG_DONTWAIT);
        if (len > 0) {
            take(keeper, packet, (size_t)len);
        } else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
            edge_file_keeper_close(keeper); /* the child is gone, or about to be */
        } else if (errno == EAGAIN) {
            return;
        }
    }
}
