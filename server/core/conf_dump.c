/* Tests a configuration (-t), names its modules (-M); and what all dumps share. */
#include "core/conf_dump.h"

#include <apr_strings.h>

#include "core/conf_dump_priv.h"
#include "core/conf_value.h"
#include "edge_obj.h"
#include "proto/conf_report_json.h"

#define EXIT_WARNED 3

/* Shared */

const char *edge_conf_dump_arguments(const edge_conf_argument_t *arguments, unsigned count, apr_pool_t *pool) {
    const char *text = "";
    for (unsigned i = 0; i < count; i++)
        text = apr_pstrcat(pool, text, i ? " " : "", edge_conf_quote(arguments[i].text, pool), NULL);
    return text;
}

const char *edge_conf_dump_value(const edge_section_t *section, const edge_module_t *module,
                                 const edge_directive_t *row, apr_pool_t *pool) {
    if (row->type != EDGE_CONF_CUSTOM || row->show)
        return edge_conf_show(section, module, row, pool);
    const edge_conf_node_t *node = edge_section_written(section, row->name);
    return node ? edge_conf_dump_arguments(node->arguments, node->count, pool) : row->initial;
}

const char *edge_conf_dump_origin(const edge_conf_dump_t *dump, const char *file, unsigned line, apr_pool_t *pool) {
    size_t root = strlen(dump->source->server_root);
    if (strncmp(file, dump->source->server_root, root) == 0 && file[root] == '/')
        file += root + 1;
    return apr_psprintf(pool, "%s:%u", file, line);
}

const char *edge_conf_dump_when(edge_conf_when_t when) {
    static const char *const texts[] = {
        [EDGE_WHEN_NOW] = "at once",
        [EDGE_WHEN_COMMAND] = "with the next command",
        [EDGE_WHEN_SESSION] = "for new sessions",
        [EDGE_WHEN_RELOAD] = "by a reload",
        [EDGE_WHEN_RESTART] = "by a restart",
    };
    EDGE_ASSERT((unsigned)when < EDGE_COUNT(texts));
    return texts[when];
}

static void print_diagnostics(const edge_conf_report_t *report, FILE *out, apr_pool_t *pool) {
    for (const edge_conf_diagnostic_t *diagnostic = report->first; diagnostic; diagnostic = diagnostic->next)
        fputs(edge_conf_report_text(diagnostic, pool), out);
}

static void build(const edge_conf_dump_t *dump, edge_conf_loaded_t *loaded, apr_pool_t *pool) {
    loaded->snapshot = edge_snapshot_build(dump->source, 0, &loaded->report, pool, &loaded->tree);
}

void edge_conf_dump_load(const edge_conf_dump_t *dump, edge_conf_loaded_t *loaded, FILE *err, apr_pool_t *pool) {
    build(dump, loaded, pool);
    print_diagnostics(&loaded->report, err, pool);
    if (loaded->report.errors)
        fprintf(err, "%s.\n", edge_conf_report_summary(&loaded->report, pool));
}

/* -t */

static void print_skipped(const edge_conf_dump_t *dump, const edge_conf_tree_t *tree, FILE *out, apr_pool_t *pool) {
    for (int i = 0; i < tree->skipped->nelts; i++) {
        const edge_conf_skipped_t *skipped = &APR_ARRAY_IDX(tree->skipped, i, edge_conf_skipped_t);
        fprintf(out, "%s: skipped: %s\n",
                edge_conf_dump_origin(dump, skipped->place.file->path, skipped->place.line, pool), skipped->why);
    }
}

bool edge_conf_dump_wants_includes(const edge_conf_dump_t *dump) {
    for (int i = 0; i < dump->source->defines->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(dump->source->defines, i, const char *), "DUMP_INCLUDES") == 0)
            return true;
    return false;
}

void edge_conf_dump_includes(const edge_conf_tree_t *tree, FILE *out) {
    for (const edge_conf_file_t *file = tree->files; file; file = file->next) {
        for (const edge_conf_file_t *outer = file->included_by; outer; outer = outer->included_by)
            fputs("    ", out);
        if (file->included_by)
            fprintf(out, "%s (line %u)\n", file->path, file->included_line);
        else
            fprintf(out, "%s\n", file->path);
    }
}

static void print_json(const edge_conf_report_t *report, FILE *out, apr_pool_t *pool) {
    edge_json_t json;
    edge_json_start(&json, pool, 4096);
    edge_conf_report_json(report, &json);
    fprintf(out, "%.*s\n", (int)json.len, json.text);
}

static void print_result(const edge_conf_dump_t *dump, const edge_conf_report_t *report, FILE *out, FILE *err,
                         apr_pool_t *pool) {
    print_diagnostics(report, err, pool);
    if (report->errors)
        fprintf(err, "%s.\n", edge_conf_report_summary(report, pool));
    else if (report->warnings)
        fprintf(out, "Syntax OK; %s\n", edge_conf_report_summary(report, pool));
    else if (!dump->quiet)
        fputs("Syntax OK\n", out);
}

int edge_conf_dump_test(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool) {
    edge_conf_loaded_t loaded;
    build(dump, &loaded, pool);
    if (dump->json)
        print_json(&loaded.report, out, pool);
    else
        print_result(dump, &loaded.report, out, err, pool);
    if (dump->verbose && !dump->json)
        print_skipped(dump, loaded.tree, out, pool);
    if (edge_conf_dump_wants_includes(dump) && !dump->json)
        edge_conf_dump_includes(loaded.tree, out);
    edge_snapshot_drop(loaded.snapshot);
    if (loaded.report.errors)
        return 1;
    return dump->strict && loaded.report.warnings ? EXIT_WARNED : 0;
}

/* -M */

static void print_offers(const edge_module_t *module, FILE *out) {
    static const char *const phases[] = {
#define EDGE_PHASE(name, success, prose) #name,
#include "tbl/phases.def"
#undef EDGE_PHASE
    };
    for (const edge_provider_row_t *row = module->providers; row && row->kind; row++)
        fprintf(out, "    %s %s: %s\n", row->kind, row->name, row->prose);
    for (const edge_check_row_t *row = module->checks; row && row->name; row++)
        fprintf(out, "    check %s at %s, %s: %s\n", row->name, phases[row->phase],
                row->kind == EDGE_CHECK_BLOCKING ? "blocking" : "inline", row->prose);
}

static void print_module(const edge_conf_dump_t *dump, const edge_conf_tree_t *tree, const edge_module_t *module,
                         FILE *out, apr_pool_t *pool) {
    const char *symbol = apr_pstrcat(pool, module->name, "_module", NULL), *from = "built in";
    for (const edge_conf_node_t *node = tree->root.first; node; node = node->next)
        if (edge_span_equal_nocase(node->name, edge_span_of("LoadModule")) && node->count == 2 &&
            edge_span_equal(node->arguments[0].text, edge_span_of(symbol)))
            from = apr_psprintf(pool, "%s, %s", node->arguments[1].text.at,
                                edge_conf_dump_origin(dump, node->file->path, node->line, pool));
    fprintf(out, "%s (%s)\n    %s\n", symbol, from, module->summary ? module->summary : "");
    print_offers(module, out);
}

int edge_conf_dump_modules(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool) {
    edge_conf_loaded_t loaded;
    const edge_module_t *module;
    edge_conf_dump_load(dump, &loaded, err, pool);
    for (unsigned i = 0; (module = edge_module_at(i)) != NULL; i++)
        print_module(dump, loaded.tree, module, out, pool);
    edge_snapshot_drop(loaded.snapshot);
    return loaded.report.errors ? 1 : 0;
}
