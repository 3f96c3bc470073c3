/* Choosing members of a list's items. */
#include "control/admin_selection.h"

#include <apr_strings.h>

#include "proto/conf_report.h"

/* Paths */

/* The piece in front of the separator; false: it was the last one. Behind a separator there is always one, if an empty one. */
static bool take(edge_span_t *rest, char separator, edge_span_t *piece) {
    const char *end = rest->len > 0 ? memchr(rest->at, separator, rest->len) : NULL;
    *piece = edge_span(rest->at, end ? (size_t)(end - rest->at) : rest->len);
    *rest = edge_span_after(*rest, end ? piece->len + 1 : piece->len);
    return end != NULL;
}

/* What stands below a member that has a place for each of its own. */
static const edge_admin_argument_t *rows_below(const edge_admin_argument_t *row) {
    return row->kind == EDGE_ADMIN_OBJECT ? row->rows : NULL;
}

static const edge_admin_argument_t *row_of(const edge_admin_argument_t *rows, edge_span_t name) {
    for (; rows && rows->name; rows++)
        if (edge_span_equal(name, edge_span_of(rows->name)))
            return rows;
    return NULL;
}

static bool is_there(const edge_admin_argument_t *rows, edge_span_t path) {
    const edge_admin_argument_t *row = NULL;
    edge_span_t name;
    bool more;
    do {
        more = take(&path, '.', &name);
        row = row_of(rows, name);
        rows = row ? rows_below(row) : NULL;
    } while (row && more);
    return row != NULL;
}

static void list_paths(const edge_admin_argument_t *rows, const char *above, apr_array_header_t *paths) {
    for (; rows && rows->name; rows++) {
        const char *path = apr_pstrcat(paths->pool, above, rows->name, NULL);
        *(const char **)apr_array_push(paths) = path;
        list_paths(rows_below(rows), apr_pstrcat(paths->pool, path, ".", NULL), paths);
    }
}

static const char *path_at(const void *context, unsigned index) {
    const apr_array_header_t *paths = context;
    return index < (unsigned)paths->nelts ? APR_ARRAY_IDX(paths, (int)index, const char *) : NULL;
}

static void say_unknown(const edge_admin_argument_t *rows, edge_span_t path, edge_admin_answer_t *answer) {
    apr_array_header_t *paths = apr_array_make(answer->pool, 64, sizeof(const char *));
    list_paths(rows, "", paths);
    const char *near = edge_conf_nearest(path, path_at, paths);
    edge_admin_error(answer, 422, "?fields", "unknown-value", "These items have no \"%.*s\"%s%s%s.",
                     path.len < 100 ? (int)path.len : 100, path.at, near ? "; did you mean \"" : "", near ? near : "",
                     near ? "\"?" : "");
    if (near)
        edge_json_put_string(edge_admin_error_json(answer), "suggestion", near);
}

bool edge_admin_selection_read(edge_admin_selection_t *selection, const edge_admin_argument_t *rows, edge_span_t text,
                               edge_admin_answer_t *answer) {
    apr_array_header_t *paths = text.at ? apr_array_make(answer->pool, 8, sizeof(edge_span_t)) : NULL;
    bool good = true, more = text.at != NULL;
    *selection = (edge_admin_selection_t){rows, paths};
    while (more) {
        edge_span_t path;
        more = take(&text, ',', &path);
        path = edge_span_trim(path);
        *(edge_span_t *)apr_array_push(paths) = path;
        if (!is_there(rows, path)) {
            say_unknown(rows, path, answer);
            good = false;
        }
    }
    return good;
}

/* Whether `inner` stands below `outer`. */
static bool is_below(edge_span_t inner, edge_span_t outer) {
    return inner.len > outer.len && inner.at[outer.len] == '.' && memcmp(inner.at, outer.at, outer.len) == 0;
}

edge_admin_share_t edge_admin_selection_share(const edge_admin_selection_t *selection, edge_span_t path) {
    edge_admin_share_t share = EDGE_ADMIN_NOTHING;
    if (!selection->paths)
        return EDGE_ADMIN_WHOLE;
    for (int i = 0; i < selection->paths->nelts; i++) {
        edge_span_t wanted = APR_ARRAY_IDX(selection->paths, i, edge_span_t);
        if (edge_span_equal(path, wanted) || is_below(path, wanted))
            return EDGE_ADMIN_WHOLE;
        if (is_below(wanted, path))
            share = EDGE_ADMIN_PART;
    }
    return share;
}

/* Items */

static void put_object(const edge_admin_selection_t *selection, edge_json_t *json, const edge_json_value_t *object,
                       const char *above) {
    edge_json_object(json);
    for (const edge_json_value_t *member = object->first; member; member = member->next) {
        const char *path = apr_pstrcat(json->pool, above, member->name.at, NULL);
        edge_admin_share_t share = edge_admin_selection_share(selection, edge_span_of(path));
        if (share == EDGE_ADMIN_NOTHING)
            continue;
        edge_json_key(json, member->name.at);
        if (share == EDGE_ADMIN_PART && member->type == EDGE_JSON_OBJECT)
            put_object(selection, json, member, apr_pstrcat(json->pool, path, ".", NULL));
        else
            edge_json_raw(json, member->raw);
    }
    edge_json_object_end(json);
}

void edge_admin_selection_put(const edge_admin_selection_t *selection, edge_json_t *json,
                              const edge_json_value_t *item) {
    if (!selection->paths || item->type != EDGE_JSON_OBJECT)
        edge_json_raw(json, item->raw);
    else
        put_object(selection, json, item, "");
}
