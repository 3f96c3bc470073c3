/*
 * Changing settings by request: the one way for all routes that do.
 *
 * Concept:  one change or several, all or none: keys and roles are looked at, If-Match is
 *           compared, the whole is tried on a snapshot made aside, kept, put in force, and
 *           told to the audit trail and to whoever watches. A dry run ends before anything
 *           is kept.
 * Owner:    the request's pool.
 * Threads:  the carrier's.
 * Lifetime: one call.
 * Errors:   answered as problems: 403, 404, 409, 412, 422, 500, 507; for values each with its pointer, and what a file would be
 *           told of it.
 */
#ifndef EDGE_CONTROL_SETTING_CHANGE_H
#define EDGE_CONTROL_SETTING_CHANGE_H

#include "control/setting_view.h"

typedef struct edge_setting_change {
    const char *key;
    const char *value;   /* as it would be written; NULL: back to what the files say */
    const char *pointer; /* where in the request it stands: "#/value" */
    const char *before;  /* what held, as it would be written; set when it was looked up */
} edge_setting_change_t;

typedef struct edge_setting_changing {
    const edge_admin_request_t *request;
    edge_admin_answer_t *answer;
    apr_array_header_t *changes; /* edge_setting_change_t */
    edge_mono_t lasts;           /* 0: until it is taken back */
    bool persistent;
    const char *tagged;        /* If-Match is of the setting of this key; NULL: of none */
    const char *tagged_prefix; /* or of all whose keys begin so; NULL: of none */
    apr_array_header_t *notes; /* const char *: further warnings, of the route's own; NULL: none */
    edge_conf_report_t report; /* what was said of it: warnings, when it was done */
} edge_setting_changing_t;

void edge_setting_changing_start(edge_setting_changing_t *changing, const edge_admin_request_t *request,
                                 edge_admin_answer_t *answer);
void edge_setting_changing_add(edge_setting_changing_t *changing, const char *key, const char *value,
                               const char *pointer);
/* False after a problem was answered. Else `after` is open: what holds now, or what would after a dry run. */
bool edge_setting_changing_run(edge_setting_changing_t *changing, edge_setting_view_t *after);
/* {"changes":[{"key","before","after","applies","sessions"}],"warnings":[...],"settings":[...]}, with the tag of a single one;
 * closes the view. */
void edge_setting_changing_answer(edge_setting_changing_t *changing, edge_setting_view_t *after);
/* Both at once. */
void edge_setting_changing_finish(edge_setting_changing_t *changing);
extern const edge_admin_argument_t edge_setting_changing_rows[];

/* A value of a body as it would be written for this setting; NULL: it takes no such thing. */
const char *edge_setting_value(const edge_setting_t *setting, const edge_json_value_t *json, apr_pool_t *pool);

#endif
