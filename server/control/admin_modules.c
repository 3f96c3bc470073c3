/* Admin routes about modules: what each offers, from its rows. */
#include "control/admin_priv.h"
#include "core/conf_apply.h"
#include "core/conf_dump.h"
#include "core/module.h"
#include "core/policy.h"

static const edge_admin_argument_t check_rows[] = {
    {.name = "name", .kind = EDGE_ADMIN_TEXT, .prose = "Of the check."},
    {.name = "command", .kind = EDGE_ADMIN_TEXT, .prose = "Where it may be bound."},
    {.name = "prose", .kind = EDGE_ADMIN_TEXT, .prose = "What it does."},
    {.name = NULL},
};
static const edge_admin_argument_t provider_rows[] = {
    {.name = "kind", .kind = EDGE_ADMIN_TEXT, .prose = "Of what."},
    {.name = "name", .kind = EDGE_ADMIN_TEXT, .prose = "As a configuration names it."},
    {.name = "prose", .kind = EDGE_ADMIN_TEXT, .prose = "What it is."},
    {.name = NULL},
};
static const edge_admin_argument_t directive_rows[] = {
    {.name = "name", .kind = EDGE_ADMIN_TEXT, .prose = "As it is written."},
    {.name = "scopes", .kind = EDGE_ADMIN_TEXT, .prose = "Where it may stand."},
    {.name = "type", .kind = EDGE_ADMIN_TEXT, .prose = "Of its value."},
    {.name = "default", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "What holds when it is not written."},
    {.name = "when", .kind = EDGE_ADMIN_TEXT, .prose = "When a change takes effect."},
    {.name = "runtime", .kind = EDGE_ADMIN_SWITCH, .prose = "Whether it may be changed while running."},
    {.name = "usage", .kind = EDGE_ADMIN_TEXT, .prose = "What may stand behind it."},
    {.name = "prose", .kind = EDGE_ADMIN_TEXT, .prose = "What it means."},
    {.name = NULL},
};
static const edge_admin_argument_t module_rows[] = {
    {.name = "name", .kind = EDGE_ADMIN_TEXT, .prose = "Of the module."},
    {.name = "summary", .kind = EDGE_ADMIN_TEXT, .prose = "What it does."},
    {.name = "path", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "Its file; null: part of the program."},
    {.name = "abi", .kind = EDGE_ADMIN_NUMBER, .prose = "What it was built for."},
    {.name = "checks", .kind = EDGE_ADMIN_LIST, .rows = check_rows, .prose = "What a <Validator> of it may do."},
    {.name = "providers", .kind = EDGE_ADMIN_LIST, .rows = provider_rows, .prose = "What a configuration may name."},
    {.name = "directives", .kind = EDGE_ADMIN_LIST, .rows = directive_rows, .prose = "What it lets one write."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_modules_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = module_rows, .prose = "In the order they were loaded."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};

static void put_checks(edge_json_t *json, const edge_module_t *module) {
    edge_json_key(json, "checks");
    edge_json_array(json);
    for (const edge_check_row_t *row = module->checks; row != NULL && row->name != NULL; row++) {
        edge_json_object(json);
        edge_json_put_string(json, "name", row->name);
        edge_json_put_string(json, "command", edge_phase_name(row->phase));
        edge_json_put_string(json, "prose", row->prose);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_providers(edge_json_t *json, const edge_module_t *module) {
    edge_json_key(json, "providers");
    edge_json_array(json);
    for (const edge_provider_row_t *row = module->providers; row != NULL && row->kind != NULL; row++) {
        edge_json_object(json);
        edge_json_put_string(json, "kind", row->kind);
        edge_json_put_string(json, "name", row->name);
        edge_json_put_string(json, "prose", row->prose);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

static void put_directives(edge_json_t *json, const edge_module_t *module, apr_pool_t *pool) {
    edge_json_key(json, "directives");
    edge_json_array(json);
    for (const edge_directive_t *row = module->directives; row != NULL && row->name != NULL; row++) {
        edge_json_object(json);
        edge_json_put_string(json, "name", row->name);
        edge_json_put_string(json, "scopes", edge_scope_names(row->scopes, pool));
        edge_json_put_string(json, "type", edge_conf_dump_type(row->type));
        edge_json_put_string(json, "default", row->initial);
        edge_json_put_string(json, "when", edge_conf_dump_when(row->when));
        edge_json_put_bool(json, "runtime", row->runtime);
        edge_json_put_string(json, "usage", row->usage != NULL ? row->usage : "");
        edge_json_put_string(json, "prose", row->prose != NULL ? row->prose : "");
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
}

void edge_admin_modules_list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    const edge_module_t *module;
    unsigned index = 0;
    edge_admin_list_start(answer);
    for (; (module = edge_module_at(index)) != NULL; index++) {
        edge_json_object(json);
        edge_json_put_string(json, "name", module->name);
        edge_json_put_string(json, "summary", module->summary);
        edge_json_put_string(json, "path", edge_module_path(index));
        edge_json_put_number(json, "abi", EDGE_MODULE_ABI);
        put_checks(json, module);
        put_providers(json, module);
        put_directives(json, module, request->pool);
        edge_json_object_end(json);
    }
    edge_admin_list_end(answer, NULL, index);
}
