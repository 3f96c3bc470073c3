/* Admin routes about log levels: settings of their own, which end by themselves. */
#include <apr_strings.h>

#include "control/admin_setting_priv.h"

static const edge_admin_argument_t level_rows[] = {
    {.name = "area",
     .kind = EDGE_ADMIN_TEXT,
     .prose = "As LogLevel names it; default: all that have no level of their own."},
    {.name = "level", .kind = EDGE_ADMIN_TEXT, .prose = "What holds."},
    {.name = "file_level", .kind = EDGE_ADMIN_TEXT, .prose = "What the files say."},
    {.name = "until", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "When it goes back to that."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_levels_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = level_rows, .prose = "Areas of the log."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};

void edge_admin_levels_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_setting_view_t view;
    int64_t count = 0;
    edge_setting_view_open(&view, request->pool);
    edge_admin_list_start(answer);
    for (int i = 0; i < view.now->nelts; i++) {
        const edge_setting_t *setting = edge_setting_view_at(&view, i);
        const edge_override_t *one = edge_override_find(view.overrides, setting->key);
        if (setting->kind != EDGE_SETTING_LEVEL) {
            continue;
        }
        edge_json_object(json);
        edge_json_put_string(json, "area", setting->area != NULL ? setting->area : "default");
        edge_json_put_string(json, "level", edge_setting_view_text(&view, i));
        edge_json_put_string(json, "file_level", edge_setting_view_file_text(&view, i));
        edge_admin_put_time(json, "until", one != NULL ? one->until : 0);
        edge_json_object_end(json);
        count++;
    }
    edge_admin_list_end(answer, NULL, count);
    edge_setting_view_close(&view);
}

static const char *const level_words[] = {"emerg", "error", "warn", "notice", "info", "debug", "trace", NULL};
#define LEVEL_LASTS EDGE_SECONDS(900)
enum { LEVEL_AREA, LEVEL_LEVEL, LEVEL_TTL };
const edge_admin_argument_t edge_admin_levels_body[] = {
    [LEVEL_AREA] = {.name = "area", .kind = EDGE_ADMIN_TEXT, .required = true, .prose = "As it is listed."},
    [LEVEL_LEVEL] = {.name = "level",
                     .kind = EDGE_ADMIN_WORD,
                     .words = level_words,
                     .required = true,
                     .prose = "From emerg, the least, to trace."},
    [LEVEL_TTL] = {.name = "ttl",
                   .kind = EDGE_ADMIN_SECONDS,
                   .min = 1000000,
                   .max = 2592000000000ULL,
                   .prose = "Seconds until it goes back by itself; 900 when not given."},
    {.name = NULL},
};

void edge_admin_levels_change(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_setting_changing_t changing;
    edge_setting_changing_start(&changing, request, answer);
    edge_setting_changing_add(&changing, apr_pstrcat(request->pool, "log.", request->values[LEVEL_AREA].text.at, NULL),
                              level_words[request->values[LEVEL_LEVEL].number], "#/area");
    changing.lasts =
        request->values[LEVEL_TTL].json != NULL ? (edge_mono_t)request->values[LEVEL_TTL].number : LEVEL_LASTS;
    edge_setting_changing_finish(&changing);
}
