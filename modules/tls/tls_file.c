/* Files of certificates and keys: reading them, and telling one state of a file from another. */
#include "tls.h"

#include <apr_strings.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

#include "edge_reopen.h"

void tls_file_allow(const tls_file_t *file) { edge_reopen_allow(file->path.at); }

static tls_stamp_t stamp_of(const struct stat *facts) {
    return (tls_stamp_t){facts->st_dev, facts->st_ino, facts->st_size, facts->st_mtim};
}

bool tls_stamp_equal(const tls_stamp_t *a, const tls_stamp_t *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

tls_stamp_t tls_file_stamp(const char *path) {
    struct stat facts;
    int fd;
    if (stat(path, &facts) == 0)
        return stamp_of(&facts);
    if (errno != EACCES || edge_reopen(path, &fd) != APR_SUCCESS)
        return (tls_stamp_t){0};
    bool told = fstat(fd, &facts) == 0;
    close(fd);
    return told ? stamp_of(&facts) : (tls_stamp_t){0};
}

/* All bytes behind `fd`, up to the most. */
static bool read_all(int fd, tls_bytes_t *bytes) {
    ssize_t got = 0;
    while (bytes->len < TLS_FILE_SIZE_MOST) {
        got = read(fd, bytes->at + bytes->len, TLS_FILE_SIZE_MOST - bytes->len);
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        bytes->len += got > 0 ? (size_t)got : 0;
    }
    errno = EFBIG;
    return false;
}

static bool read_open(int fd, tls_bytes_t *bytes) {
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return false;
    if (!S_ISREG(facts.st_mode)) {
        errno = S_ISDIR(facts.st_mode) ? EISDIR : EINVAL;
        return false;
    }
    bytes->mode = facts.st_mode;
    bytes->stamp = stamp_of(&facts);
    bytes->at = malloc(TLS_FILE_SIZE_MOST + 1); /* pages that are not touched cost nothing */
    if (!bytes->at || !read_all(fd, bytes))
        return false;
    bytes->at[bytes->len] = '\0';
    return true;
}

bool tls_file_read(const char *path, tls_bytes_t *bytes, const char **why, apr_pool_t *pool) {
    char text[200];
    int fd;
    memset(bytes, 0, sizeof(*bytes));
    apr_status_t status = edge_reopen(path, &fd);
    if (status == APR_SUCCESS) {
        if (!read_open(fd, bytes))
            status = APR_FROM_OS_ERROR(errno);
        close(fd);
    }
    if (status == APR_SUCCESS)
        return true;
    tls_file_forget(bytes);
    *why = apr_pstrdup(pool, apr_strerror(status, text, sizeof(text)));
    return false;
}

void tls_file_forget(tls_bytes_t *bytes) {
    if (bytes->at)
        OPENSSL_cleanse(bytes->at, bytes->len);
    free(bytes->at);
    bytes->at = NULL;
}
