/* Files and variables of the configuration tests. */
#include "conf_fixture.h"

#include <apr_fnmatch.h>
#include <apr_strings.h>

#define FILES_MOST 2000

static apr_pool_t *pool;
static struct { const char *path, *text; } files[FILES_MOST];
static unsigned count;

void conf_fixture_start(apr_pool_t *in) {
    pool = in;
    count = 0;
}

void conf_fixture_file(const char *path, const char *text) {
    files[count].path = path;
    files[count++].text = text;
}

static const char *find(const char *path) {
    for (unsigned i = 0; i < count; i++)
        if (strcmp(files[i].path, path) == 0)
            return files[i].text;
    return NULL;
}

static const char *read_file(void *context, const char *path, apr_pool_t *in, edge_span_t *text) {
    *text = edge_span_of(find(path));
    return text->at ? NULL : "No such file or directory";
}

static apr_array_header_t *match(void *context, const char *pattern, apr_pool_t *in) {
    apr_array_header_t *paths = apr_array_make(in, 4, sizeof(const char *));
    for (unsigned i = 0; i < count; i++)
        if (apr_fnmatch(pattern, files[i].path, APR_FNM_PATHNAME) == APR_SUCCESS)
            *(const char **)apr_array_push(paths) = files[i].path;
    return paths;
}

static bool exists(void *context, const char *path) { return find(path) != NULL; }

static const char *environment(void *context, const char *name) { return strcmp(name, "HOME") == 0 ? "/root" : NULL; }

edge_conf_world_t conf_fixture_world(void) {
    return (edge_conf_world_t){NULL, "/r", read_file, match, exists, environment};
}

edge_conf_tree_t *conf_fixture_parse(const char *text, edge_conf_report_t *report, const char *define) {
    edge_conf_world_t *world = apr_palloc(pool, sizeof(*world));
    *world = conf_fixture_world();
    apr_array_header_t *defines = apr_array_make(pool, 1, sizeof(const char *));
    if (define)
        *(const char **)apr_array_push(defines) = define;
    if (text)
        conf_fixture_file("/r/edge.conf", text);
    edge_conf_report_start(report, pool);
    edge_conf_tree_t *tree = edge_conf_parse("/r/edge.conf", defines, world, report, pool);
    edge_conf_report_sort(report, tree->files);
    return tree;
}

const char *conf_fixture_tree(const edge_conf_node_t *first) {
    const char *text = "";
    for (const edge_conf_node_t *node = first; node; node = node->next) {
        text = apr_pstrcat(pool, text, node->name.at, NULL);
        for (unsigned i = 0; i < node->count; i++)
            text = apr_pstrcat(pool, text, " ", node->arguments[i].text.at, NULL);
        text = node->is_section ? apr_pstrcat(pool, text, "{", conf_fixture_tree(node->first), "}", NULL)
                                : apr_pstrcat(pool, text, ";", NULL);
    }
    return text;
}

const char *conf_fixture_codes(const edge_conf_report_t *report) {
    const char *text = "";
    for (const edge_conf_diagnostic_t *diagnostic = report->first; diagnostic; diagnostic = diagnostic->next)
        text = apr_psprintf(pool, "%s%s%s@%u:%u", text, *text ? " " : "", diagnostic->code, diagnostic->place.line,
                            diagnostic->place.column);
    return text;
}
