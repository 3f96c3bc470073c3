/* Reads the command line: options may stand anywhere, so that "queue list -o json" reads as it is said. */
#include "command_line.h"

#include <apr_file_info.h>
#include <stdlib.h>
#include <string.h>

#include "command_find.h"
#include "command_help.h"
#include "control_peer.h"

static bool take_output(ctl_t *ctl, const char *value) {
    static const char *const names[] = {[CTL_TABLE] = "table", [CTL_JSON] = "json", [CTL_JSONL] = "jsonl"};
    for (unsigned i = 0; i < EDGE_COUNT(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            ctl->output = (ctl_output_t)i;
            return true;
        }
    }
    ctl_say("-o takes table, json or jsonl, not \"%s\"", value);
    return false;
}

/* -f FILE, -fFILE and so on; false after it has said what is wrong. */
static bool take_short(ctl_t *ctl, ctl_line_t *line) {
    const char *option = line->argv[line->at];
    const char *value = option[2] != '\0' ? option + 2 : line->at + 1 < line->argc ? line->argv[++line->at] : NULL;
    if (strchr("fdDo", option[1]) == NULL) {
        ctl_say("there is no option \"%.2s\"; see edgectl help", option);
        return false;
    }
    if (value == NULL) {
        ctl_say("%s needs a value", option);
        return false;
    }
    switch (option[1]) {
    case 'f': ctl->path = value; break;
    case 'd': ctl->server_root = value; break;
    case 'D': *(const char **)apr_array_push(ctl->defines) = value; break;
    case 'o': return take_output(ctl, value);
    }
    return true;
}

/* --url URL, --url=URL and so on: they say which server is asked and how, whatever the command. 0: it is another flag; -1: it was said
 * what is wrong. */
static int take_long(ctl_t *ctl, ctl_line_t *line) {
    const struct {
        const char *name;
        const char **value;
    } rows[] = {{"--url", &ctl->remote.url},
                {"--token-file", &ctl->remote.token_file},
                {"--ca-file", &ctl->remote.ca_file},
                {"--once", &ctl->once}};
    const char *word = line->argv[line->at];
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        size_t len = strlen(rows[i].name);
        if (strncmp(word, rows[i].name, len) != 0 || (word[len] != '\0' && word[len] != '=')) {
            continue;
        }
        *rows[i].value = word[len] == '=' ? word + len + 1 : line->at + 1 < line->argc ? line->argv[++line->at] : NULL;
        if (*rows[i].value == NULL) {
            ctl_say("%s needs a value", word);
            return -1;
        }
        return 1;
    }
    return 0;
}

bool ctl_line_take_options(ctl_t *ctl, ctl_line_t *line) {
    bool only_words = false;
    int taken;
    for (line->at = 1; line->at < line->argc; line->at++) {
        const char *word = line->argv[line->at];
        bool option = !only_words && word[0] == '-' && word[1] != '\0';
        if (option && strcmp(word, "--") == 0) {
            only_words = true;
        } else if (option && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            ctl_print_help(ctl, stdout);
            exit(CTL_OK);
        } else if (option && word[1] != '-') {
            if (!take_short(ctl, line)) {
                return false;
            }
        } else if (option && (taken = take_long(ctl, line)) != 0) {
            if (taken < 0) {
                return false;
            }
        } else {
            /* A flag of the command is told apart when the command is known. */
            *(const char **)apr_array_push(line->words) = strcmp(word, "--version") == 0 ? "version" : word;
        }
    }
    return true;
}

/* Relative names on the command line are seen from where it was typed. */
static bool settle_path(const char **path, apr_pool_t *pool) {
    char *absolute;
    if (apr_filepath_merge(&absolute, NULL, *path, APR_FILEPATH_NATIVE, pool) != APR_SUCCESS) {
        ctl_say("\"%s\" is no usable path", *path);
        return false;
    }
    *path = absolute;
    return true;
}

bool ctl_line_settle(ctl_t *ctl) {
    return settle_path(&ctl->path, ctl->pool) && settle_path(&ctl->server_root, ctl->pool) && ctl_peer_settle(ctl);
}

static const ctl_flag_t *find_flag(const ctl_command_t *command, const char *word, size_t len, unsigned *index) {
    for (*index = 0; command->flags != NULL && command->flags[*index].name != NULL; ++*index) {
        if (strlen(command->flags[*index].name) == len && memcmp(command->flags[*index].name, word, len) == 0) {
            return &command->flags[*index];
        }
    }
    return NULL;
}

/* Splits what stands behind the command's words into flags and arguments. */
static bool take_rest(ctl_t *ctl, const char *const *words, unsigned count) {
    apr_array_header_t *arguments = apr_array_make(ctl->pool, 4, sizeof(const char *));
    for (unsigned i = 0; i < count; i++) {
        unsigned index;
        size_t len = strcspn(words[i], "=");
        if (strncmp(words[i], "--", 2) != 0) {
            *(const char **)apr_array_push(arguments) = words[i];
            continue;
        }
        const ctl_flag_t *flag = find_flag(ctl->command, words[i], len, &index);
        bool has_value = words[i][len] == '=';
        if (flag == NULL || (flag->value == NULL && has_value) ||
            (flag->value != NULL && !has_value && i + 1 == count)) {
            ctl_say(flag == NULL ? "\"%s\" is no flag of this command; see edgectl help %s"
                                 : "\"%s\" is used wrongly; see edgectl help %s",
                    words[i], ctl->command->group != NULL ? ctl->command->group : ctl->command->name);
            return false;
        }
        ctl->flags[index] = flag->value == NULL ? "" : has_value ? words[i] + len + 1 : words[++i];
    }
    ctl->arguments = (const char *const *)arguments->elts;
    ctl->argument_count = (unsigned)arguments->nelts;
    if (ctl->argument_count < ctl->command->least || ctl->argument_count > ctl->command->most) {
        ctl_say("usage: edgectl %s%s%s %s", ctl->command->group != NULL ? ctl->command->group : "",
                ctl->command->group != NULL ? " " : "", ctl->command->name,
                ctl->command->arguments != NULL ? ctl->command->arguments : "");
        return false;
    }
    return true;
}

bool ctl_line_take_command(ctl_t *ctl, const ctl_line_t *line) {
    const char *const *words = (const char *const *)line->words->elts;
    unsigned count = (unsigned)line->words->nelts, eaten = 0;
    if (count == 0) {
        ctl_print_help(ctl, stderr);
        return false;
    }
    ctl->command = ctl_command_find(ctl, words[0], count > 1 ? words[1] : NULL, &eaten);
    if (ctl->command == NULL) {
        ctl_command_say_unknown(ctl, words[0], count > 1 ? words[1] : NULL);
        return false;
    }
    return take_rest(ctl, words + eaten, count - eaten);
}
