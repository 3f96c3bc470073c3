/* The console's files: read once, at the start, and sent from memory. */
#include "admin.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_tables.h>

#define FILES_MOST 500
#define OCTETS_MOST (16 * 1024 * 1024)
#define DEPTH_MOST 6

static apr_array_header_t *files; /* of admin_file_t */

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".webp", "image/webp"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static bool ends_in(edge_span_t name, const char *ending) {
    size_t len = strlen(ending);
    return name.len > len && edge_span_equal_nocase(edge_span_after(name, name.len - len), edge_span_of(ending));
}

/* NULL: nothing that belongs to a page, as an editor's backup. */
static const char *type_of(edge_span_t name) {
    for (unsigned i = 0; i < EDGE_COUNT(types); i++)
        if (ends_in(name, types[i].ending))
            return types[i].type;
    return NULL;
}

const admin_file_t *admin_files_find(edge_span_t path) {
    if (edge_span_equal(path, edge_span_of("/")))
        path = edge_span_of("/index.html");
    for (int i = 0; files && i < files->nelts; i++) {
        const admin_file_t *file = &APR_ARRAY_IDX(files, i, admin_file_t);
        if (edge_span_equal(path, edge_span_of(file->path)))
            return file;
    }
    return NULL;
}

static apr_status_t read_whole(const char *name, apr_off_t size, edge_span_t *content, apr_pool_t *pool) {
    apr_file_t *file;
    apr_size_t got = 0;
    char *into = apr_palloc(pool, (apr_size_t)size + 1);
    apr_status_t status = apr_file_open(&file, name, APR_FOPEN_READ, 0, pool);
    if (status != APR_SUCCESS)
        return status;
    status = apr_file_read_full(file, into, (apr_size_t)size, &got);
    apr_file_close(file);
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status))
        return status;
    into[got] = '\0';
    *content = edge_span(into, got);
    return APR_SUCCESS;
}

typedef struct loading {
    apr_off_t octets;
    apr_pool_t *pool;
} loading_t;

static apr_status_t load_file(loading_t *loading, const char *name, const char *path, apr_off_t size) {
    edge_span_t content, packed = edge_span_of(path);
    bool is_packed = ends_in(packed, ".gz");
    if (is_packed)
        packed.len -= 3;
    const char *type = type_of(packed);
    loading->octets += size;
    if (!type)
        return APR_SUCCESS;
    if (files->nelts == FILES_MOST || loading->octets > OCTETS_MOST)
        return APR_ENOSPC;
    apr_status_t status = read_whole(name, size, &content, loading->pool);
    if (status != APR_SUCCESS)
        return status;
    const char *own = apr_pstrmemdup(loading->pool, packed.at, packed.len);
    admin_file_t *file = (admin_file_t *)(uintptr_t)admin_files_find(edge_span_of(own));
    if (!file) {
        file = apr_array_push(files);
        *file = (admin_file_t){.path = own, .type = type};
    }
    if (is_packed)
        file->gzip = content;
    else
        file->content = content;
    return APR_SUCCESS;
}

static apr_status_t load_directory(loading_t *loading, const char *directory, const char *path, unsigned depth) {
    apr_dir_t *dir;
    apr_finfo_t info;
    apr_status_t status = apr_dir_open(&dir, directory, loading->pool);
    while (status == APR_SUCCESS &&
           apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE | APR_FINFO_SIZE, dir) == APR_SUCCESS) {
        if (info.name[0] == '.')
            continue;
        const char *name = apr_pstrcat(loading->pool, directory, "/", info.name, NULL);
        const char *own = apr_pstrcat(loading->pool, path, "/", info.name, NULL);
        if (apr_stat(&info, name, APR_FINFO_TYPE | APR_FINFO_SIZE, loading->pool) != APR_SUCCESS)
            continue; /* gone, or a link to nothing */
        if (info.filetype == APR_DIR && depth < DEPTH_MOST)
            status = load_directory(loading, name, own, depth + 1);
        else if (info.filetype == APR_REG)
            status = load_file(loading, name, own, info.size);
    }
    return status;
}

/* Of which only the packed form is there: sent to nobody. */
static void finish(apr_pool_t *pool) {
    int kept = 0;
    for (int i = 0; i < files->nelts; i++) {
        admin_file_t *file = &APR_ARRAY_IDX(files, i, admin_file_t);
        if (!file->content.at)
            continue;
        file->etag = edge_admin_etag(pool, file->content, false);
        APR_ARRAY_IDX(files, kept++, admin_file_t) = *file;
    }
    files->nelts = kept;
}

apr_status_t admin_files_load(const char *directory, apr_pool_t *pool) {
    loading_t loading = {0, pool};
    files = apr_array_make(pool, 64, sizeof(admin_file_t));
    apr_status_t status = load_directory(&loading, directory, "", 0);
    finish(pool);
    return status;
}
