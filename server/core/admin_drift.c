/* Admin routes about what differs: from the files in force, of the files on disk, of older generations. */
#include <apr_strings.h>

#include "core/admin_setting_priv.h"
#include "core/drift.h"
#include "core/listener_counters.h"
#include "core/operations.h"
#include "core/session.h"
#include "edge_counter.h"

static const edge_admin_argument_t unloaded_rows[] = {
    {.name = "changed", .kind = EDGE_ADMIN_SWITCH, .prose = "Whether a reload would read something else."},
    {.name = "files", .kind = EDGE_ADMIN_TEXTS, .prose = "What differs, in words."},
    {.name = "since", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "When a file was edited last."},
    {.name = NULL},
};
static const edge_admin_argument_t skewed_row[] = {
    {.name = "generation", .kind = EDGE_ADMIN_NUMBER, .prose = "Its number."},
    {.name = "sessions", .kind = EDGE_ADMIN_NUMBER, .prose = "Open under it."},
    {.name = NULL},
};
static const edge_admin_argument_t skewed_rows[] = {
    {.name = "generations",
     .kind = EDGE_ADMIN_LIST,
     .rows = skewed_row,
     .prose = "This one; and, while they finish their sessions, older ones together under the number before it."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_drift_answer[] = {
    {.name = "overridden",
     .kind = EDGE_ADMIN_LIST,
     .rows = edge_setting_rows,
     .prose = "Settings that were changed while running."},
    {.name = "unloaded", .kind = EDGE_ADMIN_OBJECT, .rows = unloaded_rows, .prose = "Files that were edited since."},
    {.name = "skewed", .kind = EDGE_ADMIN_OBJECT, .rows = skewed_rows, .prose = "Who serves under what."},
    {.name = NULL},
};

static void put_overridden(edge_json_t *json, apr_pool_t *pool) {
    edge_setting_view_t view;
    edge_setting_view_open(&view, pool);
    edge_json_key(json, "overridden");
    edge_json_array(json);
    for (int i = 0; i < view.now->nelts; i++) {
        if (edge_override_find(view.overrides, edge_setting_view_at(&view, i)->key) != NULL) {
            edge_setting_view_put(json, &view, i);
        }
    }
    edge_json_array_end(json);
    edge_setting_view_close(&view);
}

static void put_unloaded(edge_json_t *json, apr_pool_t *pool) {
    apr_time_t since;
    const apr_array_header_t *differences = edge_drift_look(&since, pool);
    edge_json_key(json, "unloaded");
    edge_json_object(json);
    edge_json_put_bool(json, "changed", differences->nelts > 0);
    edge_json_key(json, "files");
    edge_json_array(json);
    for (int i = 0; i < differences->nelts; i++) {
        edge_json_text(json, edge_span_of(APR_ARRAY_IDX(differences, i, edge_conf_difference_t).text), 0);
    }
    edge_json_array_end(json);
    edge_admin_put_time(json, "since", since);
    edge_json_object_end(json);
}

static void put_generation(edge_json_t *json, uint64_t generation, int64_t sessions) {
    edge_json_object(json);
    edge_json_put_number(json, "generation", (int64_t)generation);
    edge_json_put_number(json, "sessions", sessions);
    edge_json_object_end(json);
}

/* The gauge counts the sessions of all children. */
static int64_t sessions_elsewhere(void) {
    int64_t others = edge_listener_counted(NULL, EDGE_LC_ACTIVE, -1) - (int64_t)edge_sessions_open();
    return others > 0 ? others : 0;
}

void edge_admin_drift(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    edge_snapshot_t *snapshot = edge_snapshot_current();
    uint64_t generation = edge_snapshot_generation(snapshot);
    int64_t others = sessions_elsewhere();
    edge_snapshot_drop(snapshot);
    edge_json_object(json);
    put_overridden(json, request->pool);
    put_unloaded(json, request->pool);
    edge_json_key(json, "skewed");
    edge_json_object(json);
    edge_json_key(json, "generations");
    edge_json_array(json);
    put_generation(json, generation, edge_sessions_open());
    if (others > 0) {
        put_generation(json, generation - 1, others);
    }
    edge_json_array_end(json);
    edge_json_object_end(json);
    edge_json_object_end(json);
}

/* Generations */

static const edge_admin_argument_t generation_rows[] = {
    {.name = "generation", .kind = EDGE_ADMIN_NUMBER, .prose = "Its number; a refused one may have none of its own."},
    {.name = "at", .kind = EDGE_ADMIN_TIME, .prose = "When it began to serve, or was refused."},
    {.name = "who", .kind = EDGE_ADMIN_TEXT, .prose = "start, signal, crash, or who asked for the reload."},
    {.name = "result", .kind = EDGE_ADMIN_TEXT, .prose = "serving or refused."},
    {.name = "files", .kind = EDGE_ADMIN_NUMBER, .prose = "How many files it was read from."},
    {.name = "sessions",
     .kind = EDGE_ADMIN_NUMBER,
     .may = EDGE_ADMIN_NULL,
     .prose = "Open under it; null of those that are not the one that answers."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_generations_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = generation_rows, .prose = "The newest first, 20 at most."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};

void edge_admin_generations(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_generation_t past[EDGE_GENERATIONS_MOST];
    edge_json_t *json = edge_admin_json(answer);
    edge_snapshot_t *snapshot = edge_snapshot_current();
    uint64_t own = edge_snapshot_generation(snapshot);
    unsigned count = edge_generations_list(past);
    (void)request;
    edge_snapshot_drop(snapshot);
    edge_admin_list_start(answer);
    for (unsigned i = 0; i < count; i++) {
        bool serves = past[i].generation == own && strcmp(past[i].result, "serving") == 0;
        edge_json_object(json);
        edge_json_put_number(json, "generation", (int64_t)past[i].generation);
        edge_admin_put_time(json, "at", past[i].at);
        edge_json_put_string(json, "who", past[i].who);
        edge_json_put_string(json, "result", past[i].result);
        edge_json_put_number(json, "files", past[i].files);
        edge_json_key(json, "sessions");
        serves ? edge_json_number(json, edge_sessions_open()) : edge_json_null(json);
        edge_json_object_end(json);
    }
    edge_admin_list_end(answer, NULL, count);
}
