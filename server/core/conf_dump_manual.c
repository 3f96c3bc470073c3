/* Prints the source of edge.conf(5) from the rows. */
#include <apr_strings.h>

#include "base/roff.h"
#include "core/conf_dump_priv.h"

static const char *const head[] = {
    ".TH EDGE.CONF 5 \"\" edged \"edged manual\"",
    ".SH NAME",
    "edge.conf \\- configuration of edged, a mail edge server",
    ".SH DESCRIPTION",
    "A line is a directive: its name and its values, parted by blanks. Names of directives and keywords may be",
    "written in any case of letters, values not. A value in \\(dqquotes\\(dq may hold blanks; \\e\\(dq inside is a",
    "quote. A backslash at the end of a line joins the next one to it. # begins a comment at the start of a line",
    "or behind a blank, outside quotes.",
    ".PP",
    "Sizes are written 512, 64K, 75M or 1G (powers of 1024); durations need a unit: 250ms, 30s, 5m, 1h, 2d;",
    "switches are on or off.",
    "Relative paths are below ServerRoot. A directive that takes one value may stand once in a section.",
    "What a listener does not set it takes from the server.",
    ".PP",
    ".nf",
    "Define NAME VALUE              sets ${NAME}; \\-D on the command line wins",
    "${NAME}  ${NAME?=DEFAULT}      the value; an undefined name is an error",
    "${env:NAME}                    the environment, only so",
    "Include PATTERN                reads other files, sorted by name",
    "IncludeOptional PATTERN        the same; nothing there is no error",
    "<IfDefine [!]NAME>  <IfModule [!]NAME_module>  <IfFile [!]PATH>",
    "Error TEXT  Warning TEXT       for use inside conditions",
    ".fi",
    ".PP",
    "edged \\-t checks a file and prints every error; edged \\-T prints what is in force.",
    ".SH SECTIONS",
    NULL,
};

static bool has_directives(unsigned scope) {
    const edge_module_t *module;
    for (unsigned i = 0; (module = edge_module_at(i)) != NULL; i++)
        for (const edge_directive_t *row = module->directives; row && row->name; row++)
            if (row->scopes & (1u << scope))
                return true;
    return false;
}

static void print_scopes(FILE *out) {
    for (unsigned scope = EDGE_SCOPE_SERVER + 1; scope < EDGE_SCOPE_COUNT; scope++) {
        const char *name = edge_scope_section((edge_scope_t)scope);
        if (!name || !has_directives(scope))
            continue;
        fprintf(out, ".TP\n.B <%s%s>\n", name,
                scope == EDGE_SCOPE_ADMIN ? ""
                : scope == EDGE_SCOPE_ON  ? " COMMAND"
                                          : " NAME");
        edge_roff_line(out, edge_scope_prose((edge_scope_t)scope));
    }
}

static void print_directive(const edge_directive_t *row, FILE *out, apr_pool_t *pool) {
    fprintf(out, ".TP\n\\fB");
    edge_roff_text(out, row->name);
    fputs("\\fR ", out);
    edge_roff_line(out, row->usage ? row->usage : "");
    edge_roff_line(out, row->prose ? row->prose : "");
    fputs(".br\n", out);
    edge_roff_line(out, apr_psprintf(pool, "In: %s. Default: %s. Changes take effect %s.%s",
                                     edge_scope_names(row->scopes, pool), row->initial ? row->initial : "none",
                                     edge_conf_dump_when(row->when), row->many ? " May be repeated." : ""));
}

void edge_conf_dump_manual(FILE *out, apr_pool_t *pool) {
    const edge_module_t *module;
    edge_roff_source(out, head);
    print_scopes(out);
    fputs(".SH DIRECTIVES\n", out);
    for (unsigned i = 0; (module = edge_module_at(i)) != NULL; i++) {
        if (!module->directives || !module->directives->name)
            continue;
        fputs(".SS ", out);
        edge_roff_line(out, apr_psprintf(pool, "%s_module", module->name));
        for (const edge_directive_t *row = module->directives; row->name; row++)
            print_directive(row, out, pool);
    }
    fputs(".SH SEE ALSO\nedged(8), edgectl(8)\n", out);
}
