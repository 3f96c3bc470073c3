/*
 * What every part of edgectl knows: the invocation, the exit codes, the command rows.
 *
 * Concept:  a command is a row with its words, flags, function and prose; dispatch,
 *           help and suggestions all read the rows.
 * Owner:    main's pool, for the life of the process.
 * Threads:  one.
 * Lifetime: of the process.
 * Errors:   a command says its trouble on standard error and returns an exit code.
 */
#ifndef EDGECTL_H
#define EDGECTL_H

#include <apr_tables.h>

#include "configuration.h"

/* Stable: scripts rely on them. */
typedef enum ctl_exit {
    CTL_OK = 0,
    CTL_ERROR = 1,
    CTL_USAGE = 2,
    CTL_NOT_FOUND = 3,
    CTL_DENIED = 4,
    CTL_UNREACHABLE = 5,
    CTL_BAD_CONFIGURATION = 6
} ctl_exit_t;

typedef enum ctl_output { CTL_TABLE, CTL_JSON, CTL_JSONL } ctl_output_t;

typedef struct ctl ctl_t;

/* A flag of one command. */
typedef struct ctl_flag {
    const char *name;  /* "--limit" */
    const char *value; /* what its value is called; NULL: it takes none */
    const char *prose;
} ctl_flag_t;

typedef struct ctl_command {
    const char *group, *name; /* "queue", "list"; group NULL: one word */
    const char *arguments;    /* "ID..."; NULL: none */
    unsigned least, most;     /* how many arguments */
    const ctl_flag_t *flags;  /* ends with name NULL; NULL: none */
    ctl_exit_t (*run)(ctl_t *ctl);
    const char *prose;
} ctl_command_t;

#define CTL_FLAGS_MOST 8

/* Where --url leads (control_peer.h). */
typedef struct ctl_remote {
    const char *url, *token_file, *ca_file; /* NULL: not given */
    bool tls;
    const char *authority, *host, *port, *prefix;
    const char *token; /* NULL: none */
} ctl_remote_t;

struct ctl {
    apr_pool_t *pool;
    const char *path, *server_root; /* of the configuration; absolute */
    apr_array_header_t *defines;
    ctl_remote_t remote;
    const char *once; /* --once; NULL: not given */
    unsigned changes; /* asked for under it */
    ctl_output_t output;
    const ctl_command_t *command;
    const char *const *arguments; /* behind the command's words */
    unsigned argument_count;
    const char *flags[CTL_FLAGS_MOST];        /* by row: the value, "" for one without, NULL when not given */
    const ctl_configuration_t *configuration; /* by ctl_configuration */
};

/* "edgectl: text" on standard error. */
void ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The configuration's part that edgectl needs, read when first asked for; NULL after it has said why it cannot be read. */
const ctl_configuration_t *ctl_configuration(ctl_t *ctl);
/* Prints one JSON document as `-o` wants it: both forms end in a line end. */
void ctl_print_json(edge_span_t document);

/* server_commands.c */
ctl_exit_t ctl_start(ctl_t *ctl), ctl_stop(ctl_t *ctl), ctl_restart(ctl_t *ctl), ctl_reload(ctl_t *ctl),
    ctl_configtest(ctl_t *ctl);
/* status_command.c */
ctl_exit_t ctl_status(ctl_t *ctl), ctl_version(ctl_t *ctl), ctl_metrics(ctl_t *ctl);
/* queue_commands.c */
extern const ctl_flag_t ctl_queue_list_flags[], ctl_queue_show_flags[], ctl_queue_change_flags[];
ctl_exit_t ctl_queue_list(ctl_t *ctl), ctl_queue_show(ctl_t *ctl), ctl_queue_hold(ctl_t *ctl),
    ctl_queue_release(ctl_t *ctl), ctl_queue_requeue(ctl_t *ctl), ctl_queue_delete(ctl_t *ctl),
    ctl_queue_stat(ctl_t *ctl), ctl_queue_flush(ctl_t *ctl);
/* ban_commands.c */
extern const ctl_flag_t ctl_bans_add_flags[];
ctl_exit_t ctl_bans_list(ctl_t *ctl), ctl_bans_add(ctl_t *ctl), ctl_bans_lift(ctl_t *ctl);
/* export_command.c */
extern const ctl_flag_t ctl_export_flags[];
ctl_exit_t ctl_export(ctl_t *ctl);
/* hold_commands.c */
extern const ctl_flag_t ctl_holds_add_flags[];
ctl_exit_t ctl_holds_list(ctl_t *ctl), ctl_holds_add(ctl_t *ctl), ctl_holds_lift(ctl_t *ctl);
/* handoff_command.c */
ctl_exit_t ctl_handoff(ctl_t *ctl), ctl_handoff_probe(ctl_t *ctl);
/* console_command.c */
ctl_exit_t ctl_console(ctl_t *ctl);
/* passwd_commands.c */
extern const ctl_flag_t ctl_passwd_add_flags[], ctl_passwd_verify_flags[];
ctl_exit_t ctl_passwd_add(ctl_t *ctl), ctl_passwd_del(ctl_t *ctl), ctl_passwd_list(ctl_t *ctl),
    ctl_passwd_verify(ctl_t *ctl);
/* token_commands.c */
extern const ctl_flag_t ctl_token_create_flags[], ctl_token_file_flags[];
ctl_exit_t ctl_token_create(ctl_t *ctl), ctl_token_list(ctl_t *ctl), ctl_token_revoke(ctl_t *ctl);
/* tls_commands.c */
ctl_exit_t ctl_tls_list(ctl_t *ctl), ctl_tls_reload(ctl_t *ctl);
/* rate_commands.c */
extern const ctl_flag_t ctl_rates_list_flags[], ctl_rates_forget_flags[];
ctl_exit_t ctl_rates_list(ctl_t *ctl), ctl_rates_forget(ctl_t *ctl);
/* listener_commands.c */
extern const ctl_flag_t ctl_listeners_reason_flags[], ctl_drain_flags[];
ctl_exit_t ctl_listeners_list(ctl_t *ctl), ctl_listeners_pause(ctl_t *ctl), ctl_listeners_resume(ctl_t *ctl),
    ctl_listeners_drain(ctl_t *ctl), ctl_drain(ctl_t *ctl), ctl_undrain(ctl_t *ctl), ctl_health(ctl_t *ctl),
    ctl_ready(ctl_t *ctl);
/* session_commands.c */
extern const ctl_flag_t ctl_sessions_list_flags[], ctl_sessions_kick_flags[];
ctl_exit_t ctl_sessions_list(ctl_t *ctl), ctl_sessions_show(ctl_t *ctl), ctl_sessions_transcript(ctl_t *ctl),
    ctl_sessions_kick(ctl_t *ctl);
/* setting_commands.c */
extern const ctl_flag_t ctl_config_set_flags[], ctl_config_revert_flags[], ctl_config_show_flags[],
    ctl_overrides_export_flags[], ctl_log_level_flags[];
ctl_exit_t ctl_config_show(ctl_t *ctl), ctl_config_get(ctl_t *ctl), ctl_config_set(ctl_t *ctl),
    ctl_config_revert(ctl_t *ctl), ctl_overrides_list(ctl_t *ctl), ctl_overrides_clear(ctl_t *ctl),
    ctl_banner(ctl_t *ctl), ctl_limits(ctl_t *ctl), ctl_log_level(ctl_t *ctl), ctl_overrides_export(ctl_t *ctl),
    ctl_config_test(ctl_t *ctl), ctl_config_drift(ctl_t *ctl), ctl_config_generations(ctl_t *ctl);
/* audit_command.c */
extern const ctl_flag_t ctl_audit_flags[];
ctl_exit_t ctl_audit(ctl_t *ctl);
/* validator_commands.c */
ctl_exit_t ctl_validators_list(ctl_t *ctl), ctl_validators_mode(ctl_t *ctl);

#endif
