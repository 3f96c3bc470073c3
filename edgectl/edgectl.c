/* edgectl: reads its command line, finds the command's row, runs it. */
#include "control_peer.h"
#include "edgectl.h"
#include "send.h"

#include <apr_file_info.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/conf_report.h"

static ctl_exit_t help(ctl_t *ctl);

static const ctl_command_t commands[] = {
    {NULL, "start", NULL, 0, 0, NULL, ctl_start, "Tests the configuration and starts the server in the background."},
    {NULL, "stop", NULL, 0, 0, NULL, ctl_stop,
     "Stops the server when its sessions are finished, GracefulTimeout at most; waits for it."},
    {NULL, "restart", NULL, 0, 0, NULL, ctl_restart, "Tests the configuration, stops the server, starts it."},
    {NULL, "reload", NULL, 0, 0, NULL, ctl_reload,
     "Tests the configuration and puts it into force without losing a connection."},
    {NULL, "graceful", NULL, 0, 0, NULL, ctl_reload, "The same as reload."},
    {NULL, "configtest", NULL, 0, 0, NULL, ctl_configtest, "Tests the configuration and prints every error."},
    {NULL, "status", NULL, 0, 0, NULL, ctl_status,
     "Shows process, generation, sessions, listeners and queues; as JSON with all counters."},
    {NULL, "metrics", NULL, 0, 0, NULL, ctl_metrics,
     "Prints all figures of the running server, as Prometheus reads them."},
    {NULL, "version", NULL, 0, 0, NULL, ctl_version, "Shows the version of edgectl, and of the server when it runs."},
    {NULL, "health", NULL, 0, 0, NULL, ctl_health,
     "Shows what is well with the server and what is not; exit status 1 when something fails."},
    {NULL, "ready", NULL, 0, 0, NULL, ctl_ready,
     "Says whether connections may be sent to this server; exit status 1 when not."},
    {"listeners", "pause", "NAME", 1, 1, ctl_listeners_reason_flags, ctl_listeners_pause,
     "Takes no more connections there, over reloads too; sessions go on."},
    {"listeners", "resume", "NAME", 1, 1, ctl_listeners_reason_flags, ctl_listeners_resume,
     "Takes connections there again."},
    {"listeners", "drain", "NAME", 1, 1, ctl_listeners_reason_flags, ctl_listeners_drain,
     "Takes no more connections there, and ends its sessions behind what they have begun."},
    {NULL, "listeners", NULL, 0, 0, NULL, ctl_listeners_list,
     "Lists the listeners, whether they are open, what has come."},
    {NULL, "drain", NULL, 0, 0, ctl_drain_flags, ctl_drain,
     "Takes no more connections at all, and ends all sessions behind what they have begun."},
    {NULL, "undrain", NULL, 0, 0, ctl_listeners_reason_flags, ctl_undrain, "Takes connections again."},
    {"sessions", "list", NULL, 0, 0, ctl_sessions_list_flags, ctl_sessions_list,
     "Lists the sessions that are open, or the last that have ended."},
    {"sessions", "show", "ID", 1, 1, NULL, ctl_sessions_show, "Shows what one session is, has done, and waits for."},
    {"sessions", "transcript", "ID", 1, 1, NULL, ctl_sessions_transcript,
     "Shows the last commands and replies of a session, without credentials and messages."},
    {"sessions", "kick", "ID...", 1, 1000, ctl_sessions_kick_flags, ctl_sessions_kick,
     "Ends sessions, with 421, behind the answer that is under way."},
    {"sessions", "kill", "ID...", 1, 1000, ctl_sessions_kick_flags, ctl_sessions_kick, "The same as kick."},
    {NULL, "sessions", NULL, 0, 0, ctl_sessions_list_flags, ctl_sessions_list, "The same as sessions list."},
    {"queue", "list", NULL, 0, 0, ctl_queue_list_flags, ctl_queue_list, "Lists the messages, oldest first."},
    {"queue", "show", "ID", 1, 1, ctl_queue_show_flags, ctl_queue_show,
     "Shows one message's envelope, header or bytes."},
    {"queue", "hold", "ID...", 1, 1000, ctl_queue_change_flags, ctl_queue_hold,
     "Keeps messages until they are released."},
    {"queue", "release", "ID...", 1, 1000, ctl_queue_change_flags, ctl_queue_release, "Lets held messages go on."},
    {"queue", "requeue", "ID...", 1, 1000, ctl_queue_change_flags, ctl_queue_requeue, "Makes messages due at once."},
    {"queue", "flush", NULL, 0, 0, NULL, ctl_queue_flush,
     "Makes all deferred messages due at once, and forgets the troubles of next hops."},
    {"queue", "delete", "ID...", 1, 1000, ctl_queue_change_flags, ctl_queue_delete, "Removes messages for good."},
    {"queue", "stat", NULL, 0, 0, NULL, ctl_queue_stat, "Shows how much each queue holds."},
    {"passwd", "add", "[FILE] USER", 1, 2, ctl_passwd_add_flags, ctl_passwd_add,
     "Adds a user to a password file, or changes the password; FILE is an <AuthBackend> or a path."},
    {"passwd", "del", "[FILE] USER", 1, 2, NULL, ctl_passwd_del, "Removes a user."},
    {"passwd", "list", "[FILE]", 0, 1, NULL, ctl_passwd_list, "Lists users, what is kept of them, and identities."},
    {"passwd", "verify", "[FILE] USER", 1, 2, ctl_passwd_verify_flags, ctl_passwd_verify,
     "Says whether a password is right."},
    {"token", "create", NULL, 0, 0, ctl_token_create_flags, ctl_token_create,
     "Makes a token for the API or for HttpAuth bearer, and prints it, once, on the last line."},
    {"token", "list", NULL, 0, 0, ctl_token_file_flags, ctl_token_list,
     "Lists tokens with role, expiry, source and the day of last use."},
    {"token", "revoke", "NAME", 1, 1, ctl_token_file_flags, ctl_token_revoke, "Makes a token worthless."},
    {"tls", "reload", NULL, 0, 0, NULL, ctl_tls_reload,
     "Loads certificates and keys anew, all or none; says which file is to blame."},
    {"tls", "list", NULL, 0, 0, NULL, ctl_tls_list,
     "Lists the certificates in use, with the days they are still good."},
    {NULL, "tls", NULL, 0, 0, NULL, ctl_tls_list, "The same as tls list."},
    {"bans", "add", "ADDRESS", 1, 1, ctl_bans_add_flags, ctl_bans_add,
     "Serves an address, or a network as ADDRESS/LENGTH, no longer."},
    {"bans", "lift", "ADDRESS...|all", 1, 1000, NULL, ctl_bans_lift, "Ends bans at once."},
    {NULL, "bans", NULL, 0, 0, NULL, ctl_bans_list, "Lists who is banned, since when, for how long and why."},
    {"rates", "list", NULL, 0, 0, ctl_rates_list_flags, ctl_rates_list,
     "Lists the keys of rate limits that are not at rest, those nearest to their limit first."},
    {"rates", "forget", "KEY...|ID...|all", 1, 1000, ctl_rates_forget_flags, ctl_rates_forget,
     "Forgets what was counted for a key."},
    {NULL, "console", NULL, 0, 0, NULL, ctl_console,
     "Prints a link that opens the console in a browser on this machine; it works once, for 10 minutes."},
    {NULL, "rates", NULL, 0, 0, ctl_rates_list_flags, ctl_rates_list, "The same as rates list."},
    {NULL, "send", "[OPTION...] [RECIPIENT...]", 0, 0, NULL, NULL,
     "Reads a message on standard input and hands it to a local listener, as a sendmail does: -t -i -v -f SENDER "
     "-F NAME, -L LISTENER; exit status of sysexits."},
    {"validators", "mode", "NAME LISTENER COMMAND MODE", 4, 4, NULL, ctl_validators_mode,
     "Sets how a validator counts there from the next command on: enforce, shadow, off, or written."},
    {NULL, "validators", NULL, 0, 0, NULL, ctl_validators_list,
     "Lists what validators answered, listener by listener and command by command, and their modes."},
    {"config", "show", "[PREFIX]", 0, 1, ctl_config_show_flags, ctl_config_show,
     "Lists settings: what holds, where it comes from, when a change takes effect."},
    {"config", "get", "KEY", 1, 1, NULL, ctl_config_get, "Prints the value of one setting, as it would be written."},
    {"config", "set", "KEY VALUE...", 1, 64, ctl_config_set_flags, ctl_config_set,
     "Changes a setting while the server runs; VALUE is what would stand behind the directive's name."},
    {"config", "revert", "KEY...", 1, 100, ctl_config_revert_flags, ctl_config_revert,
     "Takes changes back: what the files say holds again."},
    {"config", "test", NULL, 0, 0, NULL, ctl_config_test,
     "Has the running server test what is on disk, as a reload would read it; exit status 6 when it has errors."},
    {"config", "drift", NULL, 0, 0, NULL, ctl_config_drift,
     "Shows what differs: settings that were changed, files that were edited and not loaded, older generations."},
    {"config", "generations", NULL, 0, 0, NULL, ctl_config_generations,
     "Lists the configurations that have served, or were refused, newest first."},
    {"overrides", "export", NULL, 0, 0, ctl_overrides_export_flags, ctl_overrides_export,
     "Prints what was changed while running as a unified diff of the files, ready for patch -p1 and version control."},
    {"overrides", "list", NULL, 0, 0, NULL, ctl_overrides_list,
     "Lists what was changed while running, by whom, why and until when."},
    {"overrides", "clear", NULL, 0, 0, ctl_config_revert_flags, ctl_overrides_clear, "Takes every change back."},
    {NULL, "overrides", NULL, 0, 0, NULL, ctl_overrides_list, "The same as overrides list."},
    {NULL, "banner", "[LISTENER [TEXT...]]", 0, 64, ctl_config_set_flags, ctl_banner,
     "Shows what clients are greeted with, or sets it for a listener."},
    {NULL, "limits", "[LISTENER]", 0, 1, NULL, ctl_limits,
     "Lists sizes, numbers and times that may be changed while running."},
    {"log", "level", "[AREA=LEVEL]", 0, 1, ctl_log_level_flags, ctl_log_level,
     "Lists how much goes to the error log, or sets it for one area and a while."},
    {NULL, "handoff", NULL, 0, 0, NULL, ctl_handoff,
     "Lists the next hops: whether they work, what came of deliveries."},
    {"handoff", "probe", "NEXT-HOP [RECIPIENT]", 1, 2, NULL, ctl_handoff_probe,
     "Asks a next hop, as a delivery would, whether it would take mail for the recipient."},
    {"holds", "add", "SCOPE [VALUE]", 1, 2, ctl_holds_add_flags, ctl_holds_add,
     "Stops hand-off: all, or of a backend, domain or listener. Mail is taken meanwhile, and waits."},
    {"holds", "lift", "ID...", 1, 64, NULL, ctl_holds_lift, "Lets it go on."},
    {"holds", "list", NULL, 0, 0, NULL, ctl_holds_list, "Lists what is stopped, by whom, why and until when."},
    {NULL, "holds", NULL, 0, 0, NULL, ctl_holds_list, "The same as holds list."},
    {NULL, "audit", NULL, 0, 0, ctl_audit_flags, ctl_audit, "Lists who changed what of the server, newest first."},
    {NULL, "export", "LIST [NAME=VALUE...]", 1, 32, ctl_export_flags, ctl_export,
     "Prints a list whole, as CSV that a spreadsheet may open, or with -o jsonl: sessions, queue, audit, bans ..."},
    {NULL, "help", "[COMMAND]", 0, 2, NULL, help, "Explains edgectl, or one command."},
    {.name = NULL},
};

void ctl_say(const char *format, ...) {
    va_list arguments;
    fputs("edgectl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void ctl_print_json(edge_span_t document) {
    fwrite(document.at, 1, document.len, stdout);
    fputc('\n', stdout);
}

const ctl_configuration_t *ctl_configuration(ctl_t *ctl) {
    const char *why;
    if (ctl->configuration == NULL) {
        ctl->configuration = ctl_configuration_read(ctl->path, ctl->server_root, ctl->defines, ctl->pool, &why);
        if (ctl->configuration == NULL) {
            ctl_say("cannot read %s: %s", ctl->path, why);
        }
    }
    return ctl->configuration;
}

/* Help */

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

static void print_help(FILE *out) {
    fputs("usage: edgectl [-f FILE] [-d SERVERROOT] [-D NAME[=VALUE]] [-o table|json|jsonl] COMMAND\n"
          "       edgectl --url http[s]://HOST:PORT --token-file FILE [--ca-file FILE] COMMAND     a server elsewhere\n"
          "                                                  (also by EDGECTL_URL and EDGECTL_TOKEN_FILE)\n"
          "       edgectl --once KEY COMMAND     a change that is asked for again with KEY, within 10 minutes, is made "
          "once\n\n",
          out);
    for (const ctl_command_t *command = commands; command->name != NULL; command++) {
        print_command(command, out);
    }
    fputs("\nexit status: 0 ok, 1 error, 2 usage, 3 not found, 4 denied, 5 unreachable, 6 configuration invalid\n",
          out);
}

static bool is_named(const ctl_command_t *command, const char *word) {
    return strcmp(command->name, word) == 0 || (command->group != NULL && strcmp(command->group, word) == 0);
}

static ctl_exit_t help(ctl_t *ctl) {
    unsigned shown = 0;
    if (ctl->argument_count == 0) {
        print_help(stdout);
        return CTL_OK;
    }
    for (const ctl_command_t *command = commands; command->name != NULL; command++) {
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

/* Finding the command */

/* The words that may stand where `group` says: commands and groups, or the commands of one group. */
static const char *candidate(const void *context, unsigned index) {
    const char *group = context;
    for (const ctl_command_t *command = commands; command->name != NULL; command++) {
        bool fits = group == NULL || (command->group != NULL && strcmp(command->group, group) == 0);
        if (fits && index-- == 0) {
            return group == NULL && command->group != NULL ? command->group : command->name;
        }
    }
    return NULL;
}

static bool is_group(const char *word) {
    for (const ctl_command_t *command = commands; command->name != NULL; command++) {
        if (command->group != NULL && strcmp(command->group, word) == 0) {
            return true;
        }
    }
    return false;
}

/* A group that is also a command of its own is one only when it stands alone, or before a flag. */
static bool stands_alone(const char *first, const char *second) {
    return second == NULL || second[0] == '-' || !is_group(first);
}

static const ctl_command_t *find_command(const char *first, const char *second, unsigned *words) {
    for (const ctl_command_t *command = commands; command->name != NULL; command++) {
        if (command->group == NULL
                ? strcmp(command->name, first) == 0 && stands_alone(first, second)
                : strcmp(command->group, first) == 0 && second != NULL && strcmp(command->name, second) == 0) {
            *words = command->group == NULL ? 1 : 2;
            return command;
        }
    }
    return NULL;
}

static void say_unknown(const char *first, const char *second) {
    const char *group = NULL;
    for (const ctl_command_t *command = commands; command->name != NULL; command++) {
        group = command->group != NULL && strcmp(command->group, first) == 0 ? command->group : group;
    }
    if (group != NULL && second == NULL) {
        ctl_say("\"%s\" needs a second word; see edgectl help %s", group, group);
        return;
    }
    const char *word = group != NULL ? second : first;
    const char *near = edge_conf_nearest(edge_span_of(word), candidate, group);
    if (near != NULL) {
        ctl_say("there is no command \"%s%s%s\"; did you mean \"%s\"?", group != NULL ? group : "",
                group != NULL ? " " : "", word, near);
    } else {
        ctl_say("there is no command \"%s%s%s\"; see edgectl help", group != NULL ? group : "",
                group != NULL ? " " : "", word);
    }
}

/* Reading the command line: options may stand anywhere, so that "queue list -o json" reads as it is said. */

typedef struct line {
    int argc;
    const char *const *argv;
    int at;
    apr_array_header_t *words; /* what is no option */
    apr_array_header_t *flags; /* long ones, with their values behind them where given as --flag=value */
} line_t;

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
static bool take_short(ctl_t *ctl, line_t *line) {
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
static int take_long(ctl_t *ctl, line_t *line) {
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

static bool take_words(ctl_t *ctl, line_t *line) {
    bool only_words = false;
    int taken;
    for (line->at = 1; line->at < line->argc; line->at++) {
        const char *word = line->argv[line->at];
        bool option = !only_words && word[0] == '-' && word[1] != '\0';
        if (option && strcmp(word, "--") == 0) {
            only_words = true;
        } else if (option && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            print_help(stdout);
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

static bool find_and_take(ctl_t *ctl, const line_t *line) {
    const char *const *words = (const char *const *)line->words->elts;
    unsigned count = (unsigned)line->words->nelts, eaten = 0;
    if (count == 0) {
        print_help(stderr);
        return false;
    }
    ctl->command = find_command(words[0], count > 1 ? words[1] : NULL, &eaten);
    if (ctl->command == NULL) {
        say_unknown(words[0], count > 1 ? words[1] : NULL);
        return false;
    }
    return take_rest(ctl, words + eaten, count - eaten);
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

/* What stands behind "send" is its own, in a sendmail's manner; a program of that name has nothing in front of it. */
static int send_begins(int argc, const char *const *argv) {
    const char *slash = strrchr(argv[0], '/');
    if (strcmp(slash != NULL ? slash + 1 : argv[0], "sendmail") == 0) {
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "send") == 0) {
            return i + 1;
        }
        if (argv[i][0] != '-') {
            return 0;
        }
        i += strchr("fdDo", argv[i][1]) != NULL && argv[i][2] == '\0';
    }
    return 0;
}

int main(int argc, const char *const *argv) {
    static ctl_t ctl;
    int send_at = send_begins(argc, argv);
    line_t line = {.argc = send_at > 0 ? send_at : argc, .argv = argv};
    if (apr_app_initialize(&line.argc, &line.argv, NULL) != APR_SUCCESS ||
        apr_pool_create(&ctl.pool, NULL) != APR_SUCCESS) {
        return CTL_ERROR;
    }
    atexit(apr_terminate);
    ctl.path = EDGE_DEFAULT_CONF;
    ctl.server_root = EDGE_DEFAULT_ROOT;
    ctl.defines = apr_array_make(ctl.pool, 4, sizeof(const char *));
    line.words = apr_array_make(ctl.pool, 8, sizeof(const char *));
    if (!take_words(&ctl, &line) || (send_at == 0 && !find_and_take(&ctl, &line))) {
        return CTL_USAGE;
    }
    if (!settle_path(&ctl.path, ctl.pool) || !settle_path(&ctl.server_root, ctl.pool)) {
        return CTL_USAGE;
    }
    if (!ctl_peer_settle(&ctl)) {
        return CTL_USAGE;
    }
    if (send_at > 0) {
        return ctl_send_run(&ctl, argc - send_at, argv + send_at);
    }
    ctl_exit_t code = ctl.command->run(&ctl);
    if (fflush(stdout) != 0 && code == CTL_OK) {
        ctl_say("standard output cannot be written");
        code = CTL_ERROR;
    }
    return code;
}
