/* Rows of the admin's routes about settings and configuration. */
#include "control/admin_setting_priv.h"

#define CHANGES (EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_NEEDS_MATCH | EDGE_ADMIN_DRY_RUN)

#define BANNER(at, whose)                                                                                             \
    {.method = "GET",                                                                                                 \
     .path = at,                                                                                                      \
     .role = EDGE_ADMIN_READ,                                                                                         \
     .handler = edge_admin_banner_show,                                                                               \
     .answer = edge_admin_banner_answer,                                                                              \
     .prose = "The banner " whose "."},                                                                               \
    {                                                                                                                 \
        .method = "PUT", .path = at, .role = EDGE_ADMIN_ADMIN, .handler = edge_admin_banner_change, .flags = CHANGES, \
        .body = edge_admin_banner_body, .answer = edge_setting_changing_rows, .prose = "Sets the banner " whose "."   \
    }

#define LIMITS(at, whose)                                                                             \
    {.method = "GET",                                                                                 \
     .path = at,                                                                                      \
     .role = EDGE_ADMIN_READ,                                                                         \
     .handler = edge_admin_limits_show,                                                               \
     .answer = edge_admin_limits_answer,                                                              \
     .prose = "Sizes, numbers and times " whose "."},                                                 \
    {                                                                                                 \
        .method = "PATCH", .path = at, .role = EDGE_ADMIN_ADMIN, .handler = edge_admin_limits_change, \
        .flags = CHANGES, .body = edge_admin_limits_body, .answer = edge_setting_changing_rows,       \
        .prose = "Changes sizes, numbers and times " whose ": all that are named, or none."           \
    }

const edge_admin_route_t edge_admin_setting_routes[] = {
    BANNER("/api/v1/banner", "of listeners without one of their own"),
    BANNER("/api/v1/listeners/{listener}/banner", "of one listener"),
    LIMITS("/api/v1/limits", "of the server, and of listeners without their own"),
    LIMITS("/api/v1/listeners/{listener}/limits", "of one listener"),
    {.method = "GET",
     .path = "/api/v1/listeners/{listener}/auth",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_auth_show,
     .answer = edge_admin_auth_answer,
     .prose = "Whether clients may or must authenticate there, and how."},
    {.method = "PATCH",
     .path = "/api/v1/listeners/{listener}/auth",
     .role = EDGE_ADMIN_ADMIN,
     .handler = edge_admin_auth_change,
     .flags = CHANGES,
     .body = edge_admin_auth_body,
     .answer = edge_setting_changing_rows,
     .prose = "Switches mechanisms of AUTH on and off, for sessions to come."},
    {.method = "GET",
     .path = "/api/v1/log/levels",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_levels_show,
     .answer = edge_admin_levels_answer,
     .prose = "How much goes to the error log, by area."},
    {.method = "PUT",
     .path = "/api/v1/log/levels",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_levels_change,
     .flags = EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_DRY_RUN,
     .body = edge_admin_levels_body,
     .answer = edge_setting_changing_rows,
     .prose = "Sets the level of one area for a while."},
    {.method = "GET",
     .path = "/api/v1/config",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_config_show,
     .arguments = edge_admin_config_arguments,
     .answer = edge_admin_config_answer,
     .prose = "The configuration: what holds, what the files say, what was changed, or the defaults."},
    {.method = "GET",
     .path = "/api/v1/config/drift",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_drift,
     .answer = edge_admin_drift_answer,
     .prose = "What differs: settings that were changed, files that were edited and not reloaded, older generations."},
    {.method = "POST",
     .path = "/api/v1/config/test",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_config_test,
     .answer = edge_admin_config_test_answer,
     .prose = "Tests the files as they are on disk, as a reload would read them."},
    {.method = "POST",
     .path = "/api/v1/config/reload",
     .role = EDGE_ADMIN_OPERATE,
     .handler = edge_admin_config_reload,
     .flags = EDGE_ADMIN_TAKES_REASON | EDGE_ADMIN_ACCEPTED,
     .answer = edge_admin_config_reload_answer,
     .prose = "Tests the files and puts them into force without losing a connection; it goes on after the answer."},
    {.method = "GET",
     .path = "/api/v1/config/generations",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_generations,
     .answer = edge_admin_generations_answer,
     .prose = "The configurations that have served, or were refused, newest first."},
    {.method = "GET",
     .path = "/api/v1/operations/{id}",
     .role = EDGE_ADMIN_READ,
     .handler = edge_admin_operation,
     .answer = edge_admin_operation_answer,
     .prose = "What has become of something that goes on after its answer."},
    {.path = NULL},
};
