/* Admin routes about limits: settings of the server, or of one listener, by the last part of their keys. */
#include <apr_strings.h>

#include "control/admin_setting_priv.h"

const edge_admin_argument_t edge_admin_limits_answer[] = {
    {.name = "scope", .kind = EDGE_ADMIN_TEXT, .prose = "server, or \"listener NAME\"."},
    {.name = "settings",
     .kind = EDGE_ADMIN_LIST,
     .rows = edge_setting_rows,
     .prose = "What may be changed while running."},
    {.name = "etag", .kind = EDGE_ADMIN_TEXT, .prose = "Of all of them; goes in quotes into If-Match."},
    {.name = NULL},
};

/* What is set in one section, but for what has a route of its own. */
static bool is_limit(const edge_setting_t *setting, const char *prefix) {
    size_t len = strlen(prefix);
    return setting->kind == EDGE_SETTING_DIRECTIVE && edge_setting_is_mutable(setting) &&
           strncmp(setting->key, prefix, len) == 0 && strchr(setting->key + len, '.') == NULL &&
           strcmp(setting->key + len, "banner") != 0 && strcmp(setting->key + len, "log_level") != 0;
}

void edge_admin_limits_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const char *prefix = edge_admin_setting_prefix(request);
    edge_setting_view_t view;
    if (!edge_admin_setting_open(request, answer, &view)) {
        return;
    }
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_string(json, "scope",
                         *prefix != '\0' ? apr_pstrcat(request->pool, "listener ", request->pieces[0].at, NULL)
                                         : "server");
    edge_json_key(json, "settings");
    edge_json_array(json);
    for (int i = 0; i < view.now->nelts; i++) {
        if (is_limit(edge_setting_view_at(&view, i), prefix)) {
            edge_setting_view_put(json, &view, i);
        }
    }
    edge_json_array_end(json);
    answer->etag = edge_setting_view_etag_of(&view, prefix);
    edge_json_put_text(json, "etag", edge_span(answer->etag + 1, strlen(answer->etag) - 2), 0);
    edge_json_object_end(json);
    edge_setting_view_close(&view);
}

enum { LIMITS_TAIL, LIMITS_ANY = LIMITS_TAIL + 2 };
const edge_admin_argument_t edge_admin_limits_body[] = {
    EDGE_ADMIN_SETTING_TAIL(LIMITS_TAIL),
    [LIMITS_ANY] = {.name = "*",
                    .kind = EDGE_ADMIN_ANY,
                    .may = EDGE_ADMIN_NULL,
                    .prose = "A limit by the last part of its key, max_message_size for one, with its new value."},
    {.name = NULL},
};

/* Of one member of the body; false after a problem was answered. */
static bool add_limit(edge_setting_changing_t *changing, const edge_setting_view_t *view, const char *prefix,
                      const edge_json_value_t *member) {
    apr_pool_t *pool = changing->request->pool;
    const char *name = edge_span_copy(pool, member->name).at, *pointer = apr_pstrcat(pool, "#/", name, NULL);
    const char *key = apr_pstrcat(pool, prefix, name, NULL);
    int index = edge_setting_view_find(view, key);
    const char *value = index >= 0 ? edge_setting_value(edge_setting_view_at(view, index), member, pool) : NULL;
    if (index < 0 || !is_limit(edge_setting_view_at(view, index), prefix)) {
        edge_admin_error(changing->answer, 422, pointer, "unknown-member", "There is no limit \"%.100s\" here.", name);
    } else if (value == NULL) {
        edge_admin_error(changing->answer, 422, pointer, "wrong-type",
                         "\"%.100s\" takes a text, a number, a switch or null.", name);
    } else {
        edge_setting_changing_add(changing, key, value, pointer);
        return true;
    }
    return false;
}

static bool is_own_member(edge_span_t name) {
    static const char *const own[] = {"for", "persistence", "reason", "dry_run", NULL};
    for (unsigned i = 0; own[i] != NULL; i++) {
        if (edge_span_equal(name, edge_span_of(own[i]))) {
            return true;
        }
    }
    return false;
}

void edge_admin_limits_change(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_setting_changing_t changing;
    edge_setting_view_t view;
    bool good = true;
    if (!edge_admin_setting_open(request, answer, &view)) {
        return;
    }
    edge_setting_changing_start(&changing, request, answer);
    for (const edge_json_value_t *member = request->body != NULL ? request->body->first : NULL; good && member != NULL;
         member = member->next) {
        good = is_own_member(member->name) || add_limit(&changing, &view, edge_admin_setting_prefix(request), member);
    }
    edge_setting_view_close(&view);
    if (good && changing.changes->nelts == 0) {
        edge_admin_problem(answer, 422, "missing", "Say which limit is to be changed.");
    } else if (good) {
        edge_admin_setting_tail(&changing, &request->values[LIMITS_TAIL]);
        changing.tagged_prefix = edge_admin_setting_prefix(request);
        edge_setting_changing_finish(&changing);
    }
}
