/* Reads a password file, which nobody but its owner and group may touch. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store.h"

static bool is_private(const struct stat *facts, store_complain_fn *complain, void *context) {
    char text[160];
    if ((facts->st_mode & (S_IROTH | S_IWOTH)) == 0)
        return true;
    snprintf(text, sizeof(text), "everybody can %s it (mode %04o): chmod o-rwx, since it opens mailboxes",
             facts->st_mode & S_IWOTH ? "write" : "read", (unsigned)(facts->st_mode & 07777));
    complain(context, 0, text);
    return false;
}

static void complain_of_error(int error, store_complain_fn *complain, void *context) {
    char text[160];
    complain(context, 0, apr_strerror(APR_FROM_OS_ERROR(error), text, sizeof(text)));
}

/* The text by malloc, with room for a NUL. */
static char *read_open(int fd, struct stat *facts, store_complain_fn *complain, void *context) {
    if (fstat(fd, facts) != 0) {
        complain_of_error(errno, complain, context);
        return NULL;
    }
    if (!is_private(facts, complain, context))
        return NULL;
    if (!S_ISREG(facts->st_mode) || facts->st_size > (off_t)STORE_FILE_MOST) {
        complain_of_error(S_ISREG(facts->st_mode) ? EFBIG : EINVAL, complain, context);
        return NULL;
    }
    char *text = malloc((size_t)facts->st_size + 1);
    if (text && edge_file_read(fd, text, (size_t)facts->st_size))
        return text;
    complain_of_error(text ? errno : ENOMEM, complain, context);
    if (text)
        edge_password_wipe(text, (size_t)facts->st_size);
    free(text);
    return NULL;
}

store_table_t *store_read(const char *path, edge_file_stamp_t *stamp, store_complain_fn *complain, void *context) {
    struct stat facts;
    char text[160];
    int fd;
    apr_status_t status = edge_reopen(path, &fd);
    if (status != APR_SUCCESS) {
        complain(context, 0,
                 APR_STATUS_IS_ENOENT(status) ? "there is no such file; edgectl passwd add makes it"
                                              : apr_strerror(status, text, sizeof(text)));
        return NULL;
    }
    char *bytes = read_open(fd, &facts, complain, context);
    close(fd);
    if (!bytes)
        return NULL;
    *stamp = edge_file_stamp_from(&facts);
    return store_table_make(bytes, (size_t)facts.st_size, complain, context);
}
