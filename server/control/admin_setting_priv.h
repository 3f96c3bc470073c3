/* What the files of the admin routes about settings share. */
#ifndef EDGE_CONTROL_ADMIN_SETTING_PRIV_H
#define EDGE_CONTROL_ADMIN_SETTING_PRIV_H

#include "control/admin_priv.h"
#include "control/setting_change.h"
#include "edge_session.h"

/* Two members that every change takes: how long, and what it outlives. */
extern const char *const edge_admin_persistence_words[];
#define EDGE_ADMIN_SETTING_TAIL(first)                                                                    \
    [first] = {.name = "for",                                                                             \
               .kind = EDGE_ADMIN_SECONDS,                                                                \
               .min = 1000000,                                                                            \
               .max = 31536000000000ULL,                                                                  \
               .prose = "Seconds until it ends by itself; without it, it lasts until it is taken back."}, \
    [(first) + 1] = {                                                                                     \
        .name = "persistence",                                                                            \
        .kind = EDGE_ADMIN_WORD,                                                                          \
        .words = edge_admin_persistence_words,                                                            \
        .prose = "What the change outlives: a reload, or with persistent, which needs role admin, a restart too."}
/* `tail` is the first of the two. */
void edge_admin_setting_tail(edge_setting_changing_t *changing, const edge_admin_value_t *tail);

/* "listener.mx.", of the path's first piece; "" for the server's routes, which have none. */
const char *edge_admin_setting_prefix(const edge_admin_request_t *request);
/* NULL: there is none of that name. */
const edge_listener_t *edge_admin_setting_listener(const edge_admin_request_t *request,
                                                   const edge_snapshot_t *snapshot);
/* Opens a view; false after a problem was answered: there is no such listener. */
bool edge_admin_setting_open(const edge_admin_request_t *request, edge_admin_answer_t *answer,
                             edge_setting_view_t *view);

/* admin_config.c, admin_drift.c */
extern edge_admin_handler_t edge_admin_config_show, edge_admin_config_test, edge_admin_config_reload,
    edge_admin_operation, edge_admin_drift, edge_admin_generations;
extern const edge_admin_argument_t edge_admin_config_arguments[], edge_admin_config_answer[],
    edge_admin_config_test_answer[], edge_admin_config_reload_answer[], edge_admin_operation_answer[],
    edge_admin_drift_answer[], edge_admin_generations_answer[];

extern edge_admin_handler_t edge_admin_banner_show, edge_admin_banner_change, edge_admin_limits_show,
    edge_admin_limits_change, edge_admin_auth_show, edge_admin_auth_change, edge_admin_levels_show,
    edge_admin_levels_change;
extern const edge_admin_argument_t edge_admin_banner_answer[], edge_admin_banner_body[], edge_admin_limits_answer[],
    edge_admin_limits_body[], edge_admin_auth_answer[], edge_admin_auth_body[], edge_admin_levels_answer[],
    edge_admin_levels_body[];

#endif
