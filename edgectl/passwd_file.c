/* Reads, locks and replaces a password file. */
#include "passwd_file.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "passwd_input.h"

#define FILE_MOST (256u * 1024 * 1024)

static ctl_exit_t say_errno(const char *path) {
    int error = errno;
    ctl_say("%s: %s", path, strerror(error));
    return error == EACCES || error == EPERM ? CTL_DENIED : error == ENOENT ? CTL_NOT_FOUND : CTL_ERROR;
}

/* Opening */

static int open_or_make(const char *path, bool make) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 || errno != ENOENT || !make) {
        return fd;
    }
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
}

/* False: another editor has put a new file in its place before the lock was had. */
static bool is_current(const ctl_passwd_file_t *file) {
    struct stat now;
    return stat(file->path, &now) == 0 && now.st_dev == file->facts.st_dev && now.st_ino == file->facts.st_ino;
}

static bool lock(ctl_passwd_file_t *file, bool change, bool make) {
    for (;;) {
        file->fd = open_or_make(file->path, make);
        if (file->fd < 0 || flock(file->fd, change ? LOCK_EX : LOCK_SH) != 0 || fstat(file->fd, &file->facts) != 0) {
            return false;
        }
        if (is_current(file)) {
            return true;
        }
        close(file->fd);
    }
}

static bool read_text(ctl_passwd_file_t *file) {
    if (!S_ISREG(file->facts.st_mode) || file->facts.st_size > (off_t)FILE_MOST) {
        errno = S_ISREG(file->facts.st_mode) ? EFBIG : EINVAL;
        return false;
    }
    size_t size = (size_t)file->facts.st_size;
    file->text = malloc(size + 1);
    while (file->text != NULL && file->size < size) {
        ssize_t got = read(file->fd, file->text + file->size, size - file->size);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        file->size += got > 0 ? (size_t)got : 0;
    }
    return file->text != NULL;
}

ctl_exit_t ctl_passwd_open(ctl_passwd_file_t *file, const char *path, bool change, bool make, apr_pool_t *pool) {
    char *real = realpath(path, NULL);
    *file = (ctl_passwd_file_t){.fd = -1, .pool = pool};
    file->path = apr_pstrdup(pool, real != NULL ? real : path);
    free(real);
    if (!lock(file, change, make) || !read_text(file)) {
        ctl_exit_t code = say_errno(file->path);
        ctl_passwd_close(file);
        return code;
    }
    if (file->facts.st_mode & (S_IROTH | S_IWOTH)) {
        ctl_say("%s: everybody can %s it; the server refuses it until chmod o-rwx", file->path,
                file->facts.st_mode & S_IWOTH ? "write" : "read");
    }
    return CTL_OK;
}

void ctl_passwd_close(ctl_passwd_file_t *file) {
    if (file->text != NULL) {
        edge_password_wipe(file->text, file->size);
        free(file->text);
    }
    if (file->fd >= 0) {
        close(file->fd); /* and unlocks */
    }
    file->text = NULL;
    file->fd = -1;
}

/* Lines */

bool ctl_passwd_next(const ctl_passwd_file_t *file, ctl_passwd_cursor_t *cursor) {
    if (cursor->at >= file->size) {
        return false;
    }
    const char *from = file->text + cursor->at;
    const char *end = memchr(from, '\n', file->size - cursor->at);
    size_t len = end != NULL ? (size_t)(end - from) : file->size - cursor->at;
    cursor->text = edge_span(from, end != NULL ? len + 1 : len);
    cursor->at += cursor->text.len;
    cursor->number++;
    cursor->why = edge_password_file_line(edge_span(from, len), &cursor->line);
    return true;
}

bool ctl_passwd_is(edge_span_t name, const char *user) {
    char *prepared = name.len > 0 ? ctl_passwd_prepare(name) : NULL;
    bool same = prepared != NULL && strcmp(prepared, user) == 0;
    edge_password_forget(prepared);
    return same;
}

/* Replacing */

static bool write_all(int fd, edge_span_t text) {
    while (text.len > 0) {
        ssize_t put = write(fd, text.at, text.len);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        text = edge_span_after(text, put > 0 ? (size_t)put : 0);
    }
    return true;
}

/* The new lines stand where the user's first one stood, or at the end. */
static bool write_lines(const ctl_passwd_file_t *file, int fd, const char *user, edge_span_t lines) {
    ctl_passwd_cursor_t cursor = {0};
    bool good = true, written = lines.len == 0, ended = true;
    while (good && ctl_passwd_next(file, &cursor)) {
        if (ctl_passwd_is(cursor.line.user, user)) {
            good = written || write_all(fd, lines);
            written = true;
        } else {
            good = write_all(fd, cursor.text);
            ended = cursor.text.at[cursor.text.len - 1] == '\n';
        }
    }
    if (good && !written) {
        good = (ended || write_all(fd, edge_span_of("\n"))) && write_all(fd, lines);
    }
    return good;
}

static bool sync_directory(const ctl_passwd_file_t *file) {
    char *slash = strrchr(apr_pstrdup(file->pool, file->path), '/');
    const char *directory = slash != NULL && slash != file->path
                                ? apr_pstrndup(file->pool, file->path, strrchr(file->path, '/') - file->path)
                                : "/";
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

/* It belongs to whom the old one belonged before anything is in it. */
static bool fill(const ctl_passwd_file_t *file, int fd, const char *user, edge_span_t lines) {
    struct stat made;
    return fstat(fd, &made) == 0 &&
           ((made.st_uid == file->facts.st_uid && made.st_gid == file->facts.st_gid) ||
            fchown(fd, file->facts.st_uid, file->facts.st_gid) == 0) &&
           fchmod(fd, file->facts.st_mode & 07777) == 0 && write_lines(file, fd, user, lines) && fsync(fd) == 0;
}

ctl_exit_t ctl_passwd_replace(ctl_passwd_file_t *file, const char *user, edge_span_t lines) {
    char *aside = apr_pstrcat(file->pool, file->path, ".XXXXXX", NULL);
    int fd = mkostemp(aside, O_CLOEXEC);
    if (fd < 0) {
        return say_errno(aside);
    }
    bool good = fill(file, fd, user, lines) && rename(aside, file->path) == 0;
    ctl_exit_t code = good ? CTL_OK : say_errno(file->path);
    close(fd);
    if (!good) {
        unlink(aside);
    } else if (!sync_directory(file)) {
        code = say_errno(file->path);
    }
    return code;
}
