/* Finds what the rows of commands know for the end of an unfinished command line. */
#include "completion.h"

#include <apr_strings.h>
#include <string.h>

#include "command_find.h"

/* Names come from the server, and from configurations: none of them is to make a shell do something. */
static bool is_plain(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,:/@+=%";
    return word[0] != '\0' && strspn(word, plain) == strlen(word);
}

void ctl_completion_offer(apr_array_header_t *candidates, const char *last, const char *word, const char *prose) {
    if (!is_plain(word) || strncmp(word, last, strlen(last)) != 0)
        return;
    for (int i = 0; i < candidates->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(candidates, i, ctl_candidate_t).word, word) == 0)
            return;
    APR_ARRAY_PUSH(candidates, ctl_candidate_t) = (ctl_candidate_t){word, prose};
}

/* "live|closed", "ADDRESS...|all": what is written small is meant as it stands. */
static void offer_choices(apr_array_header_t *candidates, const char *last, const char *choices) {
    char *rest = apr_pstrdup(candidates->pool, choices), *state;
    if (strchr(choices, '|') == NULL)
        return;
    for (char *word = apr_strtok(rest, "|", &state); word != NULL; word = apr_strtok(NULL, "|", &state))
        if (strpbrk(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL)
            ctl_completion_offer(candidates, last, word, "");
}

/* The first words of commands: a group once, with the prose of the command of its name, if there is one. */
static void offer_commands(const ctl_t *ctl, apr_array_header_t *candidates, const char *last) {
    for (const ctl_command_t *command = ctl->rows; command->name != NULL; command++)
        if (command->group == NULL)
            ctl_completion_offer(candidates, last, command->name, command->prose);
    for (const ctl_command_t *command = ctl->rows; command->name != NULL; command++)
        if (command->group != NULL)
            ctl_completion_offer(candidates, last, command->group, "");
}

static void offer_of_group(const ctl_t *ctl, apr_array_header_t *candidates, const char *group, const char *last) {
    for (const ctl_command_t *command = ctl->rows; command->name != NULL; command++)
        if (command->group != NULL && strcmp(command->group, group) == 0)
            ctl_completion_offer(candidates, last, command->name, command->prose);
}

static void offer_flags(apr_array_header_t *candidates, const ctl_command_t *command, const char *last) {
    for (const ctl_flag_t *flag = command->flags; flag != NULL && flag->name != NULL; flag++)
        ctl_completion_offer(candidates, last, flag->name, flag->prose);
}

static const ctl_flag_t *flag_of(const ctl_command_t *command, const char *word) {
    for (const ctl_flag_t *flag = command->flags; flag != NULL && flag->name != NULL; flag++)
        if (strcmp(flag->name, word) == 0)
            return flag;
    return NULL;
}

/* What the words behind the command's own leave open: the value of the last flag, or the next argument. */
static const ctl_flag_t *open_place(const ctl_command_t *command, const char *const *rest, unsigned count,
                                    unsigned *arguments) {
    *arguments = 0;
    for (unsigned i = 0; i < count; i++) {
        const ctl_flag_t *flag = flag_of(command, rest[i]);
        if (flag != NULL && flag->value != NULL && ++i == count)
            return flag;
        *arguments += flag == NULL && strncmp(rest[i], "--", 2) != 0;
    }
    return NULL;
}

/* The choices of the argument: "NAME LISTENER COMMAND MODE" has one word for each, of which the last may repeat. */
static void offer_argument(apr_array_header_t *candidates, const ctl_command_t *command, unsigned index,
                           const char *last) {
    char *rest = apr_pstrdup(candidates->pool, command->arguments != NULL ? command->arguments : ""), *state;
    const char *choices = "";
    unsigned i = 0;
    for (char *word = apr_strtok(rest, " []", &state); word != NULL && i <= index;
         word = apr_strtok(NULL, " []", &state), i++)
        choices = word;
    if (i == index + 1 || strstr(choices, "...") != NULL)
        offer_choices(candidates, last, choices);
}

bool ctl_completion_find(const ctl_t *ctl, const apr_array_header_t *words, const char *last,
                         apr_array_header_t *candidates, ctl_completion_place_t *place) {
    const char *const *typed = (const char *const *)words->elts;
    unsigned count = (unsigned)words->nelts, eaten = 0;
    if (count == 0) {
        offer_commands(ctl, candidates, last);
        return false;
    }
    if (count == 1 && last[0] != '-')
        offer_of_group(ctl, candidates, typed[0], last);
    const ctl_command_t *command = ctl_command_find(ctl, typed[0], count > 1 ? typed[1] : NULL, &eaten);
    if (command == NULL)
        return false;
    *place = (ctl_completion_place_t){.command = command};
    const ctl_flag_t *flag = open_place(command, typed + eaten, count - eaten, &place->argument);
    if (flag != NULL) {
        place->flag = flag->name;
        offer_choices(candidates, last, flag->value);
        return true;
    }
    if (last[0] == '-')
        offer_flags(candidates, command, last);
    else if (place->argument < command->most)
        offer_argument(candidates, command, place->argument, last);
    return last[0] != '-' && place->argument < command->most;
}
