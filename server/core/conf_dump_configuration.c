/* Prints the configuration in force (-T), so that it loads again and means the same. */
#include <apr_general.h>
#include <apr_strings.h>

#include "core/conf_anonymous.h"
#include "core/conf_apply.h"
#include "core/conf_dump_priv.h"
#include "core/conf_handoff.h"
#include "core/conf_value.h"

typedef struct printing {
    const edge_conf_dump_t *dump;
    FILE *out;
    apr_pool_t *pool;
    edge_keyed_hash_t key; /* of what is hidden */
    bool grown;            /* in a section that a module has added: it is shown, and will be added again */
} printing_t;

#define ORIGIN_COLUMN 56

static void print_line(const printing_t *printing, unsigned depth, const char *text, const char *origin) {
    const char *start = printing->grown ? "# " : "";
    int width = ORIGIN_COLUMN - (int)depth * 4 - (int)strlen(start);
    fprintf(printing->out, "%*s%s%-*s  # %s\n", (int)depth * 4, "", start, width, text, origin);
}

static const char *origin_of(const printing_t *printing, const edge_conf_node_t *node) {
    return edge_conf_dump_origin(printing->dump, node->file->path, node->line, printing->pool);
}

static const char *directive_text(const printing_t *printing, const edge_directive_t *row, const char *value) {
    if (row->secret)
        value = "\"********\"";
    else if (printing->dump->anonymous)
        value = edge_conf_anonymous(value, printing->key, printing->pool);
    return apr_psprintf(printing->pool, "%-20s %s", row->name, value);
}

/* What a module has added stands as a comment. */
static void print_node(const printing_t *printing, unsigned depth, const edge_conf_node_t *node, const char *text) {
    printing_t as = *printing;
    as.grown |= node->grown;
    print_line(&as, depth, text, origin_of(printing, node));
}

static void print_each_use(const printing_t *printing, unsigned depth, const edge_section_t *section,
                           const edge_directive_t *row) {
    for (const edge_conf_node_t *node = section->node->first; node; node = node->next)
        if (!node->is_section && edge_span_equal_nocase(node->name, edge_span_of(row->name)))
            print_node(
                printing, depth, node,
                directive_text(printing, row, edge_conf_dump_arguments(node->arguments, node->count, printing->pool)));
}

/* What a listener takes from the server stays there: written here it would count as the listener's own. */
static void print_inherited(const printing_t *printing, unsigned depth, const edge_section_t *section,
                            const edge_directive_t *row, const char *value) {
    const edge_conf_node_t *node = edge_section_written(section->parent, row->name);
    if (node)
        print_line(printing, depth, apr_pstrcat(printing->pool, "# ", directive_text(printing, row, value), NULL),
                   apr_pstrcat(printing->pool, "server, ", origin_of(printing, node), NULL));
}

static void print_row(const printing_t *printing, unsigned depth, const edge_section_t *section,
                      const edge_module_t *module, const edge_directive_t *row) {
    const edge_conf_node_t *node = edge_section_written(section, row->name);
    const char *value = edge_conf_dump_value(section, module, row, printing->pool);
    if (node && row->many) {
        print_each_use(printing, depth, section, row);
        return;
    }
    if (!value)
        return;
    if (node)
        print_node(printing, depth, node, directive_text(printing, row, value));
    else if (section->scope == EDGE_SCOPE_LISTENER && (row->scopes & EDGE_IN(SERVER)))
        print_inherited(printing, depth, section, row, value);
    else if (row->initial)
        print_line(printing, depth, directive_text(printing, row, value), "default");
}

/* LoadModule goes first: what follows needs it. */
static void print_modules(const printing_t *printing, const edge_section_t *server) {
    static const edge_directive_t load = {.name = "LoadModule"};
    print_each_use(printing, 0, server, &load);
}

static bool is_load_module(const edge_directive_t *row) { return strcmp(row->name, "LoadModule") == 0; }

static void print_rows(const printing_t *printing, unsigned depth, const edge_section_t *section) {
    const edge_module_t *module;
    for (unsigned m = 0; (module = edge_module_at(m)) != NULL; m++)
        for (const edge_directive_t *row = module->directives; row && row->name; row++)
            if ((row->scopes & (1u << section->scope)) && !is_load_module(row) &&
                edge_conf_handoff_reads(section, row) && edge_section_concerns(section, module))
                print_row(printing, depth, section, module, row);
}

static void print_section(const printing_t *printing, unsigned depth, const edge_section_t *section) {
    const char *name = edge_scope_section(section->scope);
    const char *text = section->name.len ? apr_psprintf(printing->pool, "<%s %s>", name,
                                                        edge_conf_quote(section->name, printing->pool))
                                         : apr_psprintf(printing->pool, "<%s>", name);
    printing_t inside = *printing;
    inside.grown |= section->node->grown;
    fputc('\n', printing->out);
    print_line(&inside, depth, text,
               edge_conf_dump_origin(printing->dump, section->file, section->line, printing->pool));
    print_rows(&inside, depth + 1, section);
    for (const edge_section_t *child = section->first; child; child = child->next)
        print_section(&inside, depth + 1, child);
    fprintf(printing->out, "%*s%s</%s>\n", (int)depth * 4, "", inside.grown ? "# " : "", name);
}

void edge_conf_dump_snapshot(const edge_snapshot_t *snapshot, const char *server_root, FILE *out, apr_pool_t *pool) {
    const edge_snapshot_source_t source = {.server_root = server_root};
    const edge_conf_dump_t dump = {.source = &source};
    printing_t printing = {.dump = &dump, .out = out, .pool = pool};
    const edge_section_t *server = edge_snapshot_server(snapshot);
    print_modules(&printing, server);
    print_rows(&printing, 0, server);
    for (const edge_section_t *section = server->first; section; section = section->next)
        print_section(&printing, 0, section);
}

int edge_conf_dump_configuration(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool) {
    edge_conf_loaded_t loaded;
    printing_t printing = {.dump = dump, .out = out, .pool = pool};
    (void)apr_generate_random_bytes((unsigned char *)&printing.key, sizeof(printing.key));
    edge_conf_dump_load(dump, &loaded, err, pool);
    if (loaded.report.errors == 0) {
        const edge_section_t *server = edge_snapshot_server(loaded.snapshot);
        print_modules(&printing, server);
        print_rows(&printing, 0, server);
        for (const edge_section_t *section = server->first; section; section = section->next)
            print_section(&printing, 0, section);
    }
    edge_snapshot_drop(loaded.snapshot);
    return loaded.report.errors ? 1 : 0;
}
