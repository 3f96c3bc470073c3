/* Admin routes about the configuration as a whole: shown, tested, reloaded. */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/admin_setting_priv.h"
#include "core/audit.h"
#include "core/conf_dump.h"
#include "core/operations.h"
#include "core/override_diff.h"

#define TEST_MOST EDGE_SECONDS(60)

/* Shown */

static const char *const view_words[] = {"effective", "file", "overrides", "defaults", NULL};
enum { VIEW_EFFECTIVE, VIEW_FILE, VIEW_OVERRIDES, VIEW_DEFAULTS };
static const char *const format_words[] = {"json", "conf", "diff", NULL};
enum { FORMAT_JSON, FORMAT_CONF, FORMAT_DIFF };
enum { SHOW_VIEW, SHOW_FORMAT };
const edge_admin_argument_t edge_admin_config_arguments[] = {
    [SHOW_VIEW] = {.name = "view",
                   .kind = EDGE_ADMIN_WORD,
                   .words = view_words,
                   .prose = "effective, as when nothing is said: what holds; file: what the files say; overrides; "
                            "defaults."},
    [SHOW_FORMAT] = {.name = "format",
                     .kind = EDGE_ADMIN_WORD,
                     .words = format_words,
                     .prose = "json; conf: as it would be written, with the origin of each line; diff, of overrides: a "
                              "unified diff of the files that would make them part of these."},
    {.name = NULL},
};
static const edge_admin_argument_t shown_rows[] = {
    {.name = "key", .kind = EDGE_ADMIN_TEXT, .prose = "Which setting."},
    {.name = "directive", .kind = EDGE_ADMIN_TEXT, .prose = "Its name in the files."},
    {.name = "text", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "Its value, as it would be written."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_config_answer[] = {
    {.name = "items", .kind = EDGE_ADMIN_LIST, .rows = shown_rows, .prose = "Settings, by section."},
    EDGE_ADMIN_LIST_ROWS,
    {.name = NULL},
};

static const char *text_in(const edge_setting_view_t *view, int index, unsigned which) {
    switch (which) {
    case VIEW_FILE: return edge_setting_view_file_text(view, index);
    case VIEW_DEFAULTS: return edge_setting_default(edge_setting_view_at(view, index), view->pool);
    default: return edge_setting_view_text(view, index);
    }
}

static void show_items(const edge_setting_view_t *view, unsigned which, edge_admin_answer_t *answer) {
    edge_json_t *json = edge_admin_json(answer);
    int64_t count = 0;
    edge_admin_list_start(answer);
    for (int i = 0; i < view->now->nelts; i++) {
        const edge_setting_t *setting = edge_setting_view_at(view, i);
        if (which == VIEW_OVERRIDES && edge_override_find(view->overrides, setting->key) == NULL) {
            continue;
        }
        edge_json_object(json);
        edge_json_put_string(json, "key", setting->key);
        edge_json_put_string(json, "directive", setting->row->name);
        edge_json_put_string(json, "text", text_in(view, i, which));
        edge_json_object_end(json);
        count++;
    }
    edge_admin_list_end(answer, NULL, count);
}

static void show_text(const edge_setting_view_t *view, unsigned which, edge_admin_answer_t *answer) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        edge_admin_problem(answer, 500, "no-memory", "There is no memory for the text.");
        return;
    }
    if (which == VIEW_OVERRIDES) {
        fputs(edge_override_write(view->overrides, false, view->pool), out);
    } else {
        edge_conf_dump_snapshot(which == VIEW_FILE ? view->base : view->current, edge_snapshot_server_root(view->base),
                                out, view->pool);
    }
    fclose(out);
    edge_admin_stream(answer, "text/plain; charset=utf-8");
    edge_admin_send(answer, edge_span(text, len));
    free(text);
}

void edge_admin_config_show(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    unsigned which = request->arguments[SHOW_VIEW].at != NULL ? (unsigned)request->numbers[SHOW_VIEW] : VIEW_EFFECTIVE;
    unsigned format =
        request->arguments[SHOW_FORMAT].at != NULL ? (unsigned)request->numbers[SHOW_FORMAT] : FORMAT_JSON;
    edge_setting_view_t view;
    if (format == FORMAT_DIFF && which != VIEW_OVERRIDES) {
        edge_admin_error(answer, 422, "?format", "unsafe-combination", "A diff is of view=overrides.");
        return;
    }
    if (format == FORMAT_CONF && which == VIEW_DEFAULTS) {
        edge_admin_error(answer, 422, "?format", "unsafe-combination", "Defaults are written nowhere: ask for json.");
        return;
    }
    edge_setting_view_open(&view, request->pool);
    if (format == FORMAT_CONF) {
        show_text(&view, which, answer);
    } else if (format == FORMAT_DIFF) {
        edge_admin_stream(answer, "text/x-diff; charset=utf-8");
        edge_admin_send(answer, edge_span_of(edge_override_diff(view.base, view.overrides, request->pool)));
    } else {
        show_items(&view, which, answer);
    }
    edge_setting_view_close(&view);
}

/* Tested */

static const edge_admin_argument_t diagnostic_rows[] = {
    {.name = "file", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL | EDGE_ADMIN_MISSING, .prose = "Where."},
    {.name = "line", .kind = EDGE_ADMIN_NUMBER, .may = EDGE_ADMIN_NULL | EDGE_ADMIN_MISSING, .prose = "From 1."},
    {.name = "column", .kind = EDGE_ADMIN_NUMBER, .may = EDGE_ADMIN_NULL | EDGE_ADMIN_MISSING, .prose = "From 1."},
    {.name = "severity", .kind = EDGE_ADMIN_TEXT, .prose = "error or warning."},
    {.name = "code", .kind = EDGE_ADMIN_TEXT, .prose = "\"EDG10021\"."},
    {.name = "message", .kind = EDGE_ADMIN_TEXT, .prose = "What is wrong."},
    {.name = "suggestion",
     .kind = EDGE_ADMIN_TEXT,
     .may = EDGE_ADMIN_NULL | EDGE_ADMIN_MISSING,
     .prose = "What to do."},
    {.name = "include_chain",
     .kind = EDGE_ADMIN_LIST,
     .may = EDGE_ADMIN_NULL | EDGE_ADMIN_MISSING,
     .prose = "By whom the file is included."},
    {.name = NULL},
};
const edge_admin_argument_t edge_admin_config_test_answer[] = {
    {.name = "ok", .kind = EDGE_ADMIN_SWITCH, .prose = "Whether a reload would take it."},
    {.name = "errors", .kind = EDGE_ADMIN_NUMBER, .prose = "How many."},
    {.name = "warnings", .kind = EDGE_ADMIN_NUMBER, .prose = "How many."},
    {.name = "files", .kind = EDGE_ADMIN_NUMBER, .prose = "How many were read."},
    {.name = "diagnostics", .kind = EDGE_ADMIN_LIST, .rows = diagnostic_rows, .prose = "All of them, in their order."},
    {.name = NULL},
};

static const edge_json_value_t *result_of(const edge_operation_t *operation, apr_pool_t *pool) {
    edge_span_t text = edge_span_copy(pool, edge_span(operation->result, operation->len));
    return edge_json_in_read(text, pool, NULL, NULL);
}

/* The files as they are, tested by the parent; NULL after a problem was answered. */
static const edge_json_value_t *test(const edge_admin_request_t *request, edge_admin_answer_t *answer, bool *good) {
    edge_operation_t *operation = apr_palloc(request->pool, sizeof *operation);
    uint64_t id = edge_operation_ask_in_turn(EDGE_OPERATION_TEST, request->who, TEST_MOST);
    const edge_json_value_t *result = NULL;
    if (id == 0) {
        edge_admin_problem(answer, 409, "conflict", "The configuration is being tested for somebody else.");
    } else if (!edge_operation_wait(id, TEST_MOST, operation) ||
               (result = result_of(operation, request->pool)) == NULL) {
        edge_admin_problem(answer, 500, "test-failed", "The test did not come to an end: see the error log.");
    }
    *good = result != NULL && operation->state == EDGE_OPERATION_DONE;
    return result;
}

static void put_result(edge_json_t *json, const edge_json_value_t *result) {
    static const char *const counts[] = {"errors", "warnings", "files"};
    const edge_json_value_t *diagnostics = edge_json_in_member(result, "diagnostics");
    for (unsigned i = 0; i < EDGE_COUNT(counts); i++) {
        edge_json_put_number(json, counts[i], edge_json_in_number(result, counts[i], 0));
    }
    edge_json_key(json, "diagnostics");
    if (diagnostics != NULL) {
        edge_json_raw(json, diagnostics->raw);
    } else {
        edge_json_array(json);
        edge_json_array_end(json);
    }
}

void edge_admin_config_test(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    bool good;
    const edge_json_value_t *result = test(request, answer, &good);
    if (result != NULL) {
        edge_json_t *json = edge_admin_json(answer);
        edge_json_object(json);
        edge_json_put_bool(json, "ok", good);
        put_result(json, result);
        edge_json_object_end(json);
    }
}

/* Reloaded */

const edge_admin_argument_t edge_admin_config_reload_answer[] = {
    {.name = "operation",
     .kind = EDGE_ADMIN_TEXT,
     .prose = "Its id: GET /api/v1/operations/{id} says what becomes of it."},
    {.name = NULL},
};

static void begin_reload(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    uint64_t id = edge_operation_ask(EDGE_OPERATION_RELOAD, request->who);
    if (id == 0) {
        edge_admin_problem(answer, 409, "conflict", "A reload is under way already.");
        return;
    }
    const char *text = apr_psprintf(request->pool, "%" APR_UINT64_T_FMT, id);
    edge_audit(request, "config.reload", "configuration", NULL, apr_pstrcat(request->pool, "operation ", text, NULL),
               "accepted");
    answer->location = apr_pstrcat(request->pool, "/api/v1/operations/", text, NULL);
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_string(json, "operation", text);
    edge_json_object_end(json);
}

void edge_admin_config_reload(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    bool good;
    const edge_json_value_t *result = test(request, answer, &good);
    if (result == NULL) {
        return;
    }
    if (good) {
        begin_reload(request, answer);
        return;
    }
    edge_audit(request, "config.reload", "configuration", NULL, NULL, "config-invalid");
    edge_admin_problem(answer, 422, "config-invalid", "The files have errors; what runs goes on.");
    put_result(edge_admin_json(answer), result);
}

/* Operations */

const edge_admin_argument_t edge_admin_operation_answer[] = {
    {.name = "id", .kind = EDGE_ADMIN_TEXT, .prose = "Its id."},
    {.name = "kind", .kind = EDGE_ADMIN_TEXT, .prose = "test or reload."},
    {.name = "state", .kind = EDGE_ADMIN_TEXT, .prose = "running, done or failed."},
    {.name = "who", .kind = EDGE_ADMIN_TEXT, .prose = "Who asked for it."},
    {.name = "at", .kind = EDGE_ADMIN_TIME, .prose = "When."},
    {.name = "ended", .kind = EDGE_ADMIN_TIME, .may = EDGE_ADMIN_NULL, .prose = "When it was over."},
    {.name = "result",
     .kind = EDGE_ADMIN_OBJECT,
     .may = EDGE_ADMIN_NULL,
     .prose = "What came of it; of a reload: generation, and dropped: the overrides that have ended with it, with key, "
              "value, file_value, by and why; dropped_count: how many they are."},
    {.name = NULL},
};

void edge_admin_operation(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_operation_t *operation = apr_palloc(request->pool, sizeof *operation);
    uint64_t id;
    if (!edge_span_number(request->pieces[0], &id) || !edge_operation_get(id, operation)) {
        edge_admin_problem(answer, 404, "not-found", "There is no such operation, or it is long over.");
        return;
    }
    const edge_json_value_t *result = operation->len > 0 ? result_of(operation, request->pool) : NULL;
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_text(json, "id", request->pieces[0], 0);
    edge_json_put_string(json, "kind", operation->kind == EDGE_OPERATION_TEST ? "test" : "reload");
    edge_json_put_string(json, "state",
                         operation->state == EDGE_OPERATION_DONE     ? "done"
                         : operation->state == EDGE_OPERATION_FAILED ? "failed"
                                                                     : "running");
    edge_json_put_string(json, "who", operation->who);
    edge_admin_put_time(json, "at", operation->at);
    edge_admin_put_time(json, "ended", operation->ended);
    edge_json_key(json, "result");
    if (result != NULL) {
        edge_json_raw(json, result->raw);
    } else {
        edge_json_null(json);
    }
    edge_json_object_end(json);
}
