/* Makes a listener's lists of checks from its <On> sections. */
#include <apr_strings.h>

#include "core/conf_apply.h"
#include "core/core_conf.h"
#include "core/policy.h"

static const struct {
    const char *name, *prose;
} phases[] = {
#define EDGE_PHASE(name, success, prose) [EDGE_PHASE_##name] = {#name, prose},
#include "tbl/phases.def"
#undef EDGE_PHASE
};

const char *edge_phase_name(edge_phase_t phase) { return phases[phase].name; }
const char *edge_phase_prose(edge_phase_t phase) { return phases[phase].prose; }

int edge_phase_parse(edge_span_t name) {
    for (int i = 0; i < EDGE_PHASE_COUNT; i++)
        if (edge_span_equal_nocase(name, edge_span_of(phases[i].name)))
            return i;
    return -1;
}

static const char *phase_at(const void *context, unsigned index) {
    (void)context;
    return index < EDGE_PHASE_COUNT ? phases[index].name : NULL;
}

static const char *all_phases(apr_pool_t *pool) {
    const char *text = "one of";
    for (unsigned i = 0; i < EDGE_PHASE_COUNT; i++)
        text = apr_pstrcat(pool, text, i ? ", " : " ", phases[i].name, NULL);
    return text;
}

static const char *validator_at(const void *context, unsigned index) {
    for (const edge_section_t *section = edge_snapshot_server(context)->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_VALIDATOR && index-- == 0)
            return section->name.at;
    return NULL;
}

typedef struct preparing {
    edge_conf_check_t *check;
    const edge_section_t *on;
    edge_phase_t phase;
    apr_array_header_t *bindings; /* edge_binding_t */
} preparing_t;

static const edge_section_t *find_validator(const preparing_t *preparing, const edge_core_validate_t *validate) {
    const edge_section_t *section =
        edge_snapshot_find(preparing->check->snapshot, EDGE_SCOPE_VALIDATOR, validate->validator);
    if (section)
        return section;
    const char *near = edge_conf_nearest(validate->validator, validator_at, preparing->check->snapshot);
    edge_conf_report_add(preparing->check->report, true, edge_conf_place_of_argument(validate->node, 0), "EDG10060",
                         near ? apr_psprintf(preparing->check->pool, "did you mean \"%s\"?", near) : NULL,
                         "validator \"%s\" is not defined", validate->validator.at);
    return NULL;
}

/* "require_module" -> the module "require" */
const edge_module_t *edge_policy_module(edge_conf_check_t *check, const edge_section_t *validator) {
    edge_span_t name = edge_core_validator_conf(validator)->module;
    if (!name.at && edge_section_written(validator, "Module"))
        return NULL;
    if (!name.at) {
        edge_conf_error_in(check, validator, NULL, "EDG10061", "<Validator %s> has no Module", validator->name.at);
        return NULL;
    }
    bool suffixed = name.len > 7 && strcmp(name.at + name.len - 7, "_module") == 0;
    const edge_module_t *module = suffixed ? edge_module_find(edge_span(name.at, name.len - 7)) : NULL;
    if (!module && check->modules_failed == 0)
        edge_conf_error_in(check, validator, "Module", "EDG10062",
                           "module \"%s\" is not loaded: add LoadModule %s PATH", name.at, name.at);
    return module;
}

bool edge_validator_is_of(const edge_section_t *section, const edge_module_t *module) {
    const edge_conf_node_t *node =
        section->scope == EDGE_SCOPE_VALIDATOR ? edge_section_written(section, "Module") : NULL;
    edge_span_t name = node && node->count ? node->arguments[0].text : edge_span_of("");
    size_t len = strlen(module->name);
    return name.len == len + 7 && memcmp(name.at, module->name, len) == 0 && memcmp(name.at + len, "_module", 7) == 0;
}

edge_mono_t edge_validator_timeout(const edge_section_t *validator) {
    return edge_core_validator_conf(validator)->timeout;
}

static const edge_check_row_t *check_of(const edge_module_t *module, edge_phase_t phase) {
    for (const edge_check_row_t *row = module->checks; row && row->name; row++)
        if (row->phase == phase)
            return row;
    return NULL;
}

static void bind_one(preparing_t *preparing, const edge_core_validate_t *validate) {
    const edge_section_t *validator = find_validator(preparing, validate);
    const edge_module_t *module = validator ? edge_policy_module(preparing->check, validator) : NULL;
    if (!module)
        return;
    const edge_check_row_t *row = check_of(module, preparing->phase);
    if (!row) {
        edge_conf_report_add(preparing->check->report, true, edge_conf_place_of_argument(validate->node, 0), "EDG10063",
                             NULL, "module %s has no check for %s", module->name, edge_phase_name(preparing->phase));
        return;
    }
    const edge_core_validator_conf_t *conf = edge_core_validator_conf(validator);
    edge_binding_t *binding = apr_array_push(preparing->bindings);
    *binding = (edge_binding_t){
        .validator = validator->name.at,
        .module = module->name,
        .listener = preparing->on->parent->name,
        .row = row,
        .conf = edge_section_conf(validator, module),
        .mode = (unsigned)validate->mode,
        .written = (edge_binding_mode_t)validate->mode,
        .refers = edge_core_listener_conf(preparing->on->parent)->reply_reference,
        .refusal = &conf->refusal,
        .error_passes = conf->on_error == EDGE_ON_ERROR_PASS,
        .timeout = conf->timeout,
        .file = validate->file,
        .line = validate->line,
    };
}

static void prepare_on(edge_conf_check_t *check, const edge_section_t *on, edge_policy_t *policy, apr_pool_t *pool) {
    int phase = edge_phase_parse(on->name);
    if (phase < 0) {
        const char *near = edge_conf_nearest(on->name, phase_at, NULL);
        edge_conf_report_add(check->report, true, edge_conf_place_of_argument(on->node, 0), "EDG10064",
                             near ? apr_psprintf(pool, "did you mean <On %s>?", near) : all_phases(pool),
                             "\"%s\" is no command that can be validated", on->name.at);
        return;
    }
    preparing_t preparing = {check, on, (edge_phase_t)phase, apr_array_make(pool, 4, sizeof(edge_binding_t))};
    edge_policy_list_t *list = &policy->phases[phase];
    for (unsigned i = 0; i < list->count; i++)
        *(edge_binding_t *)apr_array_push(preparing.bindings) = list->bindings[i];
    const edge_core_on_conf_t *conf = edge_core_on_conf(on);
    for (unsigned i = 0; i < conf->count; i++)
        bind_one(&preparing, &conf->validates[i]);
    list->bindings = (edge_binding_t *)(void *)preparing.bindings->elts;
    list->count = (unsigned)preparing.bindings->nelts;
}

edge_policy_t *edge_policy_prepare(edge_conf_check_t *check, const edge_section_t *listener, apr_pool_t *pool) {
    edge_policy_t *policy = apr_pcalloc(pool, sizeof(*policy));
    for (const edge_section_t *on = listener->first; on; on = on->next)
        if (on->scope == EDGE_SCOPE_ON)
            prepare_on(check, on, policy, pool);
    return policy;
}

void edge_binding_set_mode(edge_binding_t *binding, edge_binding_mode_t mode) {
    atomic_store_explicit(&binding->mode, mode, memory_order_relaxed);
}

static apr_status_t register_of_listener(const edge_listener_t *listener) {
    apr_status_t status = APR_SUCCESS;
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++)
        for (unsigned i = 0; i < listener->policy->phases[phase].count && status == APR_SUCCESS; i++) {
            edge_binding_t *binding = &listener->policy->phases[phase].bindings[i];
            status =
                edge_check_counters_make(&binding->counters, binding->validator, edge_phase_name((edge_phase_t)phase));
        }
    return status;
}

apr_status_t edge_policy_register_counters(const edge_snapshot_t *snapshot) {
    apr_status_t status = APR_SUCCESS;
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section; section = section->next)
        if (section->scope == EDGE_SCOPE_LISTENER && status == APR_SUCCESS)
            status = register_of_listener(section->instance);
    return status;
}
