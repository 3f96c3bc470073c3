/* What the files of the core's admin routes share. */
#ifndef EDGE_CONTROL_ADMIN_PRIV_H
#define EDGE_CONTROL_ADMIN_PRIV_H

#include "control/admin.h"
#include "core/audit.h"
#include "core/session_record.h"
#include "core/session_watch.h"
#include "edge_conf.h"
#include "edge_queue.h"

/* admin_queue.c */
edge_admin_handler_t edge_admin_queue_list, edge_admin_queue_show, edge_admin_queue_content, edge_admin_queue_hold,
    edge_admin_queue_release, edge_admin_queue_requeue, edge_admin_queue_delete, edge_admin_queue_stat;
extern const edge_admin_argument_t edge_admin_queue_list_arguments[], edge_admin_queue_content_arguments[],
    edge_admin_queue_delete_arguments[];

extern const char *const edge_admin_queue_states[]; /* by edge_message_state_t */
/* A list of a queue has failed so. */
void edge_admin_queue_trouble(edge_admin_answer_t *answer, apr_status_t status);
/* admin_queue_shape.c */
edge_admin_handler_t edge_admin_queue_shape;
extern const edge_admin_argument_t edge_admin_queue_shape_arguments[], edge_admin_queue_shape_answer[];

/* admin_bans.c */
edge_admin_handler_t edge_admin_bans_list, edge_admin_bans_add, edge_admin_bans_lift;
extern const edge_admin_argument_t edge_admin_bans_add_arguments[];

/* admin_validators.c */
edge_admin_handler_t edge_admin_validators_list, edge_admin_validators_stats, edge_admin_validators_mode;
extern const edge_admin_argument_t edge_admin_validators_mode_arguments[];

/* admin_sessions.c */
edge_admin_handler_t edge_admin_sessions_list, edge_admin_sessions_show, edge_admin_sessions_disconnect;
extern const edge_admin_argument_t edge_admin_sessions_list_arguments[], edge_admin_sessions_list_answer[],
    edge_admin_sessions_show_answer[], edge_admin_sessions_disconnect_arguments[],
    edge_admin_sessions_disconnect_answer[];
/* The session that the path names, open or among the last that have ended; false after a problem was answered. An open one
 * is watched from there on by `watch`; NULL: it is not. */
bool edge_admin_session_find(const edge_admin_request_t *request, const edge_session_watch_t *watch,
                             edge_session_story_t *story, edge_admin_answer_t *answer);

/* admin_transcript.c */
edge_admin_handler_t edge_admin_transcript;
extern const edge_admin_argument_t edge_admin_transcript_arguments[], edge_admin_transcript_answer[];

/* admin_health.c */
edge_admin_handler_t edge_admin_livez, edge_admin_readyz, edge_admin_health, edge_admin_build, edge_admin_workers;
extern const edge_admin_argument_t edge_admin_health_answer[], edge_admin_build_answer[], edge_admin_workers_answer[];

/* "127.0.0.1:25" ...: where a <Listener> listens (admin_listeners.c). */
void edge_admin_put_addresses(edge_json_t *json, const edge_section_t *section);
/* What clients of a <Listener> are greeted with, by its settings (core/setting.h); NULL: with nothing (admin_banner.c). */
const char *edge_admin_banner_of(const apr_array_header_t *settings, const edge_section_t *section, apr_pool_t *pool);

/* admin_listeners.c */
edge_admin_handler_t edge_admin_listeners_list, edge_admin_listeners_show, edge_admin_listeners_pause,
    edge_admin_listeners_resume, edge_admin_listeners_drain, edge_admin_drain_show, edge_admin_drain_begin,
    edge_admin_drain_end;
extern const edge_admin_argument_t edge_admin_listeners_list_answer[], edge_admin_listeners_show_answer[],
    edge_admin_drain_arguments[], edge_admin_drain_answer[];

/* admin_credentials.c */
edge_admin_handler_t edge_admin_credentials_test;
extern const edge_admin_argument_t edge_admin_credentials_test_body[], edge_admin_credentials_test_answer[];

/* admin_overview.c */
edge_admin_handler_t edge_admin_overview, edge_admin_history;
extern const edge_admin_argument_t edge_admin_overview_answer[], edge_admin_history_arguments[],
    edge_admin_history_answer[];

/* admin_index.c */
edge_admin_handler_t edge_admin_index;

/* admin_rows.c */
extern const edge_admin_argument_t edge_admin_index_answer[], edge_admin_status_answer[],
    edge_admin_queue_stat_answer[], edge_admin_queue_list_answer[], edge_admin_queue_show_answer[],
    edge_admin_queue_change_answer[], edge_admin_bans_list_answer[], edge_admin_bans_add_answer[],
    edge_admin_bans_lift_answer[], edge_admin_validators_list_answer[], edge_admin_validators_stats_answer[],
    edge_admin_validators_mode_answer[], edge_admin_openapi_answer[];

/* admin_modules.c, admin_openapi.c */
edge_admin_handler_t edge_admin_modules_list, edge_admin_openapi;
extern const edge_admin_argument_t edge_admin_modules_answer[];

/* admin_tokens.c */
edge_admin_handler_t edge_admin_tokens_list, edge_admin_tokens_create, edge_admin_tokens_revoke;
extern const edge_admin_argument_t edge_admin_tokens_create_body[], edge_admin_tokens_list_answer[],
    edge_admin_tokens_create_answer[], edge_admin_tokens_revoke_answer[];

/* admin_events.c */
edge_admin_handler_t edge_admin_events;
extern const edge_admin_argument_t edge_admin_events_arguments[];
/* admin_audit.c */
edge_admin_handler_t edge_admin_audit_list;
extern const edge_admin_argument_t edge_admin_audit_list_arguments[], edge_admin_audit_list_answer[];
/* The page's entries, into an array that is open. */
void edge_admin_audit_put(edge_json_t *json, const edge_audit_page_t *page);

/* admin_settings.c */
edge_admin_handler_t edge_admin_settings_list, edge_admin_settings_show, edge_admin_settings_change,
    edge_admin_settings_revert, edge_admin_settings_batch, edge_admin_settings_clear;
extern const edge_admin_argument_t edge_admin_settings_list_arguments[], edge_admin_settings_list_answer[],
    edge_admin_settings_change_body[], edge_admin_settings_batch_body[];

/* An array with one object per <Queue>. */
void edge_admin_queue_put_stats(edge_json_t *json);

#endif
