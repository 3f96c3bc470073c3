/* Puts modes and levels in force: they hold at once, for sessions that are open too. */
#include <apr_strings.h>

#include "core/core_conf.h"
#include "core/overrides.h"
#include "core/setting.h"

static edge_binding_mode_t mode_of(const apr_array_header_t *list, const edge_setting_t *setting) {
    const edge_override_t *one = edge_override_find(list, setting->key);
    int mode = one ? edge_setting_mode(edge_span_of(one->value)) : -1;
    return mode < 0 ? setting->binding->written : (edge_binding_mode_t)mode;
}

/* All bindings of the validator at that command: it may stand there twice. */
static void set_modes(const edge_setting_t *setting, edge_binding_mode_t mode, bool overridden) {
    const edge_listener_t *listener = setting->section->instance;
    const edge_policy_list_t *bindings = &listener->policy->phases[setting->phase];
    for (unsigned i = 0; i < bindings->count; i++) {
        edge_binding_t *binding = &bindings->bindings[i];
        if (strcmp(binding->validator, setting->binding->validator) == 0)
            edge_binding_set_mode(binding, overridden ? mode : binding->written);
    }
}

static bool has_own_level(const edge_core_server_conf_t *conf, const char *area) {
    for (unsigned i = 0; i < conf->level_count; i++)
        if (conf->levels[i].area.at && edge_span_equal(conf->levels[i].area, edge_span_of(area)))
            return true;
    return false;
}

/* An area's own override, then what the files say of the area, then the override of all, then what the files say of all. */
static edge_log_level_t level_of(const apr_array_header_t *list, const edge_snapshot_t *snapshot,
                                 const edge_log_area_t *area, apr_pool_t *pool) {
    const edge_core_server_conf_t *conf = edge_core_server_conf(snapshot);
    const edge_override_t *own = edge_override_find(list, apr_pstrcat(pool, "log.", area->name, NULL));
    const edge_override_t *all = has_own_level(conf, area->name) ? NULL : edge_override_find(list, "log.default");
    edge_log_level_t level = edge_core_log_level(conf, area->name);
    if (own || all)
        edge_log_level_parse(edge_span_of((own ? own : all)->value), &level);
    return level;
}

void edge_overrides_apply(const apr_array_header_t *list, const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    const apr_array_header_t *settings = edge_settings_list(snapshot, pool);
    const edge_log_area_t *area;
    for (int i = 0; i < settings->nelts; i++) {
        const edge_setting_t *setting = &APR_ARRAY_IDX(settings, i, edge_setting_t);
        if (setting->kind == EDGE_SETTING_MODE)
            set_modes(setting, mode_of(list, setting), edge_override_find(list, setting->key) != NULL);
    }
    for (unsigned i = 0; (area = edge_log_area_at(i)) != NULL; i++)
        edge_log_area_level(area->name, level_of(list, snapshot, area, pool));
    edge_override_store_set_graceful(edge_core_server_conf(snapshot)->graceful_timeout);
}
