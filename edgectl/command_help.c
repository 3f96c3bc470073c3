/* Explains edgectl and its commands. */
#include "command_help.h"
#include "commands.h"

#include <string.h>

static void print_command(const ctl_command_t *command, FILE *out) {
    char words[80];
    snprintf(words, sizeof words, "%s%s%s%s%s", command->group != NULL ? command->group : "",
             command->group != NULL ? " " : "", command->name, command->arguments != NULL ? " " : "",
             command->arguments != NULL ? command->arguments : "");
    fprintf(out, "  %-20s %s\n", words, command->prose);
    for (const ctl_flag_t *flag = command->flags; flag != NULL && flag->name != NULL; flag++) {
        snprintf(words, sizeof words, "%s%s%s", flag->name, flag->value != NULL ? " " : "",
                 flag->value != NULL ? flag->value : "");
        fprintf(out, "    %-18s %s\n", words, flag->prose);
    }
}

void ctl_print_help(const ctl_t *ctl, FILE *out) {
    fputs("usage: edgectl [-f FILE] [-d SERVERROOT] [-D NAME[=VALUE]] [-o table|json|jsonl] COMMAND\n"
          "       edgectl --url http[s]://HOST:PORT --token-file FILE [--ca-file FILE] COMMAND     a server elsewhere\n"
          "                                                  (also by EDGECTL_URL and EDGECTL_TOKEN_FILE)\n"
          "       edgectl --once KEY COMMAND     a change that is asked for again with KEY, within 10 minutes, is made "
          "once\n\n",
          out);
    for (const ctl_command_t *command = ctl->rows; command->name != NULL; command++) {
        print_command(command, out);
    }
    fputs("\nexit status: 0 ok, 1 error, 2 usage, 3 not found, 4 denied, 5 unreachable, 6 configuration invalid\n",
          out);
}

static bool is_named(const ctl_command_t *command, const char *word) {
    return strcmp(command->name, word) == 0 || (command->group != NULL && strcmp(command->group, word) == 0);
}

enum { HELP_MANUAL };
const ctl_flag_t ctl_help_flags[] = {
    [HELP_MANUAL] = {"--manual", NULL, "the source of edgectl(8)"},
    {.name = NULL},
};

ctl_exit_t ctl_help(ctl_t *ctl) {
    unsigned shown = 0;
    if (ctl->flags[HELP_MANUAL] != NULL) {
        ctl_print_manual(ctl, stdout);
        return CTL_OK;
    }
    if (ctl->argument_count == 0) {
        ctl_print_help(ctl, stdout);
        return CTL_OK;
    }
    for (const ctl_command_t *command = ctl->rows; command->name != NULL; command++) {
        bool second = ctl->argument_count < 2 || strcmp(command->name, ctl->arguments[1]) == 0;
        if (is_named(command, ctl->arguments[0]) && second) {
            print_command(command, stdout);
            shown++;
        }
    }
    if (shown == 0) {
        ctl_say("there is no command \"%s\"; see edgectl help", ctl->arguments[0]);
    }
    return shown > 0 ? CTL_OK : CTL_USAGE;
}
