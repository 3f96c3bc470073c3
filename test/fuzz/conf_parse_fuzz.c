/* Arbitrary text as a configuration of up to three files: no crash, places inside the text, few diagnostics. */
#include <apr_general.h>
#include <stdlib.h>

#include "proto/conf_parse.h"
#include "proto/conf_report_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static edge_span_t files[3]; /* "/r/a", "/r/b", "/r/c", parted by a line of "===" */

static void split(edge_span_t text) {
    for (unsigned i = 0; i < EDGE_COUNT(files); i++) {
        const char *end = i + 1 < EDGE_COUNT(files) && text.len ? memmem(text.at, text.len, "===\n", 4) : NULL;
        files[i] = edge_span(text.at, end ? (size_t)(end - text.at) : text.len);
        text = edge_span_after(text, end ? files[i].len + 4 : text.len);
    }
}

static const char *world_read(void *context, const char *path, apr_pool_t *pool, edge_span_t *text) {
    (void)context;
    if (strlen(path) != 4 || path[3] < 'a' || path[3] > 'c' || strncmp(path, "/r/", 3) != 0)
        return "gone";
    *text = edge_span_copy(pool, files[path[3] - 'a']);
    return NULL;
}

static apr_array_header_t *world_match(void *context, const char *pattern, apr_pool_t *pool) {
    apr_array_header_t *paths = apr_array_make(pool, 2, sizeof(const char *));
    (void)context;
    if (strlen(pattern) < 8) {
        *(const char **)apr_array_push(paths) = "/r/b";
        *(const char **)apr_array_push(paths) = "/r/c";
    }
    return paths;
}

static bool world_exists(void *context, const char *path) {
    (void)context;
    return strlen(path) == 4;
}

static const char *world_environment(void *context, const char *name) {
    (void)context;
    return strlen(name) == 1 ? "value" : NULL;
}

static void check_nodes(const edge_conf_node_t *node) {
    for (; node; node = node->next) {
        if (!node->file || node->line == 0 || node->column == 0 || strlen(node->name.at) < node->name.len)
            abort();
        for (unsigned i = 0; i < node->count; i++)
            if (node->arguments[i].line < node->line || node->arguments[i].text.at[node->arguments[i].text.len] != '\0')
                abort();
        check_nodes(node->first);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    static const edge_conf_world_t world = {NULL, "/r", world_read, world_match, world_exists, world_environment};
    edge_conf_report_t report;
    edge_json_t json;
    apr_pool_t *pool;
    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    if (size > 4096)
        return 0;
    apr_pool_create(&pool, root);
    split(edge_span((const char *)data, size));
    edge_conf_report_start(&report, pool);
    edge_conf_tree_t *tree =
        edge_conf_parse("/r/a", apr_array_make(pool, 1, sizeof(const char *)), &world, &report, pool);
    check_nodes(tree->root.first);
    edge_conf_report_sort(&report, tree->files);
    for (const edge_conf_diagnostic_t *diagnostic = report.first; diagnostic; diagnostic = diagnostic->next)
        edge_conf_report_text(diagnostic, pool);
    edge_json_start(&json, pool, 256);
    edge_conf_report_json(&report, &json);
    apr_pool_destroy(pool);
    return 0;
}
