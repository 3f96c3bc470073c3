/* Shows settings as JSON. */
#include "control/setting_view.h"

#include <apr_strings.h>

#include "core/auth.h"
#include "core/conf_value.h"
#include "core/core_conf.h"
#include "edge_obj.h"
#include "proto/conf_words.h"

/* Looking */

static void list(edge_setting_view_t *view) {
    view->now = edge_settings_list(view->current, view->pool);
    view->written = edge_settings_list(view->base, view->pool);
    EDGE_ASSERT(view->now->nelts == view->written->nelts);
}

void edge_setting_view_open(edge_setting_view_t *view, apr_pool_t *pool) {
    view->pool = pool;
    view->overrides = edge_overrides_now(&view->current, &view->base, pool);
    list(view);
}

void edge_setting_view_of(edge_setting_view_t *view, const edge_overrides_edit_t *edit) {
    *view = (edge_setting_view_t){edit->pool, edit->tried ? edit->tried : edit->current, edit->base, edit->list, NULL,
                                  NULL};
    edge_snapshot_hold(view->current);
    edge_snapshot_hold(view->base);
    list(view);
}

void edge_setting_view_close(edge_setting_view_t *view) {
    edge_snapshot_drop(view->current);
    edge_snapshot_drop(view->base);
}

int edge_setting_view_find(const edge_setting_view_t *view, const char *key) {
    for (int i = 0; i < view->written->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(view->written, i, edge_setting_t).key, key) == 0)
            return i;
    return -1;
}

const edge_setting_t *edge_setting_view_at(const edge_setting_view_t *view, int index) {
    return &APR_ARRAY_IDX(view->now, index, edge_setting_t);
}

static const edge_setting_t *written_at(const edge_setting_view_t *view, int index) {
    return &APR_ARRAY_IDX(view->written, index, edge_setting_t);
}

static const edge_override_t *override_of(const edge_setting_view_t *view, int index) {
    return edge_override_find(view->overrides, written_at(view, index)->key);
}

/* An area without a level of its own follows that of all. */
static const char *level_text(const edge_setting_view_t *view, int index) {
    const edge_setting_t *setting = edge_setting_view_at(view, index);
    const edge_override_t *all = edge_override_find(view->overrides, "log.default");
    const edge_core_server_conf_t *conf = edge_core_server_conf(view->current);
    for (unsigned i = 0; setting->area && i < conf->level_count; i++)
        if (conf->levels[i].area.at && edge_span_equal(conf->levels[i].area, edge_span_of(setting->area)))
            all = NULL;
    return all ? all->value : edge_setting_text(setting, view->pool);
}

const char *edge_setting_view_text(const edge_setting_view_t *view, int index) {
    const edge_setting_t *setting = edge_setting_view_at(view, index);
    const edge_override_t *one = override_of(view, index);
    bool by_word = setting->kind == EDGE_SETTING_MODE || setting->kind == EDGE_SETTING_LEVEL;
    if (by_word && one)
        return one->value;
    return setting->kind == EDGE_SETTING_LEVEL ? level_text(view, index) : edge_setting_text(setting, view->pool);
}

const char *edge_setting_view_file_text(const edge_setting_view_t *view, int index) {
    return edge_setting_text(written_at(view, index), view->pool);
}

const char *edge_setting_view_origin(const edge_setting_view_t *view, int index) {
    if (override_of(view, index))
        return "override";
    return edge_setting_node(written_at(view, index)) ? "file" : "default";
}

/* Tags */

static const char *tag_text(const edge_setting_view_t *view, int index) {
    const edge_override_t *one = override_of(view, index);
    const char *written = edge_setting_view_file_text(view, index);
    return apr_psprintf(view->pool, "%s\n%s\n%s\n%s\n%" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %d\n",
                        written_at(view, index)->key, written ? written : "", one ? one->value : "", one ? one->by : "",
                        one ? (apr_int64_t)one->at : 0, one ? (apr_int64_t)one->until : 0, one ? one->persistent : 0);
}

const char *edge_setting_view_etag(const edge_setting_view_t *view, int index) {
    return edge_admin_etag(view->pool, edge_span_of(tag_text(view, index)), false);
}

const char *edge_setting_view_etag_of(const edge_setting_view_t *view, const char *prefix) {
    apr_array_header_t *texts = apr_array_make(view->pool, view->written->nelts + 1, sizeof(const char *));
    for (int i = 0; i < view->written->nelts; i++)
        if (strncmp(written_at(view, i)->key, prefix, strlen(prefix)) == 0)
            *(const char **)apr_array_push(texts) = tag_text(view, i);
    return edge_admin_etag(view->pool, edge_span_of(apr_array_pstrcat(view->pool, texts, 0)), false);
}

/* Values */

static void put_none_or(edge_json_t *json, bool known, const edge_directive_t *row, int64_t value) {
    if (!known)
        edge_json_null(json);
    else if (row->type == EDGE_CONF_DURATION)
        edge_json_seconds(json, value);
    else
        edge_json_number(json, value);
}

static void put_number(edge_json_t *json, const edge_directive_t *row, const char *text) {
    uint64_t number = 0;
    edge_mono_t time = 0;
    edge_span_t span = edge_span_of(text);
    bool known = row->type == EDGE_CONF_NUMBER ? edge_span_number(span, &number)
                 : row->type == EDGE_CONF_SIZE ? edge_conf_parse_size(span, &number)
                                               : edge_conf_parse_duration(span, &time);
    put_none_or(json, known, row, row->type == EDGE_CONF_DURATION ? time : (int64_t)number);
}

/* Without the quotes it may be written in. */
static edge_span_t unquoted(const char *text, apr_pool_t *pool) {
    edge_conf_argument_t words[EDGE_CONF_WORDS_MOST];
    edge_conf_file_t file = {.path = "", .text = edge_span_of(text)};
    edge_conf_cursor_t cursor = {&file, 0, 1, 1};
    edge_conf_report_t report;
    unsigned count = 0;
    edge_conf_report_start(&report, pool);
    if (!edge_conf_words_next(&cursor, words, &count, &report, pool) || count != 1)
        return edge_span_of(text);
    return words[0].text;
}

static void put_value(edge_json_t *json, const char *key, const edge_setting_t *setting, const char *text,
                      apr_pool_t *pool) {
    edge_conf_type_t type = setting->kind == EDGE_SETTING_DIRECTIVE ? setting->row->type : EDGE_CONF_WORD;
    edge_json_key(json, key);
    if (!text) {
        edge_json_null(json);
        return;
    }
    switch (type) {
    case EDGE_CONF_SWITCH: edge_json_bool(json, strcasecmp(text, "on") == 0); break;
    case EDGE_CONF_NUMBER:
    case EDGE_CONF_SIZE:
    case EDGE_CONF_DURATION: put_number(json, setting->row, text); break;
    case EDGE_CONF_TEXT:
    case EDGE_CONF_PATH: edge_json_text(json, unquoted(text, pool), 0); break;
    default: edge_json_text(json, edge_span_of(text), 0);
    }
}

static const char *type_name(const edge_setting_t *setting) {
    static const char *const names[] = {
        [EDGE_CONF_SWITCH] = "switch",    [EDGE_CONF_NUMBER] = "number", [EDGE_CONF_SIZE] = "bytes",
        [EDGE_CONF_DURATION] = "seconds", [EDGE_CONF_TEXT] = "text",     [EDGE_CONF_PATH] = "path",
        [EDGE_CONF_WORD] = "word",        [EDGE_CONF_WORDS] = "words",   [EDGE_CONF_CUSTOM] = "custom",
    };
    if (setting->kind == EDGE_SETTING_DIRECTIVE)
        return names[setting->row->type];
    return setting->kind == EDGE_SETTING_MECHANISMS ? "words" : "word";
}

static const char *unit_name(const edge_setting_t *setting) {
    if (setting->kind != EDGE_SETTING_DIRECTIVE)
        return NULL;
    return setting->row->type == EDGE_CONF_SIZE ? "byte" : setting->row->type == EDGE_CONF_DURATION ? "second" : NULL;
}

const char *edge_setting_applies(edge_conf_when_t when) {
    static const char *const names[] = {
        [EDGE_WHEN_NOW] = "immediately", [EDGE_WHEN_COMMAND] = "next_command", [EDGE_WHEN_SESSION] = "next_session",
        [EDGE_WHEN_RELOAD] = "reload",   [EDGE_WHEN_RESTART] = "restart",
    };
    return names[when];
}

/* The object */

static bool has_bounds(const edge_setting_t *setting) {
    edge_conf_type_t type = setting->row->type;
    return setting->kind == EDGE_SETTING_DIRECTIVE &&
           (type == EDGE_CONF_NUMBER || type == EDGE_CONF_SIZE || type == EDGE_CONF_DURATION);
}

static void put_bounds(edge_json_t *json, const edge_setting_t *setting) {
    bool bounded = has_bounds(setting);
    int64_t most = setting->row->max;
    if (bounded && most == 0 && setting->row->type == EDGE_CONF_NUMBER)
        most = UINT32_MAX;
    edge_json_key(json, "min");
    put_none_or(json, bounded, setting->row, setting->row->min);
    edge_json_key(json, "max");
    put_none_or(json, bounded && most != 0, setting->row, most);
}

static void put_mechanisms(edge_json_t *json, const edge_setting_t *setting) {
    const edge_listener_t *listener = setting->section->instance;
    edge_auth_mechanism_t mechanism;
    for (unsigned i = 0; edge_auth_provider()->mechanism_at(listener->auth, i, &mechanism); i++)
        edge_json_text(json, edge_span_of(mechanism.name), 0);
}

static void put_words(edge_json_t *json, const edge_setting_t *setting) {
    bool words = setting->kind == EDGE_SETTING_DIRECTIVE &&
                 (setting->row->type == EDGE_CONF_WORD || setting->row->type == EDGE_CONF_WORDS);
    edge_json_key(json, "words");
    if (setting->kind == EDGE_SETTING_DIRECTIVE && !words) {
        edge_json_null(json);
        return;
    }
    edge_json_array(json);
    for (unsigned i = 0; words && setting->row->words[i]; i++)
        edge_json_text(json, edge_span_of(setting->row->words[i]), 0);
    for (unsigned i = 0; setting->kind == EDGE_SETTING_MODE && i < EDGE_MODE_COUNT; i++)
        edge_json_text(json, edge_span_of(edge_binding_mode_name((edge_binding_mode_t)i)), 0);
    for (unsigned i = 0; setting->kind == EDGE_SETTING_LEVEL && i <= EDGE_LOG_TRACE; i++)
        edge_json_text(json, edge_span_of(edge_log_level_name((edge_log_level_t)i)), 0);
    if (setting->kind == EDGE_SETTING_MECHANISMS)
        put_mechanisms(json, setting);
    edge_json_array_end(json);
}

/* Below ServerRoot, when it lies there. */
static const char *short_path(const edge_setting_view_t *view, const char *path) {
    const char *root = edge_snapshot_server_root(view->base);
    size_t len = strlen(root);
    return strncmp(path, root, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

static void put_file(edge_json_t *json, const edge_setting_view_t *view, int index) {
    const edge_setting_t *setting = written_at(view, index);
    const edge_conf_node_t *node = edge_setting_node(setting);
    const char *text = node ? edge_setting_text(setting, view->pool) : NULL;
    edge_json_key(json, "file");
    if (!text) {
        edge_json_null(json);
        return;
    }
    edge_json_object(json);
    put_value(json, "value", setting, text, view->pool);
    edge_json_put_string(json, "text", text);
    edge_json_key(json, "source");
    edge_json_object(json);
    edge_json_put_string(json, "file", short_path(view, node->file->path));
    edge_json_put_number(json, "line", node->line);
    edge_json_object_end(json);
    edge_json_object_end(json);
}

static void put_override(edge_json_t *json, const edge_setting_view_t *view, int index) {
    const edge_setting_t *setting = edge_setting_view_at(view, index);
    const edge_override_t *one = override_of(view, index);
    edge_json_key(json, "override");
    if (!one) {
        edge_json_null(json);
        return;
    }
    edge_json_object(json);
    put_value(json, "value", setting, edge_setting_view_text(view, index), view->pool);
    edge_json_put_string(json, "text", one->value);
    edge_json_put_string(json, "by", one->by);
    edge_admin_put_time(json, "at", one->at);
    edge_json_put_string(json, "reason", one->reason);
    edge_admin_put_time(json, "expires_at", one->until);
    edge_json_put_string(json, "persistence", one->persistent ? "persistent" : "reload");
    put_value(json, "file_value_then", setting, one->over, view->pool);
    edge_json_object_end(json);
}

static void put_tag(edge_json_t *json, const char *tag) {
    edge_json_put_text(json, "etag", edge_span(tag + 1, strlen(tag) - 2), 0);
}

void edge_setting_view_put(edge_json_t *json, const edge_setting_view_t *view, int index) {
    const edge_setting_t *setting = edge_setting_view_at(view, index);
    const char *text = edge_setting_view_text(view, index);
    edge_json_object(json);
    edge_json_put_string(json, "key", setting->key);
    edge_json_put_string(json, "directive", setting->row->name);
    edge_json_put_string(json, "type", type_name(setting));
    edge_json_put_string(json, "unit", unit_name(setting));
    put_value(json, "effective", setting, text, view->pool);
    edge_json_put_string(json, "text", text);
    edge_json_put_string(json, "origin", edge_setting_view_origin(view, index));
    put_value(json, "default", setting, edge_setting_default(setting, view->pool), view->pool);
    put_file(json, view, index);
    put_override(json, view, index);
    put_bounds(json, setting);
    put_words(json, setting);
    edge_json_put_string(json, "applies", edge_setting_applies(edge_setting_when(setting)));
    edge_json_put_bool(json, "runtime_mutable", edge_setting_is_mutable(setting));
    edge_json_put_string(json, "usage", setting->row->usage);
    edge_json_put_string(json, "help", setting->row->prose);
    put_tag(json, edge_setting_view_etag(view, index));
    edge_json_object_end(json);
}

/* What it is made of */

#define NULLABLE .may = EDGE_ADMIN_NULL

static const edge_admin_argument_t source_rows[] = {
    {.name = "file", .kind = EDGE_ADMIN_TEXT, .prose = "Below ServerRoot when it lies there."},
    {.name = "line", .kind = EDGE_ADMIN_NUMBER, .prose = "From 1."},
    {.name = NULL},
};
static const edge_admin_argument_t file_rows[] = {
    {.name = "value", .kind = EDGE_ADMIN_ANY, NULLABLE, .prose = "What the files say."},
    {.name = "text", .kind = EDGE_ADMIN_TEXT, .prose = "As it is written there."},
    {.name = "source", .kind = EDGE_ADMIN_OBJECT, .rows = source_rows, .prose = "Where."},
    {.name = NULL},
};
static const edge_admin_argument_t override_rows[] = {
    {.name = "value", .kind = EDGE_ADMIN_ANY, NULLABLE, .prose = "What holds in its place."},
    {.name = "text", .kind = EDGE_ADMIN_TEXT, .prose = "As it was given."},
    {.name = "by", .kind = EDGE_ADMIN_TEXT, .prose = "Who changed it."},
    {.name = "at", .kind = EDGE_ADMIN_TIME, .prose = "When."},
    {.name = "reason", .kind = EDGE_ADMIN_TEXT, NULLABLE, .prose = "Why."},
    {.name = "expires_at", .kind = EDGE_ADMIN_TIME, NULLABLE, .prose = "When it ends by itself; null: it does not."},
    {.name = "persistence", .kind = EDGE_ADMIN_TEXT, .prose = "reload or persistent: what it outlives."},
    {.name = "file_value_then", .kind = EDGE_ADMIN_ANY, NULLABLE, .prose = "What the files said when it was made."},
    {.name = NULL},
};
const edge_admin_argument_t edge_setting_rows[] = {
    {.name = "key", .kind = EDGE_ADMIN_TEXT, .prose = "Its name here: \"listener.mx.banner\"."},
    {.name = "directive", .kind = EDGE_ADMIN_TEXT, .prose = "Its name in the files."},
    {.name = "type",
     .kind = EDGE_ADMIN_TEXT,
     .prose = "switch, number, bytes, seconds, text, path, word, words or custom."},
    {.name = "unit", .kind = EDGE_ADMIN_TEXT, NULLABLE, .prose = "byte or second."},
    {.name = "effective", .kind = EDGE_ADMIN_ANY, NULLABLE, .prose = "What holds; null: none."},
    {.name = "text", .kind = EDGE_ADMIN_TEXT, NULLABLE, .prose = "What holds, as it would be written."},
    {.name = "origin", .kind = EDGE_ADMIN_TEXT, .prose = "default, file or override."},
    {.name = "default", .kind = EDGE_ADMIN_ANY, NULLABLE, .prose = "What would hold if nobody said anything."},
    {.name = "file",
     .kind = EDGE_ADMIN_OBJECT,
     NULLABLE,
     .rows = file_rows,
     .prose = "What the files say; null: nothing."},
    {.name = "override",
     .kind = EDGE_ADMIN_OBJECT,
     NULLABLE,
     .rows = override_rows,
     .prose = "What was changed while running; null: nothing."},
    {.name = "min", .kind = EDGE_ADMIN_ANY, NULLABLE, .prose = "The least value, in `unit`."},
    {.name = "max", .kind = EDGE_ADMIN_ANY, NULLABLE, .prose = "The greatest value, in `unit`."},
    {.name = "words", .kind = EDGE_ADMIN_TEXTS, NULLABLE, .prose = "The words it takes."},
    {.name = "applies",
     .kind = EDGE_ADMIN_TEXT,
     .prose = "When a change takes effect: immediately, next_command, next_session, reload or restart."},
    {.name = "runtime_mutable", .kind = EDGE_ADMIN_SWITCH, .prose = "Whether it may be changed while running."},
    {.name = "usage", .kind = EDGE_ADMIN_TEXT, .prose = "How it is written."},
    {.name = "help", .kind = EDGE_ADMIN_TEXT, .prose = "What it is for."},
    {.name = "etag", .kind = EDGE_ADMIN_TEXT, .prose = "Goes in quotes into If-Match."},
    {.name = NULL},
};
