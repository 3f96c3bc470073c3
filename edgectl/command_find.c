/* Finds the row of a command by its words, or the nearest one to suggest. */
#include "command_find.h"

#include <string.h>

#include "proto/conf_report.h"

typedef struct words {
    const ctl_t *ctl;
    const char *group; /* NULL: the first word is sought */
} words_t;

/* The words that may stand where `group` says: commands and groups, or the commands of one group. */
static const char *candidate(const void *context, unsigned index) {
    const words_t *words = context;
    const char *group = words->group;
    for (const ctl_command_t *command = words->ctl->rows; command->name != NULL; command++) {
        bool fits = group == NULL || (command->group != NULL && strcmp(command->group, group) == 0);
        if (fits && index-- == 0) {
            return group == NULL && command->group != NULL ? command->group : command->name;
        }
    }
    return NULL;
}

static bool is_group(const ctl_t *ctl, const char *word) {
    for (const ctl_command_t *command = ctl->rows; command->name != NULL; command++) {
        if (command->group != NULL && strcmp(command->group, word) == 0) {
            return true;
        }
    }
    return false;
}

/* A group that is also a command of its own is one only when it stands alone, or before a flag. */
static bool stands_alone(const ctl_t *ctl, const char *first, const char *second) {
    return second == NULL || second[0] == '-' || !is_group(ctl, first);
}

const ctl_command_t *ctl_command_find(const ctl_t *ctl, const char *first, const char *second, unsigned *words) {
    for (const ctl_command_t *command = ctl->rows; command->name != NULL; command++) {
        if (command->group == NULL
                ? strcmp(command->name, first) == 0 && stands_alone(ctl, first, second)
                : strcmp(command->group, first) == 0 && second != NULL && strcmp(command->name, second) == 0) {
            *words = command->group == NULL ? 1 : 2;
            return command;
        }
    }
    return NULL;
}

void ctl_command_say_unknown(const ctl_t *ctl, const char *first, const char *second) {
    const char *group = NULL;
    for (const ctl_command_t *command = ctl->rows; command->name != NULL; command++) {
        group = command->group != NULL && strcmp(command->group, first) == 0 ? command->group : group;
    }
    if (group != NULL && second == NULL) {
        ctl_say("\"%s\" needs a second word; see edgectl help %s", group, group);
        return;
    }
    const char *word = group != NULL ? second : first;
    const words_t words = {ctl, group};
    const char *near = edge_conf_nearest(edge_span_of(word), candidate, &words);
    if (near != NULL) {
        ctl_say("there is no command \"%s%s%s\"; did you mean \"%s\"?", group != NULL ? group : "",
                group != NULL ? " " : "", word, near);
    } else {
        ctl_say("there is no command \"%s%s%s\"; see edgectl help", group != NULL ? group : "",
                group != NULL ? " " : "", word);
    }
}
