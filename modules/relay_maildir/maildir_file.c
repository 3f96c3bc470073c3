/* A message's file in a Maildir: written in tmp/, synced, linked into new/, and new/ synced. All of this blocks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>

#include "relay_maildir.h"

#define PATH_MOST 4096
#define COPY_SIZE 65536

/* "DIRECTORY/SUB/NAME"; false: too long. */
static bool path_in(char out[PATH_MOST], const char *directory, const char *sub, const char *name) {
    return snprintf(out, PATH_MOST, "%s/%s%s%s", directory, sub, *name != '\0' ? "/" : "", name) < PATH_MOST;
}

static int make_directory(const char *path) { return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : errno; }

/* All of the path behind its first `fixed` octets. */
static int make_parents(const char *directory, size_t fixed) {
    char path[PATH_MOST];
    size_t len = strlen(directory);
    if (len >= sizeof path) {
        return ENAMETOOLONG;
    }
    memcpy(path, directory, len + 1);
    for (size_t i = fixed > 0 ? fixed : 1; i <= len; i++) {
        char c = path[i];
        if ((c == '/' || c == '\0') && path[i - 1] != '/') {
            path[i] = '\0';
            int error = make_directory(path);
            path[i] = c;
            if (error != 0) {
                return error;
            }
        }
    }
    return 0;
}

/* cur last: who sees it sees all three. */
static int make_maildir(const maildir_file_t *file) {
    static const char *const subs[] = {"tmp", "new", "cur"};
    char path[PATH_MOST];
    int error = make_parents(file->directory, file->fixed);
    for (size_t i = 0; i < EDGE_COUNT(subs) && error == 0; i++) {
        error = path_in(path, file->directory, subs[i], "") ? make_directory(path) : ENAMETOOLONG;
    }
    return error;
}

static int open_temporary(maildir_file_t *file) {
    char path[PATH_MOST];
    if (!path_in(path, file->directory, "tmp", file->temporary)) {
        return ENAMETOOLONG;
    }
    file->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return file->fd >= 0 ? 0 : errno;
}

/* Whether the part of the path that is never made is there: a disk that is not mounted is no missing mailbox. */
static bool has_base(const maildir_file_t *file) {
    char path[PATH_MOST];
    size_t len = file->fixed;
    while (len > 0 && file->directory[len - 1] != '/') {
        len--;
    }
    if (len == 0 || len >= sizeof path) {
        return true;
    }
    memcpy(path, file->directory, len);
    path[len] = '\0';
    return access(path, F_OK) == 0;
}

int maildir_file_open(maildir_file_t *file, const char *head) {
    int error = open_temporary(file);
    if (error == ENOENT && !has_base(file)) {
        error = ENXIO;
    } else if (error == ENOENT && file->create) {
        error = make_maildir(file);
        error = error == 0 ? open_temporary(file) : error;
    }
    file->written = 0;
    error = error == 0 ? maildir_file_write(file, head, strlen(head)) : error;
    file->head = file->written;
    return error;
}

int maildir_file_write(maildir_file_t *file, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t done = write(file->fd, bytes, len);
        if (done < 0 && errno != EINTR) {
            return errno;
        }
        if (done > 0) {
            bytes += done;
            len -= (size_t)done;
            file->written += done;
        }
    }
    return 0;
}

static int sync_directory(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

/* A link never overwrites; where a file system has none, the name is unique all the same. */
static int link_or_rename(const char *from, const char *to) {
    if (link(from, to) == 0 || errno == EEXIST) {
        return unlink(from) == 0 ? 0 : errno;
    }
    return rename(from, to) == 0 ? 0 : errno;
}

int maildir_file_keep(maildir_file_t *file) {
    char from[PATH_MOST], to[PATH_MOST], directory[PATH_MOST];
    if (!path_in(from, file->directory, "tmp", file->temporary) || !path_in(to, file->directory, "new", file->name) ||
        !path_in(directory, file->directory, "new", "")) {
        return ENAMETOOLONG;
    }
    int error = fsync(file->fd) == 0 ? 0 : errno;
    error = error == 0 ? link_or_rename(from, to) : error;
    if (error != 0) {
        return error;
    }
    file->temporary = NULL;
    return sync_directory(directory);
}

int maildir_file_copy(maildir_file_t *file, const maildir_file_t *from) {
    char bytes[COPY_SIZE];
    for (off_t at = from->head; at < from->written;) {
        ssize_t got = pread(from->fd, bytes, sizeof bytes, at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? errno : EIO;
        }
        int error = maildir_file_write(file, bytes, (size_t)got);
        if (error != 0) {
            return error;
        }
        at += got;
    }
    return 0;
}

void maildir_file_drop(maildir_file_t *file) {
    char path[PATH_MOST];
    if (file->fd < 0) {
        return;
    }
    close(file->fd);
    file->fd = -1;
    if (file->temporary != NULL && path_in(path, file->directory, "tmp", file->temporary)) {
        unlink(path);
    }
}
