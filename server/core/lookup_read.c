/* Reads a list's file. */
#include "core/lookup_read.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void complain_of(apr_status_t status, edge_lookup_complain_fn *complain, void *context) {
    char text[160];
    complain(context, 0,
             APR_STATUS_IS_ENOENT(status) ? "there is no such file" : apr_strerror(status, text, sizeof(text)));
}

/* By malloc. */
static char *read_open(int fd, struct stat *facts, edge_lookup_complain_fn *complain, void *context) {
    if (fstat(fd, facts) != 0 || facts->st_size > EDGE_LOOKUP_FILE_MOST) {
        complain_of(APR_FROM_OS_ERROR(errno ? errno : EFBIG), complain, context);
        return NULL;
    }
    char *text = malloc((size_t)facts->st_size + 1);
    if (text && edge_file_read(fd, text, (size_t)facts->st_size))
        return text;
    complain_of(APR_FROM_OS_ERROR(text ? errno : ENOMEM), complain, context);
    free(text);
    return NULL;
}

edge_lookup_table_t *edge_lookup_read_file(const char *path, edge_file_stamp_t *stamp,
                                           edge_lookup_complain_fn *complain, void *context) {
    struct stat facts;
    int fd;
    apr_status_t status = edge_reopen(path, &fd);
    if (status != APR_SUCCESS) {
        complain_of(status, complain, context);
        return NULL;
    }
    errno = 0;
    char *text = read_open(fd, &facts, complain, context);
    close(fd);
    if (!text)
        return NULL;
    *stamp = edge_file_stamp_from(&facts);
    edge_lookup_table_t *table = edge_lookup_table_make();
    bool good = edge_lookup_table_fill(table, edge_span(text, (size_t)facts.st_size), complain, context);
    free(text);
    if (good)
        return table;
    edge_lookup_table_drop(table);
    return NULL;
}
