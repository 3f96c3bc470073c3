/* Fills the modules' structs from the tree. */
#include "core/conf_apply.h"

#include <apr_strings.h>

#include "core/conf_known.h"
#include "core/conf_set.h"
#include "core/module.h"
#include "edge_obj.h"

/* Sections: name, scope, where they stand, whether they have a name of their own. */
typedef struct section_row {
    const char *name;
    edge_scope_t scope;
    unsigned parents;
    const char *module; /* who brings it; NULL: the core */
    bool named;
    const char *prose;
} section_row_t;

static const section_row_t section_rows[] = {
    {"Listener", EDGE_SCOPE_LISTENER, EDGE_IN(SERVER), NULL, true,
     "One or more addresses with one protocol, one queue and one policy."},
    {"On", EDGE_SCOPE_ON, EDGE_IN(LISTENER), NULL, true, "What is validated at one command, in the order written."},
    {"Queue", EDGE_SCOPE_QUEUE, EDGE_IN(SERVER), NULL, true, "Who takes responsibility for messages."},
    {"Handoff", EDGE_SCOPE_HANDOFF, EDGE_IN(QUEUE), "relay", true, "A next hop of a queue."},
    {"Validator", EDGE_SCOPE_VALIDATOR, EDGE_IN(SERVER), NULL, true,
     "A module's checks with their settings, under a name."},
    {"TLSContext", EDGE_SCOPE_TLSCONTEXT, EDGE_IN(SERVER), "tls", true,
     "Certificates and rules of encryption, under a name."},
    {"AuthBackend", EDGE_SCOPE_AUTHBACKEND, EDGE_IN(SERVER), "auth_sasl", true,
     "A store of credentials, under a name."},
    {"Admin", EDGE_SCOPE_ADMIN, EDGE_IN(SERVER), NULL, false,
     "What the server keeps of its administration, and by which ways it is asked for."},
};

static const section_row_t *section_row(edge_scope_t scope) {
    for (unsigned i = 0; i < EDGE_COUNT(section_rows); i++)
        if (section_rows[i].scope == scope)
            return &section_rows[i];
    return NULL;
}

const char *edge_scope_section(edge_scope_t scope) {
    const section_row_t *row = section_row(scope);
    return row ? row->name : NULL;
}

const char *edge_scope_prose(edge_scope_t scope) {
    const section_row_t *row = section_row(scope);
    return row ? row->prose : "Outside all sections.";
}

const char *edge_scope_names(unsigned scopes, apr_pool_t *pool) {
    const char *names = scopes & EDGE_IN(SERVER) ? "server" : "";
    for (unsigned i = 0; i < EDGE_COUNT(section_rows); i++)
        if (scopes & (1u << section_rows[i].scope))
            names = apr_pstrcat(pool, names, *names ? ", " : "", "<", section_rows[i].name, ">", NULL);
    return names;
}

static const char *section_name_at(const void *context, unsigned index) {
    (void)context;
    return index < EDGE_COUNT(section_rows) ? section_rows[index].name : NULL;
}

/* Modules in question: all that are loaded, or the core alone. */
static const edge_module_t *module_at(const edge_conf_check_t *check, unsigned index) {
    return check->core_only && index > 0 ? NULL : edge_module_at(index);
}

/* Finding rows */

typedef struct wanted {
    const edge_conf_check_t *check;
    unsigned scopes;
} wanted_t;

static const edge_directive_t *find_row(const edge_conf_check_t *check, edge_span_t name, unsigned scopes) {
    const edge_module_t *module;
    for (unsigned m = 0; (module = module_at(check, m)) != NULL; m++)
        for (const edge_directive_t *row = module->directives; row && row->name; row++)
            if ((row->scopes & scopes) && edge_span_equal_nocase(name, edge_span_of(row->name)))
                return row;
    return NULL;
}

static const edge_conf_node_t *first_use(const edge_section_t *section, const char *name) {
    for (const edge_conf_node_t *node = section->node->first; node; node = node->next)
        if (!node->is_section && edge_span_equal_nocase(node->name, edge_span_of(name)))
            return node;
    return NULL;
}

/* A <Validator> is of one module: two modules may give the same name to what is theirs. NULL: of all, or not yet known. */
static const edge_module_t *module_of(const edge_section_t *section) {
    const edge_conf_node_t *node = section->scope == EDGE_SCOPE_VALIDATOR ? first_use(section, "Module") : NULL;
    edge_span_t name = node && node->count ? node->arguments[0].text : edge_span_of("");
    edge_span_t ending = edge_span_of("_module");
    if (name.len <= ending.len || !edge_span_equal(edge_span_after(name, name.len - ending.len), ending))
        return NULL;
    return edge_module_find(edge_span(name.at, name.len - ending.len));
}

bool edge_section_concerns(const edge_section_t *section, const edge_module_t *module) {
    const edge_module_t *own = module_of(section);
    return !own || module == own || module == edge_module_at(0);
}

static bool has_row(const edge_conf_check_t *check, const edge_section_t *section, edge_span_t name) {
    const edge_module_t *module;
    for (unsigned m = 0; (module = module_at(check, m)) != NULL; m++)
        for (const edge_directive_t *row = module->directives;
             row && row->name && edge_section_concerns(section, module); row++)
            if ((row->scopes & (1u << section->scope)) && edge_span_equal_nocase(name, edge_span_of(row->name)))
                return true;
    return false;
}

static const char *row_name_at(const void *context, unsigned index) {
    const wanted_t *wanted = context;
    const edge_module_t *module;
    for (unsigned m = 0; (module = module_at(wanted->check, m)) != NULL; m++)
        for (const edge_directive_t *row = module->directives; row && row->name; row++)
            if ((row->scopes & wanted->scopes) && index-- == 0)
                return row->name;
    return NULL;
}

static const char *section_text(const edge_section_t *section, apr_pool_t *pool) {
    const char *name = edge_scope_section(section->scope);
    if (!name)
        return "the server's part";
    return section->name.len ? apr_psprintf(pool, "<%s %s>", name, section->name.at) : apr_psprintf(pool, "<%s>", name);
}

static void report_unknown(edge_conf_check_t *check, const edge_section_t *section, const edge_conf_node_t *node) {
    apr_pool_t *pool = check->pool;
    const edge_directive_t *elsewhere = find_row(check, node->name, ~0u);
    const char *provider = edge_conf_known_module(node->name);
    wanted_t wanted = {check, 1u << section->scope};
    const char *near = edge_conf_nearest(node->name, row_name_at, &wanted);
    if (edge_span_equal_nocase(node->name, edge_span_of("ServerRoot")))
        edge_conf_report_add(check->report, true, edge_conf_place_of(node), "EDG10029", "start edged with -d PATH",
                             "ServerRoot is said on the command line, not in the file: the file may lie below it");
    else if (elsewhere && (elsewhere->scopes & (1u << section->scope)))
        edge_conf_report_add(check->report, true, edge_conf_place_of(node), "EDG10907",
                             "each <Validator> is of one module; write another one",
                             "\"%s\" belongs to another module than %s_module", elsewhere->name,
                             module_of(section)->name);
    else if (elsewhere)
        edge_conf_report_add(check->report, true, edge_conf_place_of(node), "EDG10020",
                             apr_psprintf(pool, "it belongs to: %s", edge_scope_names(elsewhere->scopes, pool)),
                             "\"%s\" is not allowed in %s", elsewhere->name, section_text(section, pool));
    else if (provider && !edge_module_find(edge_span_of(provider)))
        edge_conf_report_add(check->report, true, edge_conf_place_of(node), "EDG10022",
                             apr_psprintf(pool, "add: LoadModule %s_module modules/mod_%s.so", provider, provider),
                             "\"%s\" is provided by %s_module, which is not loaded", node->name.at, provider);
    else if (near || check->modules_failed == 0)
        edge_conf_report_add(check->report, true, edge_conf_place_of(node), "EDG10021",
                             near ? apr_psprintf(pool, "did you mean \"%s\"?", near) : "edged -L lists every directive",
                             "unknown directive \"%s\" in %s", node->name.at, section_text(section, pool));
}

/* Filling one section */

static void report_repeated(edge_conf_check_t *check, const edge_section_t *section, const edge_directive_t *row) {
    const edge_conf_node_t *first = first_use(section, row->name);
    for (const edge_conf_node_t *node = first ? first->next : NULL; node; node = node->next)
        if (!node->is_section && edge_span_equal_nocase(node->name, edge_span_of(row->name)))
            edge_conf_report_add(check->report, true, edge_conf_place_of(node), "EDG10023", "keep one of them",
                                 "\"%s\" is written before in %s (%s:%u)", row->name,
                                 section_text(section, check->pool), first->file->path, first->line);
}

/* The section whose words fill the row here: itself, or the server for what a listener leaves open. */
static const edge_section_t *source_of(const edge_section_t *section, const edge_directive_t *row) {
    if (first_use(section, row->name))
        return section;
    bool inherits = section->scope == EDGE_SCOPE_LISTENER && (row->scopes & EDGE_IN(SERVER));
    return inherits && first_use(section->parent, row->name) ? section->parent : NULL;
}

static void set_all(edge_conf_check_t *check, const edge_section_t *section, const edge_section_t *source,
                    const edge_directive_t *row, void *conf) {
    for (const edge_conf_node_t *node = first_use(source, row->name); node; node = node->next)
        if (!node->is_section && edge_span_equal_nocase(node->name, edge_span_of(row->name)))
            edge_conf_set(check, section, row, node, source != section, conf);
}

/* "Timeout session=10m" names one of several, "Extensions -CHUNKING" takes one away: what it leaves out comes from the server, then from the default. */
static void fill_base(edge_conf_check_t *check, edge_section_t *section, const edge_section_t *source,
                      const edge_directive_t *row, void *conf) {
    edge_conf_set_default(check, section, row, conf);
    if (source == section && section->scope == EDGE_SCOPE_LISTENER && (row->scopes & EDGE_IN(SERVER)))
        set_all(check, section, section->parent, row, conf);
}

static void fill_row(edge_conf_check_t *check, edge_section_t *section, const edge_module_t *module,
                     const edge_directive_t *row, void *conf) {
    const edge_section_t *source = edge_section_concerns(section, module) ? source_of(section, row) : NULL;
    if (!source) {
        edge_conf_set_default(check, section, row, conf);
        return;
    }
    if (!row->many && source == section)
        report_repeated(check, section, row);
    if (!row->many && (row->type == EDGE_CONF_CUSTOM || row->type == EDGE_CONF_WORDS))
        fill_base(check, section, source, row, conf);
    set_all(check, section, source, row, conf);
}

void *edge_conf_make(const edge_module_t *module, edge_scope_t scope, apr_pool_t *pool) {
    for (const edge_conf_struct_t *row = module->structs; row && row->size; row++)
        if (row->scope == scope)
            return apr_pcalloc(pool, row->size);
    return NULL;
}

void edge_conf_fill(edge_conf_check_t *check, edge_section_t *section, unsigned index) {
    const edge_module_t *module = edge_module_at(index);
    section->confs[index] = edge_conf_make(module, section->scope, check->pool);
    for (const edge_directive_t *row = module->directives; row && row->name; row++)
        if (row->scopes & (1u << section->scope))
            fill_row(check, section, module, row, section->confs[index]);
}

static void fill(edge_conf_check_t *check, edge_section_t *section) {
    for (unsigned m = 0; module_at(check, m) != NULL; m++)
        edge_conf_fill(check, section, m);
    if (check->core_only)
        return;
    for (const edge_conf_node_t *node = section->node->first; node; node = node->next)
        if (!node->is_section && !has_row(check, section, node->name))
            report_unknown(check, section, node);
}

/* Building the tree of sections */

static edge_section_t *make_section(edge_conf_check_t *check, const edge_conf_node_t *node, edge_scope_t scope,
                                    const edge_section_t *parent) {
    edge_section_t *section = apr_pcalloc(check->pool, sizeof(*section));
    section->scope = scope;
    section->node = node;
    section->name = node->count ? node->arguments[0].text : edge_span_of("");
    section->file = node->file ? node->file->path : "";
    section->line = node->line;
    section->parent = parent;
    section->snapshot = check->snapshot;
    section->confs = apr_pcalloc(check->pool, EDGE_MODULES_MOST * sizeof(void *));
    section->loaded = section;
    return section;
}

/* Whether somebody who is loaded has directives for it. */
static bool is_served(const edge_conf_check_t *check, edge_scope_t scope) {
    const edge_module_t *module;
    for (unsigned m = 0; (module = module_at(check, m)) != NULL; m++)
        for (const edge_directive_t *row = module->directives; row && row->name; row++)
            if (row->scopes & (1u << scope))
                return true;
    return false;
}

static void report_unserved(edge_conf_check_t *check, const edge_conf_node_t *node, const section_row_t *row) {
    edge_conf_report_add(
        check->report, true, edge_conf_place_of(node), "EDG10028",
        apr_psprintf(check->pool, "add: LoadModule %s_module modules/mod_%s.so", row->module, row->module),
        "<%s> is provided by %s_module, which is not loaded", row->name, row->module);
}

static const section_row_t *check_section(edge_conf_check_t *check, const edge_conf_node_t *node,
                                          const edge_section_t *parent) {
    for (unsigned i = 0; i < EDGE_COUNT(section_rows); i++) {
        const section_row_t *row = &section_rows[i];
        if (!edge_span_equal_nocase(node->name, edge_span_of(row->name)))
            continue;
        if (!(row->parents & (1u << parent->scope)))
            edge_conf_report_add(
                check->report, true, edge_conf_place_of(node), "EDG10025",
                apr_psprintf(check->pool, "it belongs to: %s", edge_scope_names(row->parents, check->pool)),
                "<%s> is not allowed in %s", row->name, section_text(parent, check->pool));
        else if (node->count != (row->named ? 1u : 0u))
            edge_conf_report_add(check->report, true, edge_conf_place_of(node), "EDG10026",
                                 row->named ? apr_psprintf(check->pool, "write <%s NAME>", row->name) : NULL,
                                 "<%s> takes %s, got %u words", row->name, row->named ? "one name" : "no name",
                                 node->count);
        else if (!row->module || is_served(check, row->scope))
            return row;
        else if (!check->core_only && check->modules_failed == 0)
            report_unserved(check, node, row);
        return NULL;
    }
    const char *near = edge_conf_nearest(node->name, section_name_at, NULL);
    edge_conf_report_add(check->report, true, edge_conf_place_of(node), "EDG10024",
                         near ? apr_psprintf(check->pool, "did you mean <%s>?", near) : NULL, "unknown section <%s>",
                         node->name.at);
    return NULL;
}

static void report_same_name(edge_conf_check_t *check, const edge_section_t *parent, const edge_section_t *section) {
    for (const edge_section_t *other = parent->first; other && other != section; other = other->next)
        if (other->scope == section->scope && edge_span_equal(other->name, section->name))
            edge_conf_report_add(check->report, true, edge_conf_place_of(section->node), "EDG10027",
                                 "give each a name of its own", "%s is defined before (%s:%u)",
                                 section_text(section, check->pool), other->file, other->line);
}

static void build_children(edge_conf_check_t *check, edge_section_t *section) {
    const edge_section_t **last = &section->first;
    for (const edge_conf_node_t *node = section->node->first; node; node = node->next) {
        const section_row_t *row = node->is_section ? check_section(check, node, section) : NULL;
        if (!row)
            continue;
        edge_section_t *child = make_section(check, node, row->scope, section);
        *last = child;
        last = &child->next;
        report_same_name(check, section, child);
        fill(check, child);
        build_children(check, child);
    }
}

edge_section_t *edge_conf_apply(edge_conf_check_t *check) {
    edge_section_t *server = make_section(check, &check->tree->root, EDGE_SCOPE_SERVER, NULL);
    server->file = check->tree->files ? check->tree->files->path : "";
    fill(check, server);
    build_children(check, server);
    return server;
}

const edge_conf_node_t *edge_section_written(const edge_section_t *section, const char *directive) {
    return first_use(section, directive);
}

bool edge_section_wrote(const edge_section_t *section, const char *directive, const char **file, unsigned *line) {
    const edge_conf_node_t *node = first_use(section, directive);
    if (node && file)
        *file = node->file->path;
    if (node && line)
        *line = node->line;
    return node != NULL;
}

void *edge_section_conf(const edge_section_t *section, const edge_module_t *module) {
    for (unsigned m = 0; edge_module_at(m); m++)
        if (edge_module_at(m) == module)
            return section->confs[m];
    return NULL;
}
