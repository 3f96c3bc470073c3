/* The system's file functions, as a table that tests can replace. */
#include "edge_spool.h"
#include "store/spool_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int open_file(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

static int64_t free_bytes(const char *path) {
    struct statvfs facts;
    if (statvfs(path, &facts) < 0) {
        return -1;
    }
    if (facts.f_flag & ST_RDONLY) {
        errno = EROFS;
        return -1;
    }
    return (int64_t)((uint64_t)facts.f_bavail * facts.f_frsize);
}

static int64_t free_inodes(const char *path) {
    struct statvfs facts;
    return statvfs(path, &facts) < 0 ? -1 : (int64_t)facts.f_favail;
}

const edge_spool_files_t edge_spool_system_files = {
    .open = open_file,
    .pwritev = pwritev,
    .fdatasync = fdatasync,
    .fsync = fsync,
    .allocate = posix_fallocate,
    .link = link,
    .rename = rename,
    .unlink = unlink,
    .free_bytes = free_bytes,
    .free_inodes = free_inodes,
};

/* Steps over what was written. */
static void advance(struct iovec **parts, int *count, size_t written) {
    while (written > 0 && written >= (*parts)->iov_len) {
        written -= (*parts)->iov_len;
        (*parts)++;
        (*count)--;
    }
    if (written > 0) {
        (*parts)->iov_base = (char *)(*parts)->iov_base + written;
        (*parts)->iov_len -= written;
    }
}

apr_status_t edge_files_write(const edge_spool_files_t *files, int fd, struct iovec *parts, int count,
                              uint64_t offset) {
    while (count > 0) {
        ssize_t written = files->pwritev(fd, parts, count < IOV_MAX ? count : IOV_MAX, (off_t)offset);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? APR_FROM_OS_ERROR(errno) : APR_ENOSPC;
        }
        offset += (uint64_t)written;
        advance(&parts, &count, (size_t)written);
    }
    return APR_SUCCESS;
}

apr_status_t edge_files_write_one(const edge_spool_files_t *files, int fd, const void *data, size_t size,
                                  uint64_t offset) {
    struct iovec part = {(void *)(uintptr_t)data, size};
    return size == 0 ? APR_SUCCESS : edge_files_write(files, fd, &part, 1, offset);
}

apr_status_t edge_files_read(int fd, void *into, size_t size, uint64_t offset) {
    char *at = into;
    while (size > 0) {
        ssize_t got = pread(fd, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? APR_FROM_OS_ERROR(errno) : APR_EOF;
        }
        at += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return APR_SUCCESS;
}

apr_status_t edge_files_sync_directory(const edge_spool_files_t *files, const char *path) {
    int fd = files->open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    apr_status_t status = files->fsync(fd) < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
    close(fd);
    return status;
}

apr_status_t edge_files_make_directory(const char *path) {
    if (mkdir(path, 0700) == 0) {
        return APR_SUCCESS;
    }
    struct stat facts;
    int error = errno;
    if (stat(path, &facts) == 0) {
        return S_ISDIR(facts.st_mode) ? APR_SUCCESS : APR_FROM_OS_ERROR(ENOTDIR);
    }
    return APR_FROM_OS_ERROR(error);
}
