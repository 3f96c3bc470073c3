/* Lets standard error follow the error log. */
#include "standard_error.h"

#include <fcntl.h>
#include <unistd.h>

void edge_standard_error_to(edge_span_t path) {
    if (path.len == 0)
        return;
    int fd = open(path.at, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    dup2(fd, STDERR_FILENO);
    close(fd);
}
