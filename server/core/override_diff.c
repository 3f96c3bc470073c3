/* Turns overrides into edits of the files they override. */
#include "core/override_diff.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "core/conf_value.h"
#include "core/setting.h"
#include "core/snapshot.h"
#include "edge_clock.h"
#include "proto/conf_words.h"
#include "proto/text_diff.h"

#define INDENT "    "

typedef struct file_edits {
    const edge_conf_file_t *file;
    apr_array_header_t *edits; /* edge_text_edit_t */
} file_edits_t;

typedef struct diffing {
    const edge_snapshot_t *base;
    apr_pool_t *pool;
    apr_array_header_t *files; /* file_edits_t */
    apr_array_header_t *notes; /* const char * */
} diffing_t;

/* Places in a text */

static size_t offset_of(const edge_conf_file_t *file, unsigned line, unsigned column) {
    size_t at = 0;
    for (unsigned i = 1; i < line; i++) {
        const char *end = memchr(file->text.at + at, '\n', file->text.len - at);
        if (!end)
            return file->text.len;
        at = (size_t)(end - file->text.at) + 1;
    }
    return at + (column > 0 ? column - 1 : 0);
}

/* Behind the end of the line, or of the last one that a backslash joins to it. */
static size_t behind_line(const edge_conf_file_t *file, unsigned line) {
    size_t at = offset_of(file, line, 1);
    for (;;) {
        const char *end = memchr(file->text.at + at, '\n', file->text.len - at);
        if (!end)
            return file->text.len;
        size_t stop = (size_t)(end - file->text.at);
        size_t last = stop > 0 && file->text.at[stop - 1] == '\r' ? stop - 1 : stop;
        at = stop + 1;
        if (last == 0 || file->text.at[last - 1] != '\\')
            return at;
    }
}

static const char *indent_of(const edge_conf_node_t *node, apr_pool_t *pool) {
    return apr_pstrmemdup(pool, node->file->text.at + offset_of(node->file, node->line, 1), node->column - 1);
}

/* Edits */

static void edit(diffing_t *diffing, const edge_conf_file_t *file, size_t at, size_t len, const char *text) {
    file_edits_t *found = NULL;
    for (int i = 0; i < diffing->files->nelts && !found; i++) {
        file_edits_t *one = &APR_ARRAY_IDX(diffing->files, i, file_edits_t);
        found = one->file == file ? one : NULL;
    }
    if (!found) {
        found = apr_array_push(diffing->files);
        *found = (file_edits_t){file, apr_array_make(diffing->pool, 8, sizeof(edge_text_edit_t))};
    }
    *(edge_text_edit_t *)apr_array_push(found->edits) = (edge_text_edit_t){at, len, text};
}

static size_t start_of_word(const edge_conf_node_t *node, unsigned index) {
    return offset_of(node->file, node->arguments[index].line, node->arguments[index].column);
}

static size_t end_of_word(const edge_conf_node_t *node, unsigned index) {
    return start_of_word(node, index) + node->arguments[index].width;
}

/* All that stands behind the directive's name. */
static void edit_value(diffing_t *diffing, const edge_conf_node_t *node, const char *value) {
    size_t first = start_of_word(node, 0), end = end_of_word(node, node->count - 1);
    edit(diffing, node->file, first, end - first, value);
}

/* The word that begins so, or one more behind the last. An empty beginning is of the word without a colon. */
static void edit_word(diffing_t *diffing, const edge_conf_node_t *node, const char *begin, const char *value) {
    const char *word = apr_pstrcat(diffing->pool, begin, value, NULL);
    for (unsigned i = 0; i < node->count; i++) {
        edge_span_t text = node->arguments[i].text;
        if (*begin ? edge_span_starts_nocase(text, edge_span_of(begin)) : !memchr(text.at, ':', text.len)) {
            edit(diffing, node->file, start_of_word(node, i), node->arguments[i].width, word);
            return;
        }
    }
    edit(diffing, node->file, end_of_word(node, node->count - 1), 0, apr_pstrcat(diffing->pool, " ", word, NULL));
}

/* Outside of all sections, behind all that the main file says; else as a section's first line. */
static void edit_new_line(diffing_t *diffing, const edge_section_t *section, const char *line) {
    apr_pool_t *pool = diffing->pool;
    const edge_conf_file_t *main_file = edge_snapshot_tree(diffing->base)->files;
    if (section->parent) {
        const char *indent = apr_pstrcat(pool, indent_of(section->node, pool), INDENT, NULL);
        edit(diffing, section->node->file, behind_line(section->node->file, section->node->line), 0,
             apr_pstrcat(pool, indent, line, "\n", NULL));
        return;
    }
    bool ended = main_file->text.len == 0 || main_file->text.at[main_file->text.len - 1] == '\n';
    edit(diffing, main_file, main_file->text.len, 0, apr_pstrcat(pool, ended ? "" : "\n", line, "\n", NULL));
}

/* Where the directive stands in the setting's own section; NULL: nowhere. */
static const edge_conf_node_t *own_node(const edge_setting_t *setting) {
    return setting->kind == EDGE_SETTING_MODE ? edge_setting_node(setting)
                                              : edge_section_written(setting->section, setting->row->name);
}

static void edit_for(diffing_t *diffing, const edge_setting_t *setting, const edge_override_t *one) {
    const edge_conf_node_t *node = own_node(setting);
    if (!node || node->count == 0) {
        edit_new_line(diffing, setting->section, apr_pstrcat(diffing->pool, one->before, one->value, NULL));
        return;
    }
    switch (setting->kind) {
    case EDGE_SETTING_MODE: edit_word(diffing, node, "mode=", one->value); break;
    case EDGE_SETTING_MECHANISMS: edit_word(diffing, node, "mechanisms=", one->value); break;
    case EDGE_SETTING_LEVEL:
        edit_word(diffing, node, setting->area ? apr_pstrcat(diffing->pool, setting->area, ":", NULL) : "", one->value);
        break;
    case EDGE_SETTING_DIRECTIVE: edit_value(diffing, node, one->value); break;
    }
}

/* What is said in front */

static void note(diffing_t *diffing, const edge_override_t *one, const char *trouble) {
    char at[EDGE_CLOCK_RFC3339_SIZE];
    apr_pool_t *pool = diffing->pool;
    edge_clock_rfc3339(one->at, at);
    *(const char **)apr_array_push(diffing->notes) =
        apr_pstrcat(pool, "# ", one->key, ": by ", edge_conf_quote(edge_span_of(one->by), pool), " at ", at,
                    one->reason ? ", because " : "",
                    one->reason ? edge_conf_quote(edge_span_of(one->reason), pool) : "", trouble, "\n", NULL);
}

static bool is_grown(const edge_setting_t *setting) {
    const edge_conf_node_t *node = own_node(setting);
    node = node || !setting->section->parent ? node : setting->section->node;
    return node && node->grown;
}

static void add(diffing_t *diffing, const edge_override_t *one) {
    const edge_setting_t *setting = edge_setting_find(diffing->base, one->key, diffing->pool);
    const char *trouble = !setting            ? "; the files have no place for it"
                          : is_grown(setting) ? "; it is not in the files, but made by a module"
                                              : "";
    note(diffing, one, trouble);
    if (!*trouble)
        edit_for(diffing, setting, one);
}

/* Writing */

static int by_place(const void *a, const void *b) {
    const edge_text_edit_t *one = a, *other = b;
    return one->at < other->at ? -1 : one->at > other->at;
}

/* As seen from where the main file is, when it stands there or below. */
static const char *name_of(const diffing_t *diffing, const edge_conf_file_t *file) {
    const char *main_path = edge_snapshot_tree(diffing->base)->files->path, *slash = strrchr(main_path, '/');
    size_t len = slash ? (size_t)(slash - main_path) + 1 : 0;
    if (strncmp(file->path, main_path, len) == 0)
        return file->path + len;
    return file->path[0] == '/' ? file->path + 1 : file->path;
}

const char *edge_override_diff(const edge_snapshot_t *base, const apr_array_header_t *overrides, apr_pool_t *pool) {
    diffing_t diffing = {base, pool, apr_array_make(pool, 4, sizeof(file_edits_t)),
                         apr_array_make(pool, 8, sizeof(const char *))};
    const char *text = "";
    for (int i = 0; i < overrides->nelts; i++)
        add(&diffing, &APR_ARRAY_IDX(overrides, i, edge_override_t));
    for (int i = 0; i < diffing.files->nelts; i++) {
        file_edits_t *one = &APR_ARRAY_IDX(diffing.files, i, file_edits_t);
        qsort(one->edits->elts, (size_t)one->edits->nelts, sizeof(edge_text_edit_t), by_place);
        text = apr_pstrcat(pool, text, edge_text_diff(name_of(&diffing, one->file), one->file->text, one->edits, pool),
                           NULL);
    }
    return apr_pstrcat(pool, apr_array_pstrcat(pool, diffing.notes, 0), text, NULL);
}
