/* Prints the source of edgectl(8) from the rows of commands. */
#include "command_help.h"

#include "base/roff.h"

static const char *const head[] = {
    ".TH EDGECTL 8 \"\" edged \"edged manual\"",
    ".SH NAME",
    "edgectl \\- control edged, a mail edge server",
    ".SH SYNOPSIS",
    ".B edgectl",
    "[\\-f FILE] [\\-d SERVERROOT] [\\-D NAME[=VALUE]] [\\-o table|json|jsonl] COMMAND [ARGUMENT...] [FLAG...]",
    ".br",
    ".B edgectl",
    "\\-\\-url http[s]://HOST:PORT \\-\\-token\\-file FILE [\\-\\-ca\\-file FILE] COMMAND ...",
    ".SH DESCRIPTION",
    "edgectl talks to the running server by its ControlSocket, and signals the process named in its PidFile. The queue",
    "commands also work on the spool of a server that is stopped. What is printed is a table for people; \\-o json "
    "prints the",
    "document of the API, \\-o jsonl a line of JSON for each item. Options may stand anywhere on the line.",
    ".PP",
    "With \\-\\-url it talks to the server at http://HOST:PORT or https://HOST:PORT instead, as whoever the token is "
    "for that",
    "stands in the first line of \\-\\-token\\-file. A token goes to other machines by https only, and only to a "
    "server whose",
    "certificate is good for that name; \\-\\-ca\\-file names who signs it, in place of the system's list. Commands "
    "that signal",
    "a process, or look into a spool, are about this machine in any case.",
    ".PP",
    "With \\-\\-once, what the command changes is changed once, however often the command is run with that KEY within "
    "10",
    "minutes: who has not seen its end runs it again. Changes of the spool of a server that is stopped know no keys.",
    ".SH OPTIONS",
    ".TP",
    "\\fB\\-f\\fR FILE, \\fB\\-d\\fR SERVERROOT, \\fB\\-D\\fR NAME[=VALUE]",
    "The configuration of the server, as edged(8) takes it.",
    ".TP",
    "\\fB\\-\\-url\\fR URL, \\fB\\-\\-token\\-file\\fR FILE, \\fB\\-\\-ca\\-file\\fR FILE",
    "A server elsewhere, the token for it, and who vouches for its certificate.",
    ".TP",
    "\\fB\\-\\-once\\fR KEY",
    "A change that is asked for again with KEY, within 10 minutes, is made once.",
    ".SH COMMANDS",
    NULL,
};

static const char *const tail[] = {
    ".SH ENVIRONMENT",
    "EDGECTL_URL and EDGECTL_TOKEN_FILE stand for \\-\\-url and \\-\\-token\\-file. EDGECTL_PATIENCE: see complete.",
    ".SH EXIT STATUS",
    "0: done. 1: an error. 2: wrong usage. 3: there is no such thing. 4: denied. 5: the server cannot be reached. 6: "
    "the",
    "configuration is invalid. \\fBedgectl send\\fR ends as sysexits(3) says.",
    ".SH SEE ALSO",
    "edged(8), edge.conf(5)",
    NULL,
};

static void print_flag(FILE *out, const ctl_flag_t *flag) {
    fputs(".RS\n.TP\n\\fB", out);
    edge_roff_text(out, flag->name);
    fputs("\\fR ", out);
    edge_roff_line(out, flag->value != NULL ? flag->value : "");
    edge_roff_line(out, flag->prose);
    fputs(".RE\n", out);
}

static void print_command(FILE *out, const ctl_command_t *command) {
    fputs(".TP\n\\fB", out);
    if (command->group != NULL) {
        edge_roff_text(out, command->group);
        fputc(' ', out);
    }
    edge_roff_text(out, command->name);
    fputs("\\fR ", out);
    edge_roff_line(out, command->arguments != NULL ? command->arguments : "");
    edge_roff_line(out, command->prose);
    for (const ctl_flag_t *flag = command->flags; flag != NULL && flag->name != NULL; flag++)
        print_flag(out, flag);
}

void ctl_print_manual(const ctl_t *ctl, FILE *out) {
    edge_roff_source(out, head);
    for (const ctl_command_t *command = ctl->rows; command->name != NULL; command++)
        print_command(out, command);
    edge_roff_source(out, tail);
}
