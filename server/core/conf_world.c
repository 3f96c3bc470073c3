/* Reads configuration files, matches patterns, looks into the environment. */
#include "core/conf_world.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST (16 * 1024 * 1024)

static const char *read_whole(int fd, size_t size, apr_pool_t *pool, edge_span_t *text) {
    char *into = apr_palloc(pool, size + 1);
    size_t got = 0;
    while (got < size) {
        ssize_t count = read(fd, into + got, size - got);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return strerror(errno);
        if (count == 0)
            break;
        got += (size_t)count;
    }
    into[got] = '\0';
    *text = edge_span(into, got);
    return NULL;
}

static const char *world_read(void *context, const char *path, apr_pool_t *pool, edge_span_t *text) {
    struct stat facts;
    const char *trouble;
    (void)context;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return strerror(errno);
    if (fstat(fd, &facts) < 0)
        trouble = strerror(errno);
    else if (!S_ISREG(facts.st_mode))
        trouble = "it is no file";
    else if (facts.st_size > FILE_MOST)
        trouble = "it is larger than 16 MiB";
    else
        trouble = read_whole(fd, (size_t)facts.st_size, pool, text);
    close(fd);
    return trouble;
}

/* Backups of editors and of package managers are no configuration. */
static bool is_leftover(const char *path) {
    static const char *const marks[] = {"~", ".bak", ".swp", ".orig"};
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    size_t len = strlen(name);
    if (name[0] == '.' || strstr(name, ".dpkg-") || strstr(name, ".rpm"))
        return true;
    for (unsigned i = 0; i < EDGE_COUNT(marks); i++)
        if (len >= strlen(marks[i]) && strcmp(name + len - strlen(marks[i]), marks[i]) == 0)
            return true;
    return false;
}

static apr_array_header_t *world_match(void *context, const char *pattern, apr_pool_t *pool) {
    glob_t found;
    apr_array_header_t *paths = apr_array_make(pool, 8, sizeof(const char *));
    (void)context;
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            if (!is_leftover(found.gl_pathv[i]))
                *(const char **)apr_array_push(paths) = apr_pstrdup(pool, found.gl_pathv[i]);
        globfree(&found);
    }
    return paths;
}

static bool world_exists(void *context, const char *path) {
    (void)context;
    return access(path, F_OK) == 0;
}

static const char *world_environment(void *context, const char *name) {
    (void)context;
    return getenv(name);
}

edge_conf_world_t edge_conf_world(const char *server_root) {
    return (edge_conf_world_t){NULL, server_root, world_read, world_match, world_exists, world_environment};
}
