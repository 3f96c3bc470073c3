/*
 * Settings as they are shown: what holds, what the files say, who has changed it.
 *
 * Concept:  a view is the list of overrides with the snapshot made of it and the one of
 *           the files, taken in one moment. Its settings stand in one order in both.
 * Owner:    the caller; a view holds both snapshots until it is closed.
 * Threads:  one.
 * Lifetime: of the pool.
 * Errors:   none.
 */
#ifndef EDGE_CONTROL_SETTING_VIEW_H
#define EDGE_CONTROL_SETTING_VIEW_H

#include "core/overrides.h"
#include "core/setting.h"
#include "edge_admin.h"

typedef struct edge_setting_view {
    apr_pool_t *pool;
    edge_snapshot_t *current, *base;
    apr_array_header_t *overrides;
    apr_array_header_t *now, *written; /* edge_setting_t, of `current` and of `base` */
} edge_setting_view_t;

void edge_setting_view_open(edge_setting_view_t *view, apr_pool_t *pool);
/* Of an edit: what its list has come to when it was tried, else what is published. */
void edge_setting_view_of(edge_setting_view_t *view, const edge_overrides_edit_t *edit);
void edge_setting_view_close(edge_setting_view_t *view);

/* -1: there is none of that key. */
int edge_setting_view_find(const edge_setting_view_t *view, const char *key);
const edge_setting_t *edge_setting_view_at(const edge_setting_view_t *view, int index);
/* As they would be written; NULL: nothing. */
const char *edge_setting_view_text(const edge_setting_view_t *view, int index);
const char *edge_setting_view_file_text(const edge_setting_view_t *view, int index);
/* "default", "file", "override" */
const char *edge_setting_view_origin(const edge_setting_view_t *view, int index);
/* With quotes. Of one setting; of several, those whose keys begin so (all: ""). */
const char *edge_setting_view_etag(const edge_setting_view_t *view, int index);
const char *edge_setting_view_etag_of(const edge_setting_view_t *view, const char *prefix);

/* An object. */
void edge_setting_view_put(edge_json_t *json, const edge_setting_view_t *view, int index);
/* "immediately", "next_command" ... */
const char *edge_setting_applies(edge_conf_when_t when);
/* Rows of that object, for descriptions of answers. */
extern const edge_admin_argument_t edge_setting_rows[];

#endif
