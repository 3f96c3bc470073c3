/* Prints every directive that may be written (-L), from the rows. */
#include <apr_strings.h>

#include "core/conf_dump_priv.h"

#define WIDTH 100

/* Words of `text`, broken before WIDTH, each line behind four blanks. */
static void print_wrapped(const char *text, FILE *out) {
    size_t column = 0;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column == 0 || column + 1 + word > WIDTH)
            column = (size_t)fprintf(out, "%s    %.*s", column ? "\n" : "", (int)word, text) - (column ? 1 : 0);
        else
            column += (size_t)fprintf(out, " %.*s", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

const char *edge_conf_dump_type(edge_conf_type_t type) {
    static const char *const texts[] = {
        [EDGE_CONF_SWITCH] = "on or off",  [EDGE_CONF_NUMBER] = "number", [EDGE_CONF_SIZE] = "size",
        [EDGE_CONF_DURATION] = "duration", [EDGE_CONF_TEXT] = "text",     [EDGE_CONF_PATH] = "path",
        [EDGE_CONF_WORD] = "one word",     [EDGE_CONF_WORDS] = "words",   [EDGE_CONF_CUSTOM] = "as shown",
    };
    return texts[type];
}

static void print_directive(const edge_module_t *module, const edge_directive_t *row, FILE *out, apr_pool_t *pool) {
    fprintf(out, "%s %s\n", row->name, row->usage ? row->usage : "");
    fprintf(out, "    module: %s   scope: %s   type: %s   default: %s   changes: %s%s%s\n", module->name,
            edge_scope_names(row->scopes, pool), edge_conf_dump_type(row->type), row->initial ? row->initial : "none",
            edge_conf_dump_when(row->when), row->runtime ? ", also while running" : "",
            row->many ? "   may be repeated" : "");
    print_wrapped(row->prose ? row->prose : "", out);
    fputc('\n', out);
}

/* "smtp_edge" or "smtp_edge_module" */
static bool is_topic(const edge_module_t *module, const char *topic) {
    size_t name = strlen(module->name);
    return strncmp(topic, module->name, name) == 0 && (topic[name] == '\0' || strcmp(topic + name, "_module") == 0);
}

static unsigned print_all(const char *topic, FILE *out, apr_pool_t *pool) {
    const edge_module_t *module;
    unsigned modules = 0;
    for (unsigned i = 0; (module = edge_module_at(i)) != NULL; i++) {
        if (topic && !is_topic(module, topic))
            continue;
        modules++;
        for (const edge_directive_t *row = module->directives; row && row->name; row++)
            print_directive(module, row, out, pool);
    }
    return modules;
}

static const char *module_at(const void *context, unsigned index) {
    const edge_module_t *module = edge_module_at(index);
    (void)context;
    return module ? module->name : NULL;
}

static int report_no_module(const char *topic, FILE *err) {
    const char *near = edge_conf_nearest(edge_span_of(topic), module_at, NULL);
    fprintf(err, "edged: module \"%s\" is not loaded", topic);
    if (near)
        fprintf(err, "; did you mean \"%s\"?", near);
    fputc('\n', err);
    return 1;
}

int edge_conf_dump_directives(const edge_conf_dump_t *dump, FILE *out, FILE *err, apr_pool_t *pool) {
    edge_conf_loaded_t loaded;
    int status = 0;
    edge_conf_dump_load(dump, &loaded, err, pool);
    if (dump->manual)
        edge_conf_dump_manual(out, pool);
    else if (print_all(dump->topic, out, pool) == 0)
        status = report_no_module(dump->topic, err);
    edge_snapshot_drop(loaded.snapshot);
    /* What is known is printed in any case: it may be what is looked for to mend the file. */
    return loaded.report.errors ? 1 : status;
}
