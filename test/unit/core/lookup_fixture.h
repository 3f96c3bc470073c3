/* A list from a text, by way of a file. */
#ifndef EDGE_TEST_LOOKUP_FIXTURE_H
#define EDGE_TEST_LOOKUP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "edge_lookup.h"

/* The file's path, in `pool`. */
static inline const char *lookup_file_of(apr_pool_t *pool, const char *text) {
    char *path = apr_pstrdup(pool, "/tmp/edged_list_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    return path;
}

static inline edge_lookup_t *lookup_of(apr_pool_t *pool, const char *text) {
    const char *path = lookup_file_of(pool, text), *why = NULL;
    edge_lookup_t *lookup = edge_lookup_open(path, pool, &why);
    unlink(path);
    if (!lookup)
        fail_msg("%s", why);
    return lookup;
}

#endif
