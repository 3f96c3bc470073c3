/* Prints what the configuration comes to (-S): settings, listeners, queues, the validator matrix, defines. */
#include <apr_strings.h>

#include "core/conf_dump_priv.h"
#include "core/core_conf.h"
#include "core/policy.h"
#include "edge_session.h"

typedef struct printing {
    const edge_conf_dump_t *dump;
    FILE *out;
    apr_pool_t *pool;
} printing_t;

static const char *section_origin(const printing_t *printing, const edge_section_t *section) {
    return edge_conf_dump_origin(printing->dump, section->file, section->line, printing->pool);
}

/* The server's own settings */

static void print_setting(const printing_t *printing, const edge_section_t *server, const edge_directive_t *row) {
    const edge_conf_node_t *node = edge_section_written(server, row->name);
    const char *value = edge_conf_dump_value(server, &edge_core_module, row, printing->pool);
    if (!value || row->many)
        return;
    fprintf(printing->out, "  %-20s %-40s %s\n", row->name, value,
            node ? edge_conf_dump_origin(printing->dump, node->file->path, node->line, printing->pool) : "default");
}

static void print_settings(const printing_t *printing, const edge_section_t *server) {
    fprintf(printing->out, "Server\n  %-20s %s\n  %-20s %s\n", "ServerRoot", printing->dump->source->server_root,
            "configuration", printing->dump->source->path);
    for (const edge_directive_t *row = edge_core_module.directives; row->name; row++)
        if (row->scopes & EDGE_IN(SERVER))
            print_setting(printing, server, row);
    const edge_core_server_conf_t *conf = edge_section_conf(server, &edge_core_module);
    for (unsigned i = 0; i < conf->transaction_log_count; i++)
        fprintf(printing->out, "  %-20s %s\n", "TransactionLog", conf->transaction_logs[i].at);
}

static void print_defines(const printing_t *printing, const edge_conf_tree_t *tree) {
    const apr_array_header_t *entries = apr_table_elts(tree->variables);
    if (entries->nelts)
        fputs("\nDefines\n", printing->out);
    for (int i = 0; i < entries->nelts; i++) {
        const apr_table_entry_t *entry = &APR_ARRAY_IDX(entries, i, apr_table_entry_t);
        fprintf(printing->out, "  %-20s %s\n", entry->key, entry->val);
    }
}

/* Listeners and queues */

static void print_listener(const printing_t *printing, const edge_section_t *section) {
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(section);
    const edge_listener_t *listener = section->instance;
    const char *addresses = "",
               *tls = edge_tls_mode_name(listener && listener->tls ? listener->tls->mode : EDGE_TLS_OFF);
    for (unsigned i = 0; i < conf->listen_count; i++)
        addresses = apr_pstrcat(printing->pool, addresses, i ? " " : "", conf->listens[i].text.at, NULL);
    fprintf(printing->out, "  %-16s %-32s %-8s TLS %-9s queue %-16s %s\n", section->name.at, addresses,
            conf->protocol.at, tls, conf->queue.at ? conf->queue.at : "-", section_origin(printing, section));
}

static void print_queue(const printing_t *printing, const edge_section_t *section) {
    const edge_queue_t *queue = section->instance;
    fprintf(printing->out, "  %-16s %-8s %-46s %s\n", section->name.at, queue ? queue->provider->name : "-",
            queue && queue->directory ? queue->directory : "-", section_origin(printing, section));
}

static void print_all(const printing_t *printing, const edge_section_t *server, edge_scope_t scope, const char *title,
                      void (*print)(const printing_t *printing, const edge_section_t *section)) {
    bool titled = false;
    for (const edge_section_t *section = server->first; section; section = section->next) {
        if (section->scope != scope)
            continue;
        if (!titled)
            fprintf(printing->out, "\n%s\n", title);
        titled = true;
        print(printing, section);
    }
}

/* The matrix: a row per validator that the listener uses, a column per command that has any. */

/* "2 enforce": the second that is asked there. */
static const char *cell(const edge_policy_list_t *list, const char *validator, apr_pool_t *pool) {
    for (unsigned i = 0; i < list->count; i++)
        if (strcmp(list->bindings[i].validator, validator) == 0)
            return apr_psprintf(pool, "%u %s", i + 1, edge_binding_mode_name(list->bindings[i].written));
    return "-";
}

static bool uses(const edge_policy_t *policy, const char *validator) {
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++)
        for (unsigned i = 0; i < policy->phases[phase].count; i++)
            if (!validator || strcmp(policy->phases[phase].bindings[i].validator, validator) == 0)
                return true;
    return false;
}

static void print_validator(const printing_t *printing, const edge_policy_t *policy, const edge_section_t *validator) {
    fprintf(printing->out, "  %-16s", validator->name.at);
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++)
        if (policy->phases[phase].count)
            fprintf(printing->out, " %-12s", cell(&policy->phases[phase], validator->name.at, printing->pool));
    fprintf(printing->out, " %s\n", section_origin(printing, validator));
}

static void print_matrix(const printing_t *printing, const edge_section_t *section) {
    const edge_listener_t *listener = section->instance;
    const edge_policy_t *policy = listener ? listener->policy : NULL;
    if (!policy || !uses(policy, NULL))
        return;
    fprintf(printing->out, "\nValidators of %s\n  %-16s", section->name.at, "");
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++)
        if (policy->phases[phase].count)
            fprintf(printing->out, " %-12s", edge_phase_name((edge_phase_t)phase));
    fputc('\n', printing->out);
    for (const edge_section_t *validator = section->parent->first; validator; validator = validator->next)
        if (validator->scope == EDGE_SCOPE_VALIDATOR && uses(policy, validator->name.at))
            print_validator(printing, policy, validator);
}

int edge_conf_dump_overview(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool) {
    edge_conf_loaded_t loaded;
    printing_t printing = {dump, out, pool};
    edge_conf_dump_load(dump, &loaded, err, pool);
    if (edge_conf_dump_wants_includes(dump)) {
        edge_conf_dump_includes(loaded.tree, out);
    } else if (loaded.report.errors == 0) {
        const edge_section_t *server = edge_snapshot_server(loaded.snapshot);
        print_settings(&printing, server);
        print_all(&printing, server, EDGE_SCOPE_LISTENER, "Listeners", print_listener);
        print_all(&printing, server, EDGE_SCOPE_QUEUE, "Queues", print_queue);
        for (const edge_section_t *section = server->first; section; section = section->next)
            if (section->scope == EDGE_SCOPE_LISTENER)
                print_matrix(&printing, section);
        print_defines(&printing, loaded.tree);
    }
    edge_snapshot_drop(loaded.snapshot);
    return loaded.report.errors ? 1 : 0;
}
