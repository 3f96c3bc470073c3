/* Files of certificates and keys: reading them. */
#include "tls.h"

#include <apr_strings.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

void tls_file_allow(const tls_file_t *file) { edge_reopen_allow(file->path.at); }

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
    bytes->stamp = edge_file_stamp_from(&facts);
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
