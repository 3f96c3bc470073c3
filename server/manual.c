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
    "answer is the client's reply: it is told that its message was accepted only after the queue has it safely. "
    "Without a",
    "mode edged starts, and serves or has failed when the command returns.",
    ".PP",
    "A parent binds the sockets and watches; a child, running as \\fBUser\\fR, serves. As root without \\fBUser\\fR it "
    "stays",
    "root.",
    ".SH OPTIONS",
    NULL,
};

static const char *const tail[] = {
    ".SH SIGNALS",
    ".TP",
    "SIGTERM",
    "Stop: sessions may finish, for GracefulTimeout at most. A second SIGTERM, or SIGINT: at once.",
    ".TP",
    "SIGHUP",
    "Reload: a new child with the new configuration serves, the old one finishes its sessions. A bad configuration is",
    "refused.",
    ".TP",
    "SIGUSR1",
    "Logs are opened anew.",
    ".SH ENVIRONMENT",
    ".TP",
    "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID",
    "As a service manager sets them, see sd_notify(3): it is told when the server serves, reloads and stops, every ten",
    "seconds how it is, and that it lives, only while all workers turn.",
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
