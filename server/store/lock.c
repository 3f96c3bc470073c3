/*
 * Who may do what in a spool's directory.
 *
 * Three locks, all of open file descriptions (F_OFD_SETLK): unlike the older record locks
 * they are not lost when some other descriptor of the file is closed, two opens in one
 * process exclude each other, and a lock can be changed from shared to exclusive and back
 * in one step, which flock cannot.
 *
 *   file "lock", octet 0   presence: shared by every server process; exclusive for a tool,
 *                          and for a moment for the sweep of body files
 *   file "lock", octet 1   maintainer: the one process that frees, compacts, adopts and
 *                          changes states
 *   a segment              the process that appends to it or owns it. A segment is locked
 *                          before it gets its name, so none is ever seen unowned while its
 *                          maker lives. A process that ends, in whatever way, gives all up.
 *
 * Graceful reload: the new child appends to segments of its own from the start. The old one,
 * told to retire, lets its keeper finish, gives up sealed and ready segments, then the
 * maintainer's lock, and keeps its open segment until its sessions end. The new child tries
 * for that lock twenty times a second, reads all segments once it has it, and follows the
 * old one's open segment: before each list and lease and every second it reads on where it
 * stopped. When the old child ends its last segment is adopted by the same look. Until the
 * new child is the maintainer its read side waits. Since only the maintainer changes states,
 * two processes never change the same message; records about a message may stand in any
 * segment, and recovery reads all messages first, then states (the highest change number
 * counts), then done records.
 */
#include "store/spool_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PRESENCE 0
#define MAINTAINER 1
#define TRIES 50 /* of a tenth of a second */

static bool take(int fd, short kind, off_t octet) {
    struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = octet, .l_len = octet < 0 ? 0 : 1};
    if (octet < 0) {
        lock.l_start = 0;
    }
    int result;
    do {
        result = fcntl(fd, F_OFD_SETLK, &lock);
    } while (result < 0 && errno == EINTR);
    return result == 0;
}

apr_status_t edge_lock_open(edge_spool_t *spool) {
    char path[EDGE_SPOOL_PATH];
    snprintf(path, sizeof path, "%s/lock", spool->directory);
    int fd = spool->files->open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    short kind = spool->options.tool ? F_WRLCK : F_RDLCK;
    for (int tries = 0; !take(fd, kind, PRESENCE); tries++) {
        int error = errno;
        if ((error != EAGAIN && error != EACCES) || spool->options.tool || tries == TRIES) {
            close(fd);
            return error == EAGAIN || error == EACCES ? APR_EBUSY : APR_FROM_OS_ERROR(error);
        }
        usleep(100000);
    }
    spool->lock_fd = fd;
    return APR_SUCCESS;
}

bool edge_lock_become_maintainer(edge_spool_t *spool) { return take(spool->lock_fd, F_WRLCK, MAINTAINER); }

void edge_lock_yield_maintainer(edge_spool_t *spool) { take(spool->lock_fd, F_UNLCK, MAINTAINER); }

bool edge_lock_close_gate(edge_spool_t *spool) { return take(spool->lock_fd, F_WRLCK, PRESENCE); }

void edge_lock_open_gate(edge_spool_t *spool) {
    if (!spool->options.tool) {
        take(spool->lock_fd, F_RDLCK, PRESENCE);
    }
}

void edge_lock_close(edge_spool_t *spool) {
    if (spool->lock_fd >= 0) {
        close(spool->lock_fd);
        spool->lock_fd = -1;
    }
}

bool edge_lock_segment(int fd) { return take(fd, F_WRLCK, -1); }
