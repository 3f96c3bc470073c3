/* Admin routes about settings: shown, changed one by one or several at once, taken back. */
#include "control/admin_setting_priv.h"

#include <apr_strings.h>

/* Showing */

enum { LIST_PREFIX, LIST_ORIGIN };
static const char *const origin_words[] = {"default", "file", "override", NULL};
const edge_admin_argument_t edge_admin_settings_list_arguments[] = {
    [LIST_PREFIX] = {.name = "prefix",
                     .kind = EDGE_ADMIN_TEXT,
                     .prose = "Only settings whose keys begin so: \"listener.mx.\"."},
    [LIST_ORIGIN] = {.name = "origin",
                     .kind = EDGE_ADMIN_WORD,
                     .words = origin_words,
                     .prose = "Only what comes from there: default, file or override."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_settings_list_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = edge_setting_rows, .prose = "Settings, by section."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};

static bool is_wanted(const edge_admin_request_t *request, const edge_setting_view_t *view, int index) {
    const edge_setting_t *setting = edge_setting_view_at(view, index);
    edge_span_t prefix = request->arguments[LIST_PREFIX];
    if (prefix.at != NULL && strncmp(setting->key, prefix.at, prefix.len) != 0) {
        return false;
    }
    return request->arguments[LIST_ORIGIN].at == NULL ||
           strcmp(edge_setting_view_origin(view, index), origin_words[request->numbers[LIST_ORIGIN]]) == 0;
}

void edge_admin_settings_list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_setting_view_t view;
    int64_t count = 0;
    edge_setting_view_open(&view, request->pool);
    edge_admin_list_start(answer);
    for (int i = 0; i < view.now->nelts; i++) {
        if (is_wanted(request, &view, i)) {
            edge_setting_view_put(json, &view, i);
            count++;
        }
    }
    edge_admin_list_end(answer, NULL, count);
    answer->etag = edge_setting_view_etag_of(&view, "");
    edge_setting_view_close(&view);
}

void edge_admin_settings_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_setting_view_t view;
    edge_setting_view_open(&view, request->pool);
    int index = edge_setting_view_find(&view, request->pieces[0].at);
    if (index < 0) {
        edge_admin_problem(answer, 404, "not-found", "There is no setting \"%.200s\".", request->pieces[0].at);
    } else {
        edge_setting_view_put(edge_admin_json(answer), &view, index);
        answer->etag = edge_setting_view_etag(&view, index);
    }
    edge_setting_view_close(&view);
}

/* Changing */

const char *const edge_admin_persistence_words[] = {"reload", "persistent", NULL};

void edge_admin_setting_tail(edge_setting_changing_t *changing, const edge_admin_value_t *tail) {
    changing->lasts = tail[0].json != NULL ? (edge_mono_t)tail[0].number : 0;
    changing->persistent = tail[1].json != NULL && tail[1].number == 1;
}

const char *edge_admin_setting_prefix(const edge_admin_request_t *request) {
    return request->pieces[0].at != NULL ? apr_pstrcat(request->pool, "listener.", request->pieces[0].at, ".", NULL)
                                         : "";
}

const edge_listener_t *edge_admin_setting_listener(const edge_admin_request_t *request,
                                                   const edge_snapshot_t *snapshot) {
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, request->pieces[0]);
    return section != NULL ? section->instance : NULL;
}

bool edge_admin_setting_open(const edge_admin_request_t *request, edge_admin_answer_t *answer,
                             edge_setting_view_t *view) {
    edge_setting_view_open(view, request->pool);
    if (request->pieces[0].at == NULL || edge_admin_setting_listener(request, view->current) != NULL) {
        return true;
    }
    edge_admin_problem(answer, 404, "not-found", "There is no listener \"%.200s\".", request->pieces[0].at);
    edge_setting_view_close(view);
    return false;
}

enum { CHANGE_VALUE, CHANGE_TEXT, CHANGE_TAIL };
const edge_admin_argument_t edge_admin_settings_change_body[] = {
    [CHANGE_VALUE] = {.name = "value",
                      .kind = EDGE_ADMIN_ANY,
                      .may = EDGE_ADMIN_NULL,
                      .prose = "The new value: bytes and seconds as numbers, null for none, a text as it would be "
                               "written."},
    [CHANGE_TEXT] = {.name = "text",
                     .kind = EDGE_ADMIN_TEXT,
                     .max = 4096,
                     .prose = "In its place: what would stand behind the directive's name in the file."},
    EDGE_ADMIN_SETTING_TAIL(CHANGE_TAIL),
    {.name = NULL},
};

/* The value as the setting takes it. NULL after a problem was answered. */
static const char *value_for(const edge_admin_request_t *request, edge_admin_answer_t *answer, const char *key,
                             const edge_json_value_t *json, const char *pointer) {
    const char *value = NULL;
    edge_setting_view_t view;
    edge_setting_view_open(&view, request->pool);
    int index = edge_setting_view_find(&view, key);
    if (index < 0) {
        edge_admin_error(answer, 404, pointer, "not-found", "There is no setting \"%.200s\".", key);
    } else if ((value = edge_setting_value(edge_setting_view_at(&view, index), json, request->pool)) == NULL) {
        edge_admin_error(answer, 422, pointer, "wrong-type", "\"%s\" takes a text, a number, a switch or null.", key);
    }
    edge_setting_view_close(&view);
    return value;
}

void edge_admin_settings_change(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    const edge_admin_value_t *value = &request->values[CHANGE_VALUE], *text = &request->values[CHANGE_TEXT];
    const char *key = request->pieces[0].at, *wanted = text->text.at;
    edge_setting_changing_t changing;
    if ((value->json != NULL) == (text->json != NULL)) {
        edge_admin_error(answer, 422, "#/value", "missing", "Give a value, or a text: one of them.");
        return;
    }
    if (text->json == NULL && (wanted = value_for(request, answer, key, value->json, "#/value")) == NULL) {
        return;
    }
    edge_setting_changing_start(&changing, request, answer);
    edge_setting_changing_add(&changing, key, wanted, text->json != NULL ? "#/text" : "#/value");
    edge_admin_setting_tail(&changing, &request->values[CHANGE_TAIL]);
    changing.tagged = key;
    edge_setting_changing_finish(&changing);
}

void edge_admin_settings_revert(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_setting_changing_t changing;
    edge_setting_changing_start(&changing, request, answer);
    edge_setting_changing_add(&changing, request->pieces[0].at, NULL, "#");
    changing.tagged = request->pieces[0].at;
    edge_setting_changing_finish(&changing);
}

/* Several */

static const edge_admin_argument_t any_rows[] = {
    {.name = "*",
     .kind = EDGE_ADMIN_ANY,
     .may = EDGE_ADMIN_NULL,
     .prose = "A setting by its key, with its new value as in a change of one."},
    {.name = NULL},
};
enum { BATCH_CHANGES, BATCH_REVERT, BATCH_TAIL };
const edge_admin_argument_t edge_admin_settings_batch_body[] = {
    [BATCH_CHANGES] = {.name = "changes",
                       .kind = EDGE_ADMIN_OBJECT,
                       .rows = any_rows,
                       .prose = "Keys with their new values: all are changed, or none."},
    [BATCH_REVERT] = {.name = "revert", .kind = EDGE_ADMIN_TEXTS, .prose = "Keys that go back to what the files say."},
    EDGE_ADMIN_SETTING_TAIL(BATCH_TAIL),
    {.name = NULL},
};

static bool add_changes(edge_setting_changing_t *changing, const edge_json_value_t *object) {
    for (const edge_json_value_t *member = object != NULL ? object->first : NULL; member != NULL;
         member = member->next) {
        apr_pool_t *pool = changing->request->pool;
        const char *key = edge_span_copy(pool, member->name).at;
        const char *pointer = apr_pstrcat(pool, "#/changes/", key, NULL);
        const char *value = value_for(changing->request, changing->answer, key, member, pointer);
        if (value == NULL) {
            return false;
        }
        edge_setting_changing_add(changing, key, value, pointer);
    }
    return true;
}

static bool add_reverts(edge_setting_changing_t *changing, const edge_json_value_t *list) {
    unsigned index = 0;
    for (const edge_json_value_t *one = list != NULL ? list->first : NULL; one != NULL; one = one->next, index++) {
        const char *pointer = apr_psprintf(changing->request->pool, "#/revert/%u", index);
        if (one->type != EDGE_JSON_STRING) {
            edge_admin_error(changing->answer, 422, pointer, "wrong-type", "\"revert\" takes keys.");
            return false;
        }
        edge_setting_changing_add(changing, one->text.at, NULL, pointer);
    }
    return true;
}

void edge_admin_settings_batch(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_setting_changing_t changing;
    edge_setting_changing_start(&changing, request, answer);
    edge_admin_setting_tail(&changing, &request->values[BATCH_TAIL]);
    changing.tagged_prefix = "";
    if (!add_changes(&changing, request->values[BATCH_CHANGES].json) ||
        !add_reverts(&changing, request->values[BATCH_REVERT].json)) {
        return;
    }
    if (changing.changes->nelts == 0) {
        edge_admin_error(answer, 422, "#/changes", "missing", "Say what is to be changed, or taken back.");
        return;
    }
    edge_setting_changing_finish(&changing);
}

/* Every override at once. */
void edge_admin_settings_clear(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_setting_changing_t changing;
    edge_setting_view_t view;
    edge_setting_changing_start(&changing, request, answer);
    edge_setting_view_open(&view, request->pool);
    for (int i = 0; i < view.overrides->nelts; i++) {
        edge_setting_changing_add(&changing, APR_ARRAY_IDX(view.overrides, i, edge_override_t).key, NULL, "#");
    }
    edge_setting_view_close(&view);
    changing.tagged_prefix = "";
    edge_setting_changing_finish(&changing);
}
