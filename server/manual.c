/* Prints the source of edged(8). */
#include "manual.h"

#include "base/roff.h"
#include "version.h"

static const char *const head[] = {
    ".TH EDGED 8 \"\" edged \"edged manual\"",
    ".SH NAME",
    "edged \\- mail edge server",
    ".SH SYNOPSIS",
    ".B edged",
    "[\\-f FILE] [\\-d SERVERROOT] [\\-D NAME[=VALUE]] [\\-X] [\\-t|\\-S|\\-T|\\-M|\\-L [MODULE]|\\-v]",
    ".SH DESCRIPTION",
    "edged takes mail in by SMTP and HTTP, lets validators answer each command, and hands every message to a queue, "
    "whose",
    "answer is the client's reply. Without a mode it starts, and has failed or serves when the command returns. A "
    "parent",
    "process keeps what needs privileges; a child serves and is replaced by a reload without losing a connection.",
    ".SH OPTIONS",
    NULL,
};

static const char *const tail[] = {
    ".SH SIGNALS",
    ".TP",
    "SIGHUP",
    "The configuration is read anew. One that has errors is refused, and the old one goes on.",
    ".TP",
    "SIGTERM, SIGINT",
    "No connection is taken any more, sessions finish, GracefulTimeout at most; once more ends them at once.",
    ".TP",
    "SIGUSR1",
    "Logs are opened anew.",
    ".SH EXIT STATUS",
    "0: it serves, or the configuration is good. 1: it does not, or has errors. 2: wrong usage. 3: warnings, with",
    "\\-\\-strict.",
    NULL,
};

static void print_option(FILE *out, const apr_getopt_option_t *option) {
    fputs(".TP\n", out);
    if (option->optch < 256)
        fprintf(out, "\\fB\\-%c\\fR, ", option->optch);
    fputs("\\fB\\-\\-", out);
    edge_roff_text(out, option->name);
    fputs("\\fR\n", out);
    edge_roff_line(out, option->description);
}

static void print_file(FILE *out, const char *path, const char *prose) {
    fputs(".TP\n", out);
    edge_roff_line(out, path);
    edge_roff_line(out, prose);
}

void edge_manual_print(const apr_getopt_option_t *options, FILE *out) {
    edge_roff_source(out, head);
    for (const apr_getopt_option_t *option = options; option->name; option++)
        print_option(out, option);
    edge_roff_source(out, tail);
    fputs(".SH FILES\n", out);
    print_file(out, EDGE_DEFAULT_CONF, "The configuration.");
    print_file(out, EDGE_DEFAULT_ROOT,
               "ServerRoot, where relative paths of the configuration begin: spool, logs, state.");
    fputs(".SH SEE ALSO\nedge.conf(5), edgectl(8)\n", out);
}
