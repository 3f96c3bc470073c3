/* Locks, reads and replaces a small file. */
#include "edge_locked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "edge_password.h"

static apr_status_t trouble(void) { return APR_FROM_OS_ERROR(errno); }

/* Opening */

static int open_or_make(const char *path, bool make) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
}

/* False: another one has put a new file in its place before the lock was had. */
static bool is_current(const edge_locked_file_t *file) {
    struct stat now;
    return stat(file->path, &now) == 0 && now.st_dev == file->facts.st_dev && now.st_ino == file->facts.st_ino;
}

static bool lock(edge_locked_file_t *file, edge_locked_file_use_t use) {
    int how = use == EDGE_LOCKED_FILE_READ ? LOCK_SH : LOCK_EX;
    for (;;) {
        file->fd = open_or_make(file->path, use == EDGE_LOCKED_FILE_MAKE);
        if (file->fd < 0 || flock(file->fd, how) != 0 || fstat(file->fd, &file->facts) != 0)
            return false;
        if (is_current(file))
            return true;
        close(file->fd);
    }
}

static bool read_text(edge_locked_file_t *file) {
    if (!S_ISREG(file->facts.st_mode) || file->facts.st_size > (off_t)EDGE_LOCKED_FILE_MOST) {
        errno = S_ISREG(file->facts.st_mode) ? EFBIG : EINVAL;
        return false;
    }
    size_t size = (size_t)file->facts.st_size;
    file->text = malloc(size + 1);
    while (file->text && file->size < size) {
        ssize_t got = read(file->fd, file->text + file->size, size - file->size);
        if (got == 0)
            errno = ESTALE; /* it has become shorter: somebody writes it without asking for the lock */
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        file->size += got > 0 ? (size_t)got : 0;
    }
    if (file->text)
        file->text[size] = '\0';
    return file->text != NULL;
}

apr_status_t edge_locked_file_open(edge_locked_file_t *file, const char *path, edge_locked_file_use_t use) {
    char *real = realpath(path, NULL);
    *file = (edge_locked_file_t){.fd = -1, .open = true, .path = real ? real : strdup(path)};
    if (file->path && lock(file, use) && read_text(file))
        return APR_SUCCESS;
    apr_status_t status = file->path ? trouble() : APR_ENOMEM;
    edge_locked_file_close(file);
    return status;
}

void edge_locked_file_close(edge_locked_file_t *file) {
    if (!file->open)
        return;
    edge_password_wipe(file->text, file->size);
    free(file->text);
    free(file->path);
    if (file->fd >= 0)
        close(file->fd); /* and unlocks */
    *file = (edge_locked_file_t){.fd = -1};
}

/* Replacing */

bool edge_locked_file_write(int fd, edge_span_t text) {
    while (text.len > 0) {
        ssize_t put = write(fd, text.at, text.len);
        if (put < 0 && errno != EINTR)
            return false;
        text = edge_span_after(text, put > 0 ? (size_t)put : 0);
    }
    return true;
}

static apr_status_t sync_directory(const edge_locked_file_t *file) {
    const char *slash = strrchr(file->path, '/');
    char *name = slash ? strndup(file->path, slash == file->path ? 1 : (size_t)(slash - file->path)) : strdup(".");
    int fd = name ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    apr_status_t status = fd >= 0 && fsync(fd) == 0 ? APR_SUCCESS : trouble();
    if (fd >= 0)
        close(fd);
    free(name);
    return status;
}

/* It belongs to whom the old one belonged before anything is in it. */
static bool fill(const edge_locked_file_t *file, int fd, edge_locked_file_put_t *put, void *context) {
    struct stat made;
    bool same = fstat(fd, &made) == 0 && made.st_uid == file->facts.st_uid && made.st_gid == file->facts.st_gid;
    return (same || fchown(fd, file->facts.st_uid, file->facts.st_gid) == 0) &&
           fchmod(fd, file->facts.st_mode & 07777) == 0 && put(fd, context) && fsync(fd) == 0;
}

apr_status_t edge_locked_file_replace(edge_locked_file_t *file, edge_locked_file_put_t *put, void *context) {
    size_t len = strlen(file->path);
    char *aside = malloc(len + sizeof(".XXXXXX"));
    if (!aside)
        return APR_ENOMEM;
    snprintf(aside, len + sizeof(".XXXXXX"), "%s.XXXXXX", file->path);
    int fd = mkostemp(aside, O_CLOEXEC);
    bool good = fd >= 0 && fill(file, fd, put, context) && rename(aside, file->path) == 0;
    apr_status_t status = good ? APR_SUCCESS : trouble();
    if (fd >= 0)
        close(fd);
    if (!good && fd >= 0)
        unlink(aside);
    free(aside);
    return good ? sync_directory(file) : status;
}

static bool put_text(int fd, void *context) { return edge_locked_file_write(fd, *(edge_span_t *)context); }

apr_status_t edge_locked_file_replace_text(edge_locked_file_t *file, edge_span_t text) {
    return edge_locked_file_replace(file, put_text, &text);
}
