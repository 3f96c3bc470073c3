/* What modules write into the configuration before it is applied. */
#include "edge_conf_grow.h"

#include <apr_strings.h>
#include <stdio.h>

#include "core/conf_apply.h"
#include "core/conf_world.h"
#include "edge_obj.h"

apr_pool_t *edge_conf_grow_pool(const edge_conf_check_t *check) { return check->pool; }
edge_snapshot_t *edge_conf_grow_snapshot(const edge_conf_check_t *check) { return check->snapshot; }
edge_conf_node_t *edge_conf_grow_root(edge_conf_check_t *check) { return &check->tree->root; }

/* Looking */

static edge_conf_node_t *next_of(const edge_conf_node_t *parent, const edge_conf_node_t *after, const char *name,
                                 bool section) {
    edge_conf_node_t *node = after ? after->next : parent->first;
    while (node && (node->is_section != section || !edge_span_equal_nocase(node->name, edge_span_of(name))))
        node = node->next;
    return node;
}

edge_conf_node_t *edge_conf_grow_directive(const edge_conf_node_t *parent, const edge_conf_node_t *after,
                                           const char *name) {
    return next_of(parent, after, name, false);
}

edge_conf_node_t *edge_conf_grow_section(const edge_conf_node_t *parent, const edge_conf_node_t *after,
                                         const char *name) {
    return next_of(parent, after, name, true);
}

edge_span_t edge_conf_grow_argument(const edge_conf_node_t *node, unsigned index) {
    return index < node->count ? node->arguments[index].text : EDGE_NO_SPAN;
}

edge_conf_origin_t edge_conf_grow_origin(const edge_conf_node_t *node) {
    return (edge_conf_origin_t){node->file, node->line};
}

/* Files */

const char *edge_conf_grow_path(const edge_conf_check_t *check, const char *path) {
    return path[0] == '/' ? apr_pstrdup(check->pool, path)
                          : apr_pstrcat(check->pool, check->server_root, "/", path, NULL);
}

const char *edge_conf_grow_file_path(const edge_conf_file_t *file) { return file->path; }
edge_span_t edge_conf_grow_file_text(const edge_conf_file_t *file) { return file->text; }

static const edge_conf_file_t *add_file(edge_conf_check_t *check, const edge_conf_node_t *named_by, const char *path,
                                        edge_span_t text) {
    edge_conf_file_t **last = &check->tree->files, *file = apr_pcalloc(check->pool, sizeof(*file));
    while (*last)
        last = &(*last)->next;
    file->path = path;
    file->text = text;
    file->included_by = named_by->file;
    file->included_line = named_by->line;
    *last = file;
    check->report->files++;
    return file;
}

const edge_conf_file_t *edge_conf_grow_read(edge_conf_check_t *check, const edge_conf_node_t *named_by) {
    edge_span_t named = edge_conf_grow_argument(named_by, 0), text = EDGE_NO_SPAN;
    if (named.len == 0 || named_by->count != 1) {
        edge_conf_report_add(check->report, true, edge_conf_place_of(named_by), "EDG10076", "write one path",
                             "%s takes one path, got %u words", named_by->name.at, named_by->count);
        return NULL;
    }
    const char *path = edge_conf_grow_path(check, named.at);
    for (const edge_conf_file_t *file = check->tree->files; file; file = file->next)
        if (strcmp(file->path, path) == 0)
            return file;
    edge_conf_world_t world = edge_conf_world(check->server_root);
    const char *trouble = world.read(world.context, path, check->pool, &text);
    if (!trouble)
        return add_file(check, named_by, path, text);
    edge_conf_report_add(check->report, true, edge_conf_place_of_argument(named_by, 0), "EDG10077", NULL,
                         "cannot read \"%s\": %s", path, trouble);
    return NULL;
}

/* Writing */

static edge_conf_node_t *make(edge_conf_check_t *check, edge_conf_node_t *parent, edge_conf_origin_t origin,
                              const char *name) {
    edge_conf_node_t *node = apr_pcalloc(check->pool, sizeof(*node));
    EDGE_ASSERT(parent->is_section);
    node->name = edge_span_copy(check->pool, edge_span_of(name));
    node->grown = true;
    node->file = origin.file;
    node->line = origin.line;
    node->parent = parent;
    node->last = &node->first;
    *parent->last = node;
    parent->last = &node->next;
    return node;
}

static void set_arguments(edge_conf_check_t *check, edge_conf_node_t *node, const char *const *arguments,
                          unsigned count) {
    node->arguments = apr_pcalloc(check->pool, (count ? count : 1) * sizeof(*node->arguments));
    node->count = count;
    for (unsigned i = 0; i < count; i++)
        node->arguments[i] =
            (edge_conf_argument_t){.text = edge_span_copy(check->pool, edge_span_of(arguments[i])), .line = node->line};
}

edge_conf_node_t *edge_conf_grow_add(edge_conf_check_t *check, edge_conf_node_t *parent, edge_conf_origin_t origin,
                                     const char *name, const char *const *arguments, unsigned count) {
    edge_conf_node_t *node = make(check, parent, origin, name);
    set_arguments(check, node, arguments, count);
    return node;
}

edge_conf_node_t *edge_conf_grow_add_section(edge_conf_check_t *check, edge_conf_node_t *parent,
                                             edge_conf_origin_t origin, const char *name, const char *argument) {
    edge_conf_node_t *node = make(check, parent, origin, name);
    node->is_section = true;
    set_arguments(check, node, &argument, argument ? 1 : 0);
    return node;
}

void edge_conf_grow_remove(edge_conf_node_t *node) {
    edge_conf_node_t **link = &node->parent->first;
    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    if (node->parent->last == &node->next)
        node->parent->last = link;
}

/* Reporting. By the C library: apr's own formatter does not know all that the compiler lets callers write. */
static void report(edge_conf_check_t *check, bool error, edge_conf_origin_t origin, const char *code,
                   const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = apr_pcalloc(check->report->pool, length < 0 ? 1 : (apr_size_t)length + 1);
    if (length > 0)
        vsnprintf(text, (size_t)length + 1, format, arguments);
    edge_conf_report_add(check->report, error, (edge_conf_place_t){origin.file, origin.line, 0, 0}, code, NULL, "%s",
                         text);
}

void edge_conf_grow_error(edge_conf_check_t *check, edge_conf_origin_t origin, const char *code, const char *format,
                          ...) {
    va_list arguments;
    va_start(arguments, format);
    report(check, true, origin, code, format, arguments);
    va_end(arguments);
}

void edge_conf_grow_warn(edge_conf_check_t *check, edge_conf_origin_t origin, const char *code, const char *format,
                         ...) {
    va_list arguments;
    va_start(arguments, format);
    report(check, false, origin, code, format, arguments);
    va_end(arguments);
}
