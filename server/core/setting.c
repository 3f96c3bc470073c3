/* Keys of settings, and what each holds. */
#include "core/setting.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/auth.h"
#include "core/conf_dump_priv.h"
#include "core/conf_set.h"
#include "core/conf_value.h"
#include "core/core_conf.h"
#include "core/module.h"
#include "edge_obj.h"

/* Keys */

const char *edge_setting_word(const char *directive, apr_pool_t *pool) {
    char *word = apr_pcalloc(pool, strlen(directive) * 2 + 1), *to = word;
    for (const char *at = directive; *at; at++) {
        bool begins = apr_isupper(*at) && at > directive && (!apr_isupper(at[-1]) || (at[1] && apr_islower(at[1])));
        if (begins)
            *to++ = '_';
        *to++ = (char)apr_tolower(*at);
    }
    return word;
}

/* "listener.mx." */
static const char *prefix_of(const edge_section_t *section, apr_pool_t *pool) {
    const char *name = edge_scope_section(section->scope);
    if (!name)
        return "";
    return apr_pstrcat(pool, prefix_of(section->parent, pool), edge_setting_word(name, pool), ".",
                       section->name.len ? section->name.at : "", section->name.len ? "." : "", NULL);
}

typedef struct listing {
    apr_array_header_t *settings;
    apr_pool_t *pool;
} listing_t;

static edge_setting_t *add(listing_t *listing, edge_setting_kind_t kind, const edge_section_t *section,
                           const edge_module_t *module, const edge_directive_t *row, const char *key) {
    edge_setting_t *setting = apr_array_push(listing->settings);
    *setting = (edge_setting_t){.kind = kind, .key = key, .section = section, .module = module, .row = row};
    return setting;
}

static const edge_directive_t *row_of(const edge_module_t *module, const char *name) {
    for (const edge_directive_t *row = module->directives; row && row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static void add_rows(listing_t *listing, const edge_section_t *section) {
    const char *prefix = prefix_of(section, listing->pool);
    const edge_module_t *module;
    for (unsigned m = 0; (module = edge_module_at(m)) != NULL; m++)
        for (const edge_directive_t *row = module->directives; row && row->name; row++)
            if ((row->scopes & (1u << section->scope)) && !row->many && edge_section_concerns(section, module))
                add(listing, EDGE_SETTING_DIRECTIVE, section, module, row,
                    apr_pstrcat(listing->pool, prefix, edge_setting_word(row->name, listing->pool), NULL));
}

/* A validator that stands twice at one command has one mode. */
static bool is_first(const edge_policy_list_t *list, unsigned index) {
    for (unsigned i = 0; i < index; i++)
        if (strcmp(list->bindings[i].validator, list->bindings[index].validator) == 0)
            return false;
    return true;
}

static void add_modes(listing_t *listing, const edge_section_t *section) {
    const edge_listener_t *listener = section->instance;
    const edge_directive_t *row = row_of(&edge_core_module, "Validate");
    for (unsigned phase = 0; listener && phase < EDGE_PHASE_COUNT; phase++)
        for (unsigned i = 0; i < listener->policy->phases[phase].count; i++) {
            edge_binding_t *binding = &listener->policy->phases[phase].bindings[i];
            if (!is_first(&listener->policy->phases[phase], i))
                continue;
            edge_setting_t *setting =
                add(listing, EDGE_SETTING_MODE, section, &edge_core_module, row,
                    apr_pstrcat(listing->pool, "validator.", binding->validator, ".", section->name.at, ".",
                                edge_phase_name((edge_phase_t)phase), ".mode", NULL));
            setting->binding = binding;
            setting->phase = (edge_phase_t)phase;
        }
}

static void add_mechanisms(listing_t *listing, const edge_section_t *section) {
    const edge_listener_t *listener = section->instance;
    const edge_module_t *module = edge_module_find(edge_span_of("auth_sasl"));
    if (listener && listener->auth && module)
        add(listing, EDGE_SETTING_MECHANISMS, section, module, row_of(module, "Auth"),
            apr_pstrcat(listing->pool, prefix_of(section, listing->pool), "auth.mechanisms", NULL));
}

static bool is_new_area(const listing_t *listing, const char *key) {
    for (int i = 0; i < listing->settings->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(listing->settings, i, edge_setting_t).key, key) == 0)
            return false;
    return true;
}

/* Files of one area each have an object of it. */
static void add_levels(listing_t *listing, const edge_section_t *server) {
    const edge_directive_t *row = row_of(&edge_core_module, "LogLevel");
    const edge_log_area_t *area;
    add(listing, EDGE_SETTING_LEVEL, server, &edge_core_module, row, "log.default");
    for (unsigned i = 0; (area = edge_log_area_at(i)) != NULL; i++) {
        const char *key = apr_pstrcat(listing->pool, "log.", area->name, NULL);
        if (is_new_area(listing, key))
            add(listing, EDGE_SETTING_LEVEL, server, &edge_core_module, row, key)->area = area->name;
    }
}

static void add_section(listing_t *listing, const edge_section_t *section) {
    add_rows(listing, section);
    if (section->scope == EDGE_SCOPE_LISTENER)
        add_mechanisms(listing, section);
    for (const edge_section_t *child = section->first; child; child = child->next)
        if (child->scope != EDGE_SCOPE_ON)
            add_section(listing, child);
}

apr_array_header_t *edge_settings_list(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    listing_t listing = {apr_array_make(pool, 256, sizeof(edge_setting_t)), pool};
    const edge_section_t *server = edge_snapshot_server(snapshot);
    add_section(&listing, server);
    for (const edge_section_t *section = server->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_LISTENER)
            add_modes(&listing, section);
    add_levels(&listing, server);
    return listing.settings;
}

const edge_setting_t *edge_setting_find(const edge_snapshot_t *snapshot, const char *key, apr_pool_t *pool) {
    const apr_array_header_t *settings = edge_settings_list(snapshot, pool);
    for (int i = 0; i < settings->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(settings, i, edge_setting_t).key, key) == 0)
            return &APR_ARRAY_IDX(settings, i, edge_setting_t);
    return NULL;
}

/* What may be changed */

bool edge_setting_is_mutable(const edge_setting_t *setting) {
    unsigned scopes = EDGE_IN(SERVER) | EDGE_IN(LISTENER);
    if (setting->kind != EDGE_SETTING_DIRECTIVE)
        return true;
    return setting->row->runtime && !setting->row->secret && ((1u << setting->section->scope) & scopes);
}

edge_conf_when_t edge_setting_when(const edge_setting_t *setting) {
    switch (setting->kind) {
    case EDGE_SETTING_MODE: return EDGE_WHEN_COMMAND;
    case EDGE_SETTING_LEVEL: return EDGE_WHEN_NOW;
    case EDGE_SETTING_MECHANISMS: return EDGE_WHEN_SESSION;
    case EDGE_SETTING_DIRECTIVE: break;
    }
    return setting->row->when;
}

int edge_setting_mode(edge_span_t text) {
    for (int mode = 0; mode < EDGE_MODE_COUNT; mode++)
        if (edge_span_equal_nocase(text, edge_span_of(edge_binding_mode_name((edge_binding_mode_t)mode))))
            return mode;
    return -1;
}

/* What they hold */

static const char *mechanisms_of(const edge_listener_t *listener, apr_pool_t *pool) {
    const edge_auth_provider_t *provider = edge_auth_provider();
    edge_auth_mechanism_t mechanism;
    const char *text = "";
    for (unsigned i = 0; listener->auth && provider->mechanism_at(listener->auth, i, &mechanism); i++)
        if (mechanism.enabled)
            text = apr_pstrcat(pool, text, *text ? "," : "", mechanism.name, NULL);
    return text;
}

const char *edge_setting_text(const edge_setting_t *setting, apr_pool_t *pool) {
    switch (setting->kind) {
    case EDGE_SETTING_MODE: return edge_binding_mode_name(setting->binding->written);
    case EDGE_SETTING_LEVEL:
        return edge_log_level_name(
            edge_core_log_level(edge_section_conf(setting->section, &edge_core_module), setting->area));
    case EDGE_SETTING_MECHANISMS: return mechanisms_of(setting->section->instance, pool);
    case EDGE_SETTING_DIRECTIVE: break;
    }
    if (setting->row->secret)
        return "\"********\"";
    return edge_conf_dump_value(setting->section, setting->module, setting->row, pool);
}

/* The row's default in a struct of its own. */
static const char *default_of_row(const edge_setting_t *setting, apr_pool_t *pool) {
    edge_conf_report_t unheard;
    edge_conf_check_t check = {
        .pool = pool, .report = &unheard, .server_root = edge_snapshot_server_root(setting->section->snapshot)};
    edge_section_t alone = *setting->section;
    unsigned index = 0;
    if (!setting->row->initial || (setting->row->type == EDGE_CONF_CUSTOM && !setting->row->show))
        return setting->row->initial;
    while (edge_module_at(index) != setting->module)
        index++;
    edge_conf_report_start(&unheard, pool);
    alone.confs = apr_pcalloc(pool, EDGE_MODULES_MOST * sizeof(void *));
    alone.confs[index] = edge_conf_make(setting->module, alone.scope, pool);
    edge_conf_set_default(&check, &alone, setting->row, alone.confs[index]);
    return edge_conf_show(&alone, setting->module, setting->row, pool);
}

const char *edge_setting_default(const edge_setting_t *setting, apr_pool_t *pool) {
    switch (setting->kind) {
    case EDGE_SETTING_MODE: return edge_binding_mode_name(EDGE_MODE_ENFORCE);
    case EDGE_SETTING_LEVEL: return edge_log_level_name(EDGE_LOG_NOTICE);
    case EDGE_SETTING_MECHANISMS: return NULL;
    case EDGE_SETTING_DIRECTIVE: break;
    }
    return setting->row->secret ? NULL : default_of_row(setting, pool);
}

static const edge_conf_node_t *validate_node(const edge_setting_t *setting) {
    for (const edge_section_t *on = setting->section->first; on; on = on->next) {
        const edge_core_on_conf_t *conf = on->scope == EDGE_SCOPE_ON ? edge_core_on_conf(on) : NULL;
        for (unsigned i = 0; conf && i < conf->count; i++)
            if (edge_phase_parse(on->name) == (int)setting->phase &&
                edge_span_equal(conf->validates[i].validator, edge_span_of(setting->binding->validator)))
                return conf->validates[i].node;
    }
    return NULL;
}

const edge_conf_node_t *edge_setting_node(const edge_setting_t *setting) {
    const edge_section_t *section = setting->section;
    if (setting->kind == EDGE_SETTING_MODE)
        return validate_node(setting);
    const edge_conf_node_t *node = edge_section_written(section, setting->row->name);
    bool inherits = section->scope == EDGE_SCOPE_LISTENER && (setting->row->scopes & EDGE_IN(SERVER));
    return node || !inherits ? node : edge_section_written(section->parent, setting->row->name);
}

/* How it is written */

const char *edge_setting_sections(const edge_setting_t *setting, apr_pool_t *pool) {
    const char *text = "";
    for (const edge_section_t *section = setting->section; section->parent; section = section->parent)
        text =
            apr_pstrcat(pool, edge_scope_section(section->scope), section->name.len ? " " : "",
                        section->name.len ? edge_conf_quote(section->name, pool) : "", *text ? "\n" : "", text, NULL);
    if (setting->kind == EDGE_SETTING_MODE)
        text = apr_pstrcat(pool, text, "\nOn ", edge_phase_name(setting->phase), NULL);
    return text;
}

/* "Auth required backend=staff mechanisms=": all that is written but for the mechanisms. */
static const char *before_mechanisms(const edge_setting_t *setting, apr_pool_t *pool) {
    const edge_conf_node_t *node = edge_setting_node(setting);
    const char *text = setting->row->name;
    for (unsigned i = 0; node && i < node->count; i++)
        if (!edge_span_starts_nocase(node->arguments[i].text, edge_span_of("mechanisms=")))
            text = apr_pstrcat(pool, text, " ", edge_conf_quote(node->arguments[i].text, pool), NULL);
    return apr_pstrcat(pool, text, " mechanisms=", NULL);
}

const char *edge_setting_before(const edge_setting_t *setting, apr_pool_t *pool) {
    switch (setting->kind) {
    case EDGE_SETTING_MODE:
        return apr_pstrcat(pool, "Validate ", edge_conf_quote(edge_span_of(setting->binding->validator), pool),
                           " mode=", NULL);
    case EDGE_SETTING_LEVEL:
        return setting->area ? apr_pstrcat(pool, "LogLevel ", setting->area, ":", NULL) : "LogLevel ";
    case EDGE_SETTING_MECHANISMS: return before_mechanisms(setting, pool);
    case EDGE_SETTING_DIRECTIVE: break;
    }
    return apr_pstrcat(pool, setting->row->name, " ", NULL);
}
