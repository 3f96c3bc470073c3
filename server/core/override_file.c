/* The file of Overrides. */
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/override_store.h"

static apr_status_t read_whole(int fd, char *text, size_t size, size_t *len) {
    struct stat facts;
    if (fstat(fd, &facts) < 0)
        return APR_FROM_OS_ERROR(errno);
    if (!S_ISREG(facts.st_mode))
        return APR_EINVAL;
    for (*len = 0; *len < size;) {
        ssize_t got = read(fd, text + *len, size - *len);
        if (got < 0)
            return APR_FROM_OS_ERROR(errno);
        if (got == 0)
            return APR_SUCCESS;
        *len += (size_t)got;
    }
    return APR_ENOSPC;
}

apr_status_t edge_override_file_read(const char *path, apr_array_header_t **list, unsigned *bad, apr_pool_t *pool) {
    size_t len = 0;
    char *text = apr_palloc(pool, EDGE_OVERRIDE_STORE_MOST + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    *list = edge_override_none(pool);
    *bad = 0;
    if (fd < 0)
        return errno == ENOENT ? APR_SUCCESS : APR_FROM_OS_ERROR(errno);
    apr_status_t status = read_whole(fd, text, EDGE_OVERRIDE_STORE_MOST + 1, &len);
    close(fd);
    if (status == APR_SUCCESS)
        *list = edge_override_read(edge_span(text, len), bad, pool);
    return status;
}

static apr_status_t write_whole(int fd, edge_span_t text) {
    while (text.len > 0) {
        ssize_t written = write(fd, text.at, text.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return APR_FROM_OS_ERROR(errno);
        text = edge_span_after(text, (size_t)written);
    }
    return fsync(fd) < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
}

/* The rename itself is lost with the machine's power unless the directory is synced too. */
static apr_status_t sync_directory_of(const char *path, apr_pool_t *pool) {
    const char *slash = strrchr(path, '/');
    const char *directory = slash == path ? "/" : apr_pstrmemdup(pool, path, (apr_size_t)(slash - path));
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return APR_FROM_OS_ERROR(errno);
    apr_status_t status = fsync(fd) < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
    close(fd);
    return status;
}

static bool has_persistent(const apr_array_header_t *list) {
    for (int i = 0; i < list->nelts; i++)
        if (APR_ARRAY_IDX(list, i, edge_override_t).persistent)
            return true;
    return false;
}

apr_status_t edge_override_file_write(const char *path, const apr_array_header_t *list, apr_pool_t *pool) {
    const char *aside = apr_psprintf(pool, "%s.%ld", path, (long)getpid());
    struct stat facts;
    if (!has_persistent(list) && lstat(path, &facts) < 0 && errno == ENOENT)
        return APR_SUCCESS; /* nothing to say, and nothing said before */
    unlink(aside);
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return APR_FROM_OS_ERROR(errno);
    apr_status_t status = write_whole(fd, edge_span_of(edge_override_write(list, true, pool)));
    close(fd);
    if (status == APR_SUCCESS && rename(aside, path) < 0)
        status = APR_FROM_OS_ERROR(errno);
    if (status != APR_SUCCESS) {
        unlink(aside);
        return status;
    }
    return sync_directory_of(path, pool);
}
