/* Writes and removes the PidFile. */
#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

apr_status_t edge_pidfile_write(const char *path) {
    char beside[4096], text[32];
    if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
        return ENAMETOOLONG;
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return errno;
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    bool written = write(fd, text, (size_t)len) == len;
    apr_status_t status = written ? APR_SUCCESS : errno;
    close(fd);
    if (status == APR_SUCCESS && rename(beside, path) < 0)
        status = errno;
    return status;
}

void edge_pidfile_remove(const char *path) {
    char text[32] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (len > 0 && strtol(text, NULL, 10) == (long)getpid())
        unlink(path);
}
