/* Admin routes about what differs: from the files in force, of the files on disk, of older generations. */
#include <apr_strings.h>
#include <pthread.h>

#include "control/admin_setting_priv.h"
#include "core/drift.h"
#include "core/listener_counters.h"
#include "core/operations.h"
#include "core/override_diff.h"
#include "core/session.h"
#include "edge_counter.h"
#include "edge_keyed_hash.h"

#define TEST_MOST EDGE_SECONDS(10)
#define TEST_FRESH EDGE_SECONDS(60)

static const edge_admin_argument_t tested_rows[] = {
    {.name = "errors", .kind = EDGE_ADMIN_NUMBER, .prose = "How many; 0: a reload would take it."},
    {.name = "warnings", .kind = EDGE_ADMIN_NUMBER, .prose = "How many."},
    {.name = NULL},
};
static const edge_admin_argument_t unloaded_rows[] = {
    {.name = "changed", .kind = EDGE_ADMIN_SWITCH, .prose = "Whether a reload would read something else."},
    {.name = "files", .kind = EDGE_ADMIN_TEXTS, .prose = "What differs, in words."},
    {.name = "since", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "When a file was edited last."},
    {.name = "test",
     .kind = EDGE_ADMIN_OBJECT,
     .rows = tested_rows,
     .may = EDGE_ADMIN_NULL,
     .prose =
         "What a test says of the files as they are now; null when nothing differs, or it cannot be tested just now."},
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
    {.name = "diff",
     .kind = EDGE_ADMIN_TEXT,
     .prose = "What of the loaded files would have to be edited to say the same, as a unified diff; empty: nothing."},
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
    edge_json_put_string(json, "diff", edge_override_diff(view.base, view.overrides, pool));
    edge_setting_view_close(&view);
}

/* The last test of files that differ, and which difference that was. */
static struct {
    pthread_mutex_t lock;
    uint64_t what;
    edge_mono_t at; /* 0: never */
    int64_t errors, warnings;
} tested = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t fingerprint(const apr_array_header_t *differences, apr_time_t since, apr_pool_t *pool) {
    const char *text = apr_psprintf(pool, "%" APR_TIME_T_FMT, since);
    for (int i = 0; i < differences->nelts; i++) {
        text = apr_pstrcat(pool, text, "\n", APR_ARRAY_IDX(differences, i, edge_conf_difference_t).text, NULL);
    }
    return edge_keyed_hash((edge_keyed_hash_t){{0, 0}}, edge_span_of(text)).bits[0];
}

/* By the parent; false: it did not come to an end. */
static bool test_files(apr_pool_t *pool) {
    edge_operation_t *operation = apr_palloc(pool, sizeof *operation);
    uint64_t id = edge_operation_ask_in_turn(EDGE_OPERATION_TEST, "edged", TEST_MOST);
    if (id == 0 || !edge_operation_wait(id, TEST_MOST, operation) || operation->len == 0) {
        return false;
    }
    const edge_json_value_t *result = edge_json_in_read(edge_span(operation->result, operation->len), pool, NULL, NULL);
    tested.errors = edge_json_in_number(result, "errors", -1);
    tested.warnings = edge_json_in_number(result, "warnings", 0);
    return tested.errors >= 0;
}

/* Whoever looks often has the files tested when they were edited again, and once a minute. */
static void put_tested(edge_json_t *json, uint64_t what, apr_pool_t *pool) {
    edge_mono_t now = edge_clock_mono();
    pthread_mutex_lock(&tested.lock);
    bool known = tested.at != 0 && tested.what == what && now - tested.at < TEST_FRESH;
    if (!known && test_files(pool)) {
        known = true;
        tested.what = what;
        tested.at = now;
    }
    int64_t errors = tested.errors, warnings = tested.warnings;
    pthread_mutex_unlock(&tested.lock);
    if (!known) {
        edge_json_null(json);
        return;
    }
    edge_json_object(json);
    edge_json_put_number(json, "errors", errors);
    edge_json_put_number(json, "warnings", warnings);
    edge_json_object_end(json);
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
    edge_json_key(json, "test");
    if (differences->nelts > 0) {
        put_tested(json, fingerprint(differences, since, pool), pool);
    } else {
        edge_json_null(json);
    }
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
    {.name = "dropped", .kind = EDGE_ADMIN_NUMBER, .prose = "Overrides that ended with it: the audit trail has them."},
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
        edge_json_put_number(json, "dropped", past[i].dropped);
        edge_json_key(json, "sessions");
        serves ? edge_json_number(json, edge_sessions_open()) : edge_json_null(json);
        edge_json_object_end(json);
    }
    edge_admin_list_end(answer, NULL, count);
}
