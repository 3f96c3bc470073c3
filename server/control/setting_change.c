/* Changes settings for whoever asks by a request. */
#include "control/setting_change.h"

#include <apr_strings.h>

#include "core/audit.h"
#include "core/conf_value.h"
#include "core/session.h"
#include "edge_event.h"
#include "edge_log.h"

extern edge_log_area_t edge_overrides_log;

void edge_setting_changing_start(edge_setting_changing_t *changing, const edge_admin_request_t *request,
                                 edge_admin_answer_t *answer) {
    *changing = (edge_setting_changing_t){
        .request = request,
        .answer = answer,
        .changes = apr_array_make(request->pool, 4, sizeof(edge_setting_change_t)),
    };
}

void edge_setting_changing_add(edge_setting_changing_t *changing, const char *key, const char *value,
                               const char *pointer) {
    *(edge_setting_change_t *)apr_array_push(changing->changes) = (edge_setting_change_t){key, value, pointer, NULL};
}

static edge_setting_change_t *change_at(const edge_setting_changing_t *changing, int index) {
    return &APR_ARRAY_IDX(changing->changes, index, edge_setting_change_t);
}

/* What is asked for */

static bool find_keys(edge_setting_changing_t *changing, const edge_setting_view_t *view) {
    for (int i = 0; i < changing->changes->nelts; i++) {
        edge_setting_change_t *change = change_at(changing, i);
        int index = edge_setting_view_find(view, change->key);
        if (index < 0) {
            edge_admin_error(changing->answer, 404, change->pointer, "not-found", "There is no setting \"%s\".",
                             change->key);
            return false;
        }
        change->before = edge_setting_view_text(view, index);
        if (!change->value && !edge_override_find(view->overrides, change->key)) {
            edge_admin_error(changing->answer, 404, change->pointer, "not-overridden",
                             "\"%s\" is as the files say already.", change->key);
            return false;
        }
    }
    return true;
}

/* Whoever operates may loosen what a validator does, or go back to what is written, and choose what is logged. */
static edge_admin_role_t role_for(const edge_setting_changing_t *changing, const edge_setting_t *setting,
                                  const edge_setting_change_t *change) {
    if (changing->persistent && change->value)
        return EDGE_ADMIN_ADMIN;
    if (setting->kind == EDGE_SETTING_LEVEL)
        return EDGE_ADMIN_OPERATE;
    bool loosens =
        setting->kind == EDGE_SETTING_MODE && (!change->value || setting->binding->written == EDGE_MODE_ENFORCE ||
                                               edge_setting_mode(edge_span_of(change->value)) != EDGE_MODE_ENFORCE);
    return loosens ? EDGE_ADMIN_OPERATE : EDGE_ADMIN_ADMIN;
}

static bool check_roles(edge_setting_changing_t *changing, const edge_setting_view_t *view) {
    for (int i = 0; i < changing->changes->nelts; i++) {
        const edge_setting_change_t *change = change_at(changing, i);
        const edge_setting_t *setting = edge_setting_view_at(view, edge_setting_view_find(view, change->key));
        edge_admin_role_t needed = role_for(changing, setting, change);
        if (changing->request->role >= needed)
            continue;
        edge_admin_error(changing->answer, 403, change->pointer, "role-required",
                         "To set %s to %s needs the role \"%s\"; yours is \"%s\".", change->key,
                         change->value ? change->value : "what the files say", edge_admin_role_name(needed),
                         edge_admin_role_name(changing->request->role));
        return false;
    }
    return true;
}

static bool check_persistence(edge_setting_changing_t *changing) {
    if (!changing->persistent || edge_overrides_may_persist())
        return true;
    edge_admin_error(changing->answer, 422, "#/persistence", "persistence-forbidden",
                     "Overrides none in <Admin>: no change outlives a restart.");
    return false;
}

static void put_current(edge_setting_changing_t *changing, const edge_setting_view_t *view) {
    edge_json_t *json = edge_admin_json(changing->answer);
    edge_json_key(json, "current");
    if (changing->tagged) {
        edge_setting_view_put(json, view, edge_setting_view_find(view, changing->tagged));
        return;
    }
    edge_json_array(json);
    for (int i = 0; i < changing->changes->nelts; i++)
        edge_setting_view_put(json, view, edge_setting_view_find(view, change_at(changing, i)->key));
    edge_json_array_end(json);
}

static bool check_match(edge_setting_changing_t *changing, const edge_setting_view_t *view) {
    if (!changing->tagged && !changing->tagged_prefix)
        return true;
    const char *tag = changing->tagged ? edge_setting_view_etag(view, edge_setting_view_find(view, changing->tagged))
                                       : edge_setting_view_etag_of(view, changing->tagged_prefix);
    if (edge_admin_matches(changing->request, tag, changing->answer))
        return true;
    put_current(changing, view);
    return false;
}

/* Doing it */

static void apply_change(edge_setting_changing_t *changing, const edge_setting_view_t *view,
                         const edge_setting_change_t *change, edge_overrides_edit_t *edit) {
    int index = edge_setting_view_find(view, change->key);
    const edge_setting_t *setting = edge_setting_view_at(view, index);
    const char *written = edge_setting_view_file_text(view, index);
    bool back = !change->value || (setting->kind == EDGE_SETTING_MODE && strcasecmp(change->value, written) == 0);
    if (back) {
        edit->list = edge_override_without(edit->list, change->key, edit->pool);
        return;
    }
    apr_time_t now = edge_clock_read().wall;
    edge_override_t one = {
        .key = change->key,
        .value = change->value,
        .by = changing->request->who,
        .at = now,
        .reason = changing->request->reason.len ? changing->request->reason.at : NULL,
        .until = changing->lasts ? now + changing->lasts : 0,
        .persistent = changing->persistent,
        .over = written,
        .sections = edge_setting_sections(setting, edit->pool),
        .before = edge_setting_before(setting, edit->pool),
    };
    edit->list = edge_override_with(edit->list, &one, edit->pool);
}

static const char *problem_code(const char *code) {
    return strcmp(code, "EDG10032") == 0   ? "limit-out-of-range"
           : strcmp(code, "EDG10341") == 0 ? "not-mutable"
                                           : "invalid-value";
}

/* The change that a diagnostic is about; the first when it is about none. */
static const edge_setting_change_t *change_of(const edge_setting_changing_t *changing,
                                              const edge_conf_diagnostic_t *said) {
    const char *key = edge_derive_key(said);
    for (int i = 0; key && i < changing->changes->nelts; i++)
        if (strcmp(change_at(changing, i)->key, key) == 0)
            return change_at(changing, i);
    return change_at(changing, 0);
}

static void put_details(edge_json_t *json, const edge_setting_view_t *view, const edge_setting_change_t *change,
                        const edge_conf_diagnostic_t *said) {
    const edge_setting_t *setting = edge_setting_view_at(view, edge_setting_view_find(view, change->key));
    edge_json_put_string(json, "key", change->key);
    edge_json_put_string(json, "directive", setting->row->name);
    edge_json_put_string(json, "got", change->value);
    edge_json_put_string(json, "usage", setting->row->usage);
    edge_json_put_string(json, "diagnostic", said->code);
    edge_json_put_string(json, "suggestion", said->advice);
}

static void answer_errors(edge_setting_changing_t *changing, const edge_setting_view_t *view) {
    for (const edge_conf_diagnostic_t *said = changing->report.first; said; said = said->next) {
        const edge_setting_change_t *change = change_of(changing, said);
        if (!said->error)
            continue;
        edge_admin_error(changing->answer, 422, change->pointer, problem_code(said->code), "%s", said->text);
        put_details(edge_admin_error_json(changing->answer), view, change, said);
    }
}

static bool is_forced(const edge_setting_changing_t *changing) {
    return edge_span_equal(changing->request->if_match, edge_span_of("*"));
}

static void tell_event(const edge_setting_changing_t *changing, const edge_setting_change_t *change,
                       const char *after) {
    edge_json_t json;
    edge_json_start(&json, changing->request->pool, 512);
    edge_json_object(&json);
    edge_json_put_string(&json, "change", "setting");
    edge_json_put_string(&json, "key", change->key);
    edge_json_put_string(&json, "before", change->before);
    edge_json_put_string(&json, "after", after);
    edge_json_put_string(&json, "by", changing->request->who);
    edge_json_object_end(&json);
    edge_event("config", edge_span(json.text, json.len));
}

static void tell(const edge_setting_changing_t *changing, const edge_setting_view_t *after) {
    for (int i = 0; i < changing->changes->nelts; i++) {
        const edge_setting_change_t *change = change_at(changing, i);
        const char *text = edge_setting_view_text(after, edge_setting_view_find(after, change->key));
        EDGE_LOG(&edge_overrides_log, EDGE_LOG_NOTICE, 1256, "%s is %s now, was %s; set by %s%s%s", change->key,
                 text ? text : "none", change->before ? change->before : "none", changing->request->who,
                 changing->request->reason.len ? ": " : "",
                 changing->request->reason.len ? changing->request->reason.at : "");
        edge_audit(changing->request, change->value ? "setting.change" : "setting.revert", change->key, change->before,
                   text, is_forced(changing) ? "done, forced" : "done");
        tell_event(changing, change, text);
    }
}

static bool is_asked_well(edge_setting_changing_t *changing, const edge_setting_view_t *view) {
    return find_keys(changing, view) && check_roles(changing, view) && check_persistence(changing) &&
           check_match(changing, view);
}

/* Within the edit: true when it is to be kept. */
static bool prepare(edge_setting_changing_t *changing, edge_overrides_edit_t *edit) {
    edge_setting_view_t before;
    edge_setting_view_of(&before, edit);
    bool good = is_asked_well(changing, &before);
    for (int i = 0; good && i < changing->changes->nelts; i++)
        apply_change(changing, &before, change_at(changing, i), edit);
    if (good && !edge_overrides_try(edit)) {
        changing->report = edit->report;
        answer_errors(changing, &before);
        good = false;
    }
    changing->report = edit->report;
    edge_setting_view_close(&before);
    return good;
}

static bool keep(edge_setting_changing_t *changing, edge_overrides_edit_t *edit) {
    apr_status_t status = edge_overrides_commit(edit);
    char text[128];
    if (status == APR_SUCCESS)
        return true;
    edge_admin_problem(changing->answer, status == APR_ENOSPC ? 507 : 500, "not-kept",
                       "Nothing was changed: it cannot be kept: %s.", apr_strerror(status, text, sizeof(text)));
    return false;
}

bool edge_setting_changing_run(edge_setting_changing_t *changing, edge_setting_view_t *after) {
    edge_overrides_edit_t edit;
    if (!edge_overrides_begin(&edit, changing->request->pool)) {
        edge_admin_elsewhere(changing->answer, "Another generation of the server has taken over: ask again.");
        return false;
    }
    if (!prepare(changing, &edit)) {
        edge_overrides_abandon(&edit);
        return false;
    }
    edge_setting_view_of(after, &edit);
    if (changing->request->dry_run) {
        edge_overrides_abandon(&edit);
        return true;
    }
    if (!keep(changing, &edit)) {
        edge_setting_view_close(after);
        return false;
    }
    tell(changing, after);
    return true;
}

/* Answering */

static void put_change(edge_json_t *json, const edge_setting_view_t *after, const edge_setting_change_t *change) {
    int index = edge_setting_view_find(after, change->key);
    const edge_setting_t *setting = edge_setting_view_at(after, index);
    edge_conf_when_t when = edge_setting_when(setting);
    edge_json_object(json);
    edge_json_put_string(json, "key", change->key);
    edge_json_put_string(json, "before", change->before);
    edge_json_put_string(json, "after", edge_setting_view_text(after, index));
    edge_json_put_string(json, "applies", edge_setting_applies(when));
    edge_json_key(json, "sessions");
    if (when == EDGE_WHEN_SESSION && setting->section->scope == EDGE_SCOPE_SERVER)
        edge_json_number(json, edge_sessions_open());
    else
        edge_json_null(json);
    edge_json_object_end(json);
}

/* Whoever loosens it should know what it keeps out. */
static void put_guard_warning(edge_json_t *json, const edge_setting_view_t *after,
                              const edge_setting_change_t *change) {
    int index = edge_setting_view_find(after, change->key);
    const edge_setting_t *setting = edge_setting_view_at(after, index);
    const edge_binding_t *binding = setting->binding;
    if (setting->kind != EDGE_SETTING_MODE || !binding->row->guards || !binding->row->guards(binding->conf) ||
        edge_setting_mode(edge_span_of(edge_setting_view_text(after, index))) == EDGE_MODE_ENFORCE)
        return;
    edge_json_text(json,
                   edge_span_of(apr_psprintf(after->pool,
                                             "%s keeps strangers from sending mail through this server to anywhere: "
                                             "unless it is enforced, <Listener %s> may be an open relay",
                                             binding->validator, setting->section->name.at)),
                   0);
}

static void put_warnings(edge_json_t *json, const edge_setting_changing_t *changing, const edge_setting_view_t *after) {
    edge_json_key(json, "warnings");
    edge_json_array(json);
    for (const edge_conf_diagnostic_t *said = changing->report.first; said; said = said->next)
        if (!said->error && edge_derive_key(said))
            edge_json_text(json, edge_span_of(said->text), 0);
    for (int i = 0; i < changing->changes->nelts; i++)
        put_guard_warning(json, after, change_at(changing, i));
    for (int i = 0; changing->notes && i < changing->notes->nelts; i++)
        edge_json_text(json, edge_span_of(APR_ARRAY_IDX(changing->notes, i, const char *)), 0);
    edge_json_array_end(json);
}

void edge_setting_changing_answer(edge_setting_changing_t *changing, edge_setting_view_t *after) {
    edge_json_t *json = edge_admin_json(changing->answer);
    edge_json_object(json);
    edge_json_key(json, "changes");
    edge_json_array(json);
    for (int i = 0; i < changing->changes->nelts; i++)
        put_change(json, after, change_at(changing, i));
    edge_json_array_end(json);
    put_warnings(json, changing, after);
    edge_json_key(json, "settings");
    edge_json_array(json);
    for (int i = 0; i < changing->changes->nelts; i++)
        edge_setting_view_put(json, after, edge_setting_view_find(after, change_at(changing, i)->key));
    edge_json_array_end(json);
    edge_json_object_end(json);
    if (changing->tagged)
        changing->answer->etag = edge_setting_view_etag(after, edge_setting_view_find(after, changing->tagged));
    else if (changing->tagged_prefix)
        changing->answer->etag = edge_setting_view_etag_of(after, changing->tagged_prefix);
    edge_setting_view_close(after);
}

void edge_setting_changing_finish(edge_setting_changing_t *changing) {
    edge_setting_view_t after;
    if (edge_setting_changing_run(changing, &after))
        edge_setting_changing_answer(changing, &after);
}

static const edge_admin_argument_t change_rows[] = {
    {.name = "key", .kind = EDGE_ADMIN_TEXT, .prose = "Which setting."},
    {.name = "before", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "What held, as it would be written."},
    {.name = "after", .kind = EDGE_ADMIN_TEXT, .may = EDGE_ADMIN_NULL, .prose = "What holds, as it would be written."},
    {.name = "applies", .kind = EDGE_ADMIN_TEXT, .prose = "When it takes effect."},
    {.name = "sessions",
     .kind = EDGE_ADMIN_NUMBER,
     .may = EDGE_ADMIN_NULL,
     .prose = "How many sessions go on as before; null where that is not counted."},
    {.name = NULL},
};
const edge_admin_argument_t edge_setting_changing_rows[] = {
    {.name = "changes", .kind = EDGE_ADMIN_LIST, .rows = change_rows, .prose = "What was changed, or would be."},
    {.name = "warnings", .kind = EDGE_ADMIN_TEXTS, .prose = "What is to be said of it."},
    {.name = "settings",
     .kind = EDGE_ADMIN_LIST,
     .rows = edge_setting_rows,
     .prose = "What was changed, as it is now."},
    {.name = NULL},
};
