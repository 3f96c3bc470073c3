/* Reads the audit trail from its end. */
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/audit.h"

#define WINDOW ((size_t)256 * 1024)
#define LOOKED_THROUGH_MOST ((off_t)64 * 1024 * 1024) /* from the end: a longer trail wants to be rotated */

/* A piece of the file, from which lines are taken backwards. */
typedef struct window {
    int fd;
    off_t first; /* where `text` stands in the file */
    off_t end;   /* of what has not been taken yet */
    size_t len;
    char text[WINDOW];
} window_t;

/* The window moved so that it ends with what has not been taken. */
static bool refill(window_t *window) {
    size_t len = window->end < (off_t)WINDOW ? (size_t)window->end : WINDOW;
    window->first = window->end - (off_t)len;
    window->len = 0;
    while (window->len < len) {
        ssize_t got =
            pread(window->fd, window->text + window->len, len - window->len, window->first + (off_t)window->len);
        if (got <= 0)
            return false;
        window->len += (size_t)got;
    }
    return true;
}

/* Where the line begins that ends at `end`; -1: not in the window. */
static off_t line_start(const window_t *window) {
    size_t at = (size_t)(window->end - window->first);
    if (at > 0 && window->text[at - 1] == '\n')
        at--;
    const char *before = at > 0 ? memrchr(window->text, '\n', at) : NULL;
    if (before)
        return window->first + (before - window->text) + 1;
    return window->first == 0 ? 0 : -1;
}

/* The line before the one that was taken last; false at the beginning of the file. */
static bool take_line(window_t *window, edge_span_t *line) {
    if (window->end == 0)
        return false;
    off_t start = window->end > window->first ? line_start(window) : -1;
    if (start < 0 && (!refill(window) || (start = line_start(window)) < 0))
        return false; /* a line longer than the window is none of ours */
    *line = edge_span(window->text + (start - window->first), (size_t)(window->end - start));
    window->end = start;
    return true;
}

static bool matches(const edge_json_value_t *entry, const char *name, edge_span_t wanted) {
    edge_span_t text = edge_json_in_text(entry, name);
    if (!wanted.at)
        return true;
    if (!text.at)
        return false;
    if (wanted.len == 0 || wanted.at[wanted.len - 1] != '*')
        return edge_span_equal(text, wanted);
    return text.len >= wanted.len - 1 && memcmp(text.at, wanted.at, wanted.len - 1) == 0;
}

/* NULL: no entry, or not what is looked for. */
static const edge_json_value_t *read_entry(const edge_audit_query_t *query, edge_span_t line, apr_pool_t *pool) {
    const edge_json_value_t *entry = edge_json_in_read(line, pool, NULL, NULL);
    if (!entry || entry->type != EDGE_JSON_OBJECT)
        return NULL;
    return matches(entry, "who", query->who) && matches(entry, "action", query->action) &&
                   matches(entry, "target", query->target)
               ? entry
               : NULL;
}

/* Kept entries are read once more, from a copy in the caller's pool: the window moves on. */
static void keep(const edge_audit_query_t *query, edge_span_t line, edge_audit_page_t *page, apr_pool_t *pool) {
    *(const edge_json_value_t **)apr_array_push(page->entries) = read_entry(query, edge_span_copy(pool, line), pool);
}

static const char *cursor_text(ino_t inode, off_t end, apr_pool_t *pool) {
    char text[48]; /* the C library's formatter: APR's does not know %llx */
    snprintf(text, sizeof(text), "%llx-%llx", (unsigned long long)inode, (unsigned long long)end);
    return apr_pstrdup(pool, text);
}

static void look_through(window_t *window, ino_t inode, const edge_audit_query_t *query, edge_audit_page_t *page,
                         apr_pool_t *pool) {
    off_t least = window->end > LOOKED_THROUGH_MOST ? window->end - LOOKED_THROUGH_MOST : 0;
    edge_span_t line;
    apr_pool_t *scratch;
    apr_pool_create(&scratch, pool);
    while (window->end > least && take_line(window, &line)) {
        off_t line_end = window->end + (off_t)line.len;
        apr_pool_clear(scratch);
        if (!read_entry(query, line, scratch))
            continue;
        page->matched++;
        if ((unsigned)page->entries->nelts < query->limit)
            keep(query, line, page, pool);
        else if (!page->next_cursor)
            page->next_cursor = cursor_text(inode, line_end, pool);
        if (page->next_cursor && !query->count)
            break;
    }
    apr_pool_destroy(scratch);
}

/* Counting goes through what is before the cursor as well. */
static void count_newer(window_t *window, off_t until, const edge_audit_query_t *query, edge_audit_page_t *page,
                        apr_pool_t *pool) {
    edge_span_t line;
    apr_pool_t *scratch;
    apr_pool_create(&scratch, pool);
    while (window->end > until && take_line(window, &line)) {
        apr_pool_clear(scratch);
        page->matched += read_entry(query, line, scratch) != NULL;
    }
    apr_pool_destroy(scratch);
}

/* Where to begin; APR_EOF: in a file that is not this one. */
static apr_status_t read_cursor(edge_span_t cursor, const struct stat *facts, off_t *end) {
    unsigned long long inode, at;
    int used = 0;
    *end = facts->st_size;
    if (!cursor.at)
        return APR_SUCCESS;
    if (sscanf(cursor.at, "%16llx-%15llx%n", &inode, &at, &used) != 2 || (size_t)used != cursor.len)
        return APR_EINVAL;
    if (inode != (unsigned long long)facts->st_ino || (off_t)at > facts->st_size)
        return APR_EOF;
    *end = (off_t)at;
    return APR_SUCCESS;
}

static apr_status_t read_file(int fd, const edge_audit_query_t *query, edge_audit_page_t *page, apr_pool_t *pool) {
    struct stat facts;
    off_t begin;
    if (fstat(fd, &facts) < 0)
        return APR_FROM_OS_ERROR(errno);
    apr_status_t status = read_cursor(query->cursor, &facts, &begin);
    if (status != APR_SUCCESS)
        return status;
    window_t *window = apr_palloc(pool, sizeof(*window));
    window->fd = fd;
    window->len = 0;
    window->first = window->end = facts.st_size;
    if (query->count)
        count_newer(window, begin, query, page, pool);
    window->first = window->end = begin;
    look_through(window, facts.st_ino, query, page, pool);
    return APR_SUCCESS;
}

apr_status_t edge_audit_read(const edge_audit_query_t *query, edge_audit_page_t *page, apr_pool_t *pool) {
    const char *path = edge_audit_path(pool);
    *page = (edge_audit_page_t){apr_array_make(pool, (int)query->limit, sizeof(const edge_json_value_t *)), NULL, 0};
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return !path || errno == ENOENT ? APR_SUCCESS : APR_FROM_OS_ERROR(errno);
    apr_status_t status = read_file(fd, query, page, pool);
    close(fd);
    return status;
}
