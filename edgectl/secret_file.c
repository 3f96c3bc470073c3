/* Opens a file of secrets and says what is wrong with it. */
#include "secret_file.h"

#include <errno.h>

ctl_exit_t ctl_secret_file_said(const char *path, apr_status_t status) {
    char text[160];
    if (status == APR_SUCCESS) {
        return CTL_OK;
    }
    ctl_say("%s: %s", path, apr_strerror(status, text, sizeof text));
    return APR_STATUS_IS_EACCES(status) || APR_TO_OS_ERROR(status) == EPERM ? CTL_DENIED
           : APR_STATUS_IS_ENOENT(status)                                   ? CTL_NOT_FOUND
                                                                            : CTL_ERROR;
}

ctl_exit_t ctl_secret_file_open(edge_locked_file_t *file, const char *path, edge_locked_file_use_t use) {
    ctl_exit_t code = ctl_secret_file_said(path, edge_locked_file_open(file, path, use));
    if (code == CTL_OK && (file->facts.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        ctl_say("%s: everybody can %s it; the server refuses it until chmod o-rwx", file->path,
                file->facts.st_mode & S_IWOTH ? "write" : "read");
    }
    return code;
}
