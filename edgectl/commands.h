/*
 * What the rows of commands name: the functions that carry them out, and their flags.
 *
 * Concept:  one function a command, in the file named above it; command_rows.c lists
 *           them with their words and prose.
 * Owner:    main's pool.
 * Threads:  one.
 * Lifetime: of the process.
 * Errors:   said on standard error; told by the exit code.
 */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "invocation.h"

/* command_help.c */
extern const ctl_flag_t ctl_help_flags[];
ctl_exit_t ctl_help(ctl_t *ctl);
/* completion_command.c */
ctl_exit_t ctl_completion(ctl_t *ctl), ctl_complete(ctl_t *ctl);
/* server_commands.c */
ctl_exit_t ctl_start(ctl_t *ctl), ctl_stop(ctl_t *ctl), ctl_restart(ctl_t *ctl), ctl_reload(ctl_t *ctl),
    ctl_configtest(ctl_t *ctl);
/* status_command.c */
ctl_exit_t ctl_status(ctl_t *ctl), ctl_version(ctl_t *ctl), ctl_metrics(ctl_t *ctl);
/* queue_commands.c */
extern const ctl_flag_t ctl_queue_list_flags[], ctl_queue_show_flags[], ctl_queue_change_flags[],
    ctl_queue_delete_flags[], ctl_queue_shape_flags[];
ctl_exit_t ctl_queue_list(ctl_t *ctl), ctl_queue_show(ctl_t *ctl), ctl_queue_hold(ctl_t *ctl),
    ctl_queue_release(ctl_t *ctl), ctl_queue_requeue(ctl_t *ctl), ctl_queue_delete(ctl_t *ctl),
    ctl_queue_stat(ctl_t *ctl), ctl_queue_shape(ctl_t *ctl), ctl_queue_flush(ctl_t *ctl);
/* ban_commands.c */
extern const ctl_flag_t ctl_bans_add_flags[];
ctl_exit_t ctl_bans_list(ctl_t *ctl), ctl_bans_add(ctl_t *ctl), ctl_bans_lift(ctl_t *ctl);
/* export_command.c */
extern const ctl_flag_t ctl_export_flags[];
ctl_exit_t ctl_export(ctl_t *ctl);
/* hold_commands.c */
extern const ctl_flag_t ctl_holds_add_flags[];
ctl_exit_t ctl_holds_list(ctl_t *ctl), ctl_holds_add(ctl_t *ctl), ctl_holds_lift(ctl_t *ctl);
/* events_command.c */
extern const ctl_flag_t ctl_events_flags[];
ctl_exit_t ctl_events(ctl_t *ctl);
/* handoff_command.c */
ctl_exit_t ctl_handoff(ctl_t *ctl), ctl_handoff_probe(ctl_t *ctl);
/* console_command.c */
ctl_exit_t ctl_console(ctl_t *ctl);
/* passwd_commands.c */
extern const ctl_flag_t ctl_passwd_add_flags[], ctl_passwd_verify_flags[];
ctl_exit_t ctl_passwd_add(ctl_t *ctl), ctl_passwd_del(ctl_t *ctl), ctl_passwd_list(ctl_t *ctl),
    ctl_passwd_verify(ctl_t *ctl);
/* auth_command.c */
extern const ctl_flag_t ctl_auth_test_flags[];
ctl_exit_t ctl_auth_test(ctl_t *ctl);
/* token_commands.c */
extern const ctl_flag_t ctl_token_create_flags[], ctl_token_file_flags[];
ctl_exit_t ctl_token_create(ctl_t *ctl), ctl_token_list(ctl_t *ctl), ctl_token_revoke(ctl_t *ctl);
/* tls_commands.c */
ctl_exit_t ctl_tls_list(ctl_t *ctl), ctl_tls_show(ctl_t *ctl), ctl_tls_reload(ctl_t *ctl);
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
ctl_exit_t ctl_sessions_list(ctl_t *ctl), ctl_sessions_show(ctl_t *ctl), ctl_sessions_kick(ctl_t *ctl);
/* transcript_commands.c */
extern const ctl_flag_t ctl_sessions_transcript_flags[];
ctl_exit_t ctl_sessions_transcript(ctl_t *ctl), ctl_sessions_follow(ctl_t *ctl);
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
ctl_exit_t ctl_validators_list(ctl_t *ctl), ctl_validators_stats(ctl_t *ctl), ctl_validators_mode(ctl_t *ctl);

#endif
