/* Makes a snapshot of another and of overrides. */
#include "core/derive.h"

#include <apr_strings.h>

#include "core/auth.h"
#include "core/conf_apply.h"
#include "core/conf_resolve.h"
#include "core/core_conf.h"
#include "core/module.h"
#include "core/setting.h"
#include "edge_session.h"
#include "proto/conf_words.h"

#define PLACE "override of "

/* An override as a line of configuration. */
typedef struct placed {
    edge_setting_t setting; /* in the base */
    edge_conf_node_t *node; /* NULL: of a mode or a level, which no struct holds */
} placed_t;

typedef struct deriving {
    edge_conf_check_t check;
    edge_snapshot_t *base, *derived;
    apr_array_header_t *placed; /* placed_t */
} deriving_t;

const char *edge_derive_key(const edge_conf_diagnostic_t *diagnostic) {
    const char *path = diagnostic->place.file ? diagnostic->place.file->path : "";
    return strncmp(path, PLACE, strlen(PLACE)) == 0 ? path + strlen(PLACE) : NULL;
}

/* Lines */

static const edge_conf_file_t *file_of(const deriving_t *deriving, const edge_override_t *one, const char *before) {
    edge_conf_file_t *file = apr_pcalloc(deriving->check.pool, sizeof(*file));
    file->path = apr_pstrcat(deriving->check.pool, PLACE, one->key, NULL);
    file->text = edge_span_of(apr_pstrcat(deriving->check.pool, before, one->value, NULL));
    return file;
}

static void refuse(deriving_t *deriving, const edge_conf_file_t *file, const char *code, const char *text) {
    edge_conf_report_add(deriving->check.report, true, (edge_conf_place_t){file, 1, 0, 0}, code, NULL, "%s", text);
}

static bool is_one_line(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

/* NULL after an error was reported. */
static edge_conf_node_t *node_of(deriving_t *deriving, const edge_conf_file_t *file) {
    apr_pool_t *pool = deriving->check.pool;
    edge_conf_argument_t words[EDGE_CONF_WORDS_MOST];
    edge_conf_cursor_t cursor = {file, 0, 1, 1};
    unsigned count = 0, errors = deriving->check.report->errors;
    if (!edge_conf_words_next(&cursor, words, &count, deriving->check.report, pool) ||
        deriving->check.report->errors > errors)
        return NULL;
    edge_conf_node_t *node = apr_pcalloc(pool, sizeof(*node));
    node->name = words[0].text;
    node->file = file;
    node->line = node->column = 1;
    node->last = &node->first;
    node->count = count - 1;
    node->arguments = apr_pmemdup(pool, words + 1, count * sizeof(*words));
    return node;
}

static bool is_level(const char *value) {
    edge_log_level_t level;
    return edge_log_level_parse(edge_span_of(value), &level);
}

static void place_setting(deriving_t *deriving, const edge_setting_t *setting, const edge_override_t *one) {
    const edge_conf_file_t *file = file_of(deriving, one, edge_setting_before(setting, deriving->check.pool));
    placed_t placed = {*setting, NULL};
    if (!is_one_line(one->value))
        refuse(deriving, file, "EDG10342", "a value is one line without control characters");
    else if (!edge_setting_is_mutable(setting))
        refuse(deriving, file, "EDG10341",
               apr_psprintf(deriving->check.pool, "%s cannot be changed while the server runs: write it into the file",
                            setting->row->name));
    else if (setting->kind == EDGE_SETTING_MODE && edge_setting_mode(edge_span_of(one->value)) < 0)
        refuse(deriving, file, "EDG10343", "a mode is enforce, shadow or off");
    else if (setting->kind == EDGE_SETTING_LEVEL && !is_level(one->value))
        refuse(deriving, file, "EDG10344", "a level is emerg, error, warn, notice, info, debug or trace");
    else if (setting->kind == EDGE_SETTING_MODE || setting->kind == EDGE_SETTING_LEVEL ||
             (placed.node = node_of(deriving, file)) != NULL)
        *(placed_t *)apr_array_push(deriving->placed) = placed;
}

static void place_all(deriving_t *deriving, const apr_array_header_t *overrides) {
    for (int i = 0; i < overrides->nelts; i++) {
        const edge_override_t *one = &APR_ARRAY_IDX(overrides, i, edge_override_t);
        const edge_setting_t *setting = edge_setting_find(deriving->base, one->key, deriving->check.pool);
        if (setting)
            place_setting(deriving, setting, one);
        else
            refuse(deriving, file_of(deriving, one, ""), "EDG10340",
                   apr_psprintf(deriving->check.pool, "there is no setting \"%s\"", one->key));
    }
}

/* Sections */

static bool is_in(const placed_t *placed, const edge_section_t *section) {
    return placed->node && placed->setting.section == section->loaded;
}

static bool is_replaced(const deriving_t *deriving, const edge_section_t *section, const edge_conf_node_t *node) {
    for (int i = 0; i < deriving->placed->nelts; i++) {
        const placed_t *placed = &APR_ARRAY_IDX(deriving->placed, i, placed_t);
        if (is_in(placed, section) && !node->is_section && edge_span_equal_nocase(node->name, placed->node->name))
            return true;
    }
    return false;
}

static void append(edge_conf_node_t *parent, edge_conf_node_t *node) {
    node->parent = parent;
    node->next = NULL;
    *parent->last = node;
    parent->last = &node->next;
}

/* What stands in the section, with overrides in the place of what they override. */
static const edge_conf_node_t *replaced_node(const deriving_t *deriving, const edge_section_t *section) {
    apr_pool_t *pool = deriving->check.pool;
    edge_conf_node_t *node = apr_pmemdup(pool, section->node, sizeof(*node));
    node->first = NULL;
    node->last = &node->first;
    for (const edge_conf_node_t *child = section->node->first; child; child = child->next)
        if (!is_replaced(deriving, section, child))
            append(node, apr_pmemdup(pool, child, sizeof(*child)));
    for (int i = 0; i < deriving->placed->nelts; i++) {
        const placed_t *placed = &APR_ARRAY_IDX(deriving->placed, i, placed_t);
        if (is_in(placed, section))
            append(node, placed->node);
    }
    return node;
}

static bool has_overrides(const deriving_t *deriving, const edge_section_t *section) {
    for (int i = 0; i < deriving->placed->nelts; i++)
        if (is_in(&APR_ARRAY_IDX(deriving->placed, i, placed_t), section))
            return true;
    return false;
}

static edge_section_t *copy_section(const deriving_t *deriving, const edge_section_t *section,
                                    const edge_section_t *parent) {
    apr_pool_t *pool = deriving->check.pool;
    edge_section_t *copy = apr_pmemdup(pool, section, sizeof(*copy));
    const edge_section_t **last = &copy->first;
    copy->parent = parent;
    copy->snapshot = deriving->derived;
    copy->next = copy->first = NULL;
    copy->confs = apr_pmemdup(pool, section->confs, EDGE_MODULES_MOST * sizeof(void *));
    if (has_overrides(deriving, section))
        copy->node = replaced_node(deriving, section);
    for (const edge_section_t *child = section->first; child; child = child->next) {
        edge_section_t *made = copy_section(deriving, child, copy);
        *last = made;
        last = &made->next;
    }
    return copy;
}

/* Structs */

/* Whether a row of the module, as it counts in this section, is overridden: here, or in the server's part for a listener. */
static bool concerns(const placed_t *placed, const edge_section_t *section, const edge_module_t *module) {
    if (!placed->node || placed->setting.module != module)
        return false;
    bool inherited = section->scope == EDGE_SCOPE_LISTENER && (placed->setting.row->scopes & EDGE_IN(LISTENER)) &&
                     placed->setting.section == section->loaded->parent;
    return placed->setting.section == section->loaded || inherited;
}

static bool fill_module(deriving_t *deriving, edge_section_t *section, unsigned index) {
    for (int i = 0; i < deriving->placed->nelts; i++)
        if (concerns(&APR_ARRAY_IDX(deriving->placed, i, placed_t), section, edge_module_at(index))) {
            edge_conf_fill(&deriving->check, section, index);
            return true;
        }
    return false;
}

static bool fill(deriving_t *deriving, edge_section_t *section) {
    bool changed = false;
    for (unsigned m = 0; edge_module_at(m); m++)
        changed |= fill_module(deriving, section, m);
    return changed;
}

/* Listeners */

static bool has_mechanisms(const deriving_t *deriving, const edge_section_t *section) {
    for (int i = 0; i < deriving->placed->nelts; i++) {
        const placed_t *placed = &APR_ARRAY_IDX(deriving->placed, i, placed_t);
        if (placed->setting.kind == EDGE_SETTING_MECHANISMS && placed->setting.section == section->loaded)
            return true;
    }
    return false;
}

/* In the order in which a listener is made of files: what it offers of AUTH, then its protocol's settings. */
static void prepare_again(deriving_t *deriving, const edge_section_t *section, edge_listener_t *listener) {
    edge_conf_check_t *check = &deriving->check;
    if (has_mechanisms(deriving, section))
        listener->auth = edge_auth_provider()->prepare(check, section, listener->tls, check->pool);
    edge_conf_resolve_limits(check, section);
    if (check->report->errors == 0 && listener->protocol && listener->queue)
        listener->settings = listener->protocol->prepare(check, section, listener->queue->carries, check->pool);
}

static void derive_listener(deriving_t *deriving, edge_section_t *section) {
    const edge_listener_t *loaded = section->instance;
    bool changed = fill(deriving, section);
    if (!loaded)
        return;
    edge_core_listener_conf_t *conf = edge_section_conf(section, &edge_core_module);
    edge_listener_t *listener = apr_pmemdup(deriving->check.pool, loaded, sizeof(*listener));
    listener->section = section;
    section->instance = listener;
    if (changed && deriving->check.report->errors == 0) {
        if ((const void *)conf != edge_core_listener_conf(section->loaded))
            conf->own_max_connections = edge_section_wrote(section, "MaxConnections", NULL, NULL);
        prepare_again(deriving, section, listener);
    }
}

edge_snapshot_t *edge_derive(edge_snapshot_t *base, const apr_array_header_t *overrides, edge_conf_report_t *report,
                             apr_pool_t *report_pool) {
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    edge_conf_report_start(report, report_pool);
    edge_snapshot_t *derived = edge_snapshot_derived(base, pool);
    deriving_t deriving = {
        .check = {.pool = pool,
                  .report = report,
                  .tree = (edge_conf_tree_t *)(uintptr_t)edge_snapshot_tree(base),
                  .snapshot = derived,
                  .server_root = edge_snapshot_server_root(base)},
        .base = base,
        .derived = derived,
        .placed = apr_array_make(pool, overrides->nelts + 1, sizeof(placed_t)),
    };
    place_all(&deriving, overrides);
    edge_section_t *server = copy_section(&deriving, edge_snapshot_server(base), NULL);
    edge_snapshot_set_server(derived, server);
    fill(&deriving, server);
    for (const edge_section_t *section = server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_LISTENER)
            derive_listener(&deriving, (edge_section_t *)(uintptr_t)section);
    return derived;
}
