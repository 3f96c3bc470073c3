/* Admin routes about validators: what each came to, and the modes of its bindings. */
#include "control/admin_priv.h"
#include "core/core_conf.h"
#include "core/policy.h"
#include "control/setting_change.h"

#include <apr_strings.h>

/* Every binding of a validator, over all listeners and commands. */
typedef bool visit_fn(void *context, const edge_listener_t *listener, edge_phase_t phase, unsigned index,
                      edge_binding_t *binding);

/* False as soon as a visit says so. */
static bool visit_listener(const edge_listener_t *listener, edge_span_t validator, visit_fn *visit, void *context) {
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++) {
        const edge_policy_list_t *list = &listener->policy->phases[phase];
        for (unsigned i = 0; i < list->count; i++) {
            if (edge_span_equal(edge_span_of(list->bindings[i].validator), validator) &&
                !visit(context, listener, (edge_phase_t)phase, i, &list->bindings[i])) {
                return false;
            }
        }
    }
    return true;
}

static void visit_all(const edge_snapshot_t *snapshot, edge_span_t validator, visit_fn *visit, void *context) {
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section != NULL;
         section = section->next) {
        if (section->scope == EDGE_SCOPE_LISTENER && !visit_listener(section->instance, validator, visit, context)) {
            return;
        }
    }
}

static void put_results(edge_json_t *json, const edge_check_counters_t *counters, edge_binding_mode_t mode) {
    edge_json_key(json, edge_binding_mode_name(mode));
    edge_json_object(json);
    for (unsigned result = 0; result < EDGE_RESULT_COUNT; result++) {
        edge_json_put_number(json, edge_check_result_name((edge_check_result_t)result),
                             edge_check_counters_sum(counters->results[mode][result]));
    }
    edge_json_object_end(json);
}

static void put_stats(edge_json_t *json, const edge_check_counters_t *counters) {
    edge_json_key(json, "results");
    edge_json_object(json);
    put_results(json, counters, EDGE_MODE_ENFORCE);
    put_results(json, counters, EDGE_MODE_SHADOW);
    edge_json_object_end(json);
    edge_json_put_number(json, "skipped", edge_check_counters_sum(counters->skipped));
    edge_json_put_number(json, "differences", edge_check_counters_sum(counters->differences));
}

static bool put_binding(void *context, const edge_listener_t *listener, edge_phase_t phase, unsigned index,
                        edge_binding_t *binding) {
    edge_json_t *json = context;
    edge_json_object(json);
    edge_json_put_text(json, "listener", listener->name, 0);
    edge_json_put_string(json, "command", edge_phase_name(phase));
    edge_json_put_number(json, "order", index + 1);
    edge_json_put_string(json, "mode", edge_binding_mode_name(edge_binding_mode(binding)));
    edge_json_put_string(json, "written", edge_binding_mode_name(binding->written));
    edge_json_put_string(json, "check", binding->row->name);
    edge_json_put_string(json, "file", binding->file);
    edge_json_put_number(json, "line", binding->line);
    put_stats(json, &binding->counters);
    edge_json_object_end(json);
    return true;
}

typedef struct wanted {
    edge_span_t listener; /* EDGE_NO_SPAN: any */
    int phase;
    edge_binding_t *found;
} wanted_t;

static bool find_binding(void *context, const edge_listener_t *listener, edge_phase_t phase, unsigned index,
                         edge_binding_t *binding) {
    wanted_t *wanted = context;
    (void)index;
    if ((int)phase != wanted->phase ||
        (wanted->listener.at != NULL && !edge_span_equal(listener->name, wanted->listener))) {
        return true;
    }
    wanted->found = binding;
    return false;
}

static const edge_binding_t *bound_to(const edge_section_t *section, unsigned phase) {
    wanted_t wanted = {.listener = EDGE_NO_SPAN, .phase = (int)phase};
    visit_all(section->snapshot, section->name, find_binding, &wanted);
    return wanted.found;
}

static void put_time(edge_json_t *json, const char *key, int64_t microseconds) {
    edge_json_key(json, key);
    if (microseconds < 0) {
        edge_json_null(json);
    } else {
        edge_json_seconds(json, microseconds);
    }
}

/* All bindings of a validator share its times; NULL: it is bound nowhere. */
static const edge_histogram_t *times_of(const edge_section_t *section) {
    const edge_binding_t *binding = NULL;
    for (unsigned phase = 0; binding == NULL && phase < EDGE_PHASE_COUNT; phase++) {
        binding = bound_to(section, phase);
    }
    return binding != NULL ? &binding->counters.duration : NULL;
}

static void put_quantiles(edge_json_t *json, const edge_histogram_t *times) {
    put_time(json, "p50", times != NULL ? edge_histogram_quantile(times, 0.5) : -1);
    put_time(json, "p99", times != NULL ? edge_histogram_quantile(times, 0.99) : -1);
}

static void put_validator(edge_json_t *json, const edge_section_t *section) {
    const edge_core_validator_conf_t *conf = edge_core_validator_conf(section);
    edge_json_object(json);
    edge_json_put_text(json, "name", section->name, 0);
    edge_json_put_text(json, "module", conf->module, 0);
    edge_json_put_string(json, "file", section->file);
    edge_json_put_number(json, "line", section->line);
    edge_json_put_string(json, "on_error", conf->on_error == EDGE_ON_ERROR_PASS ? "pass" : "tempfail");
    edge_json_key(json, "timeout");
    edge_json_seconds(json, conf->timeout);
    put_quantiles(json, times_of(section));
    edge_json_key(json, "bindings");
    edge_json_array(json);
    visit_all(section->snapshot, section->name, put_binding, json);
    edge_json_array_end(json);
    edge_json_object_end(json);
}

void edge_admin_validators_list(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    edge_json_t *json = edge_admin_json(answer);
    (void)request;
    unsigned count = 0;
    edge_admin_list_start(answer);
    for (const edge_section_t *section = edge_snapshot_server(snapshot)->first; section != NULL;
         section = section->next) {
        if (section->scope == EDGE_SCOPE_VALIDATOR) {
            put_validator(json, section);
            count++;
        }
    }
    edge_admin_list_end(answer, NULL, count);
    edge_snapshot_drop(snapshot);
}

/* What one came to. Bindings to the same command share their counters, and all of a validator share its times. */

static void put_duration(edge_json_t *json, const edge_histogram_t *histogram) {
    edge_histogram_bucket_t bucket;
    edge_json_object(json);
    edge_json_put_number(json, "count", (int64_t)edge_histogram_observed(histogram));
    put_time(json, "sum", edge_histogram_sum(histogram));
    put_quantiles(json, histogram);
    edge_json_key(json, "buckets");
    edge_json_array(json);
    for (unsigned i = 0; edge_histogram_bucket_at(histogram, i, &bucket); i++) {
        edge_json_object(json);
        put_time(json, "most", bucket.most);
        edge_json_put_number(json, "count", bucket.count);
        edge_json_object_end(json);
    }
    edge_json_array_end(json);
    edge_json_object_end(json);
}

static void put_came_to(edge_json_t *json, const edge_section_t *section) {
    const edge_histogram_t *times = times_of(section);
    edge_json_object(json);
    edge_json_put_text(json, "name", section->name, 0);
    edge_json_key(json, "commands");
    edge_json_array(json);
    for (unsigned phase = 0; phase < EDGE_PHASE_COUNT; phase++) {
        const edge_binding_t *binding = bound_to(section, phase);
        if (binding != NULL) {
            edge_json_object(json);
            edge_json_put_string(json, "command", edge_phase_name((edge_phase_t)phase));
            put_stats(json, &binding->counters);
            edge_json_object_end(json);
        }
    }
    edge_json_array_end(json);
    edge_json_key(json, "duration");
    if (times != NULL) {
        put_duration(json, times);
    } else {
        edge_json_null(json);
    }
    edge_json_object_end(json);
}

void edge_admin_validators_stats(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_VALIDATOR, request->pieces[0]);
    if (section != NULL) {
        put_came_to(edge_admin_json(answer), section);
    } else {
        edge_admin_problem(answer, 404, "not-found", "There is no <Validator %.100s>.", request->pieces[0].at);
    }
    edge_snapshot_drop(snapshot);
}

/* Setting a mode */

static const char *const mode_words[] = {"enforce", "shadow", "off", "written", NULL};
enum { MODE_WRITTEN = EDGE_MODE_COUNT };
const edge_admin_argument_t edge_admin_validators_mode_arguments[] = {
    {.name = "mode",
     .kind = EDGE_ADMIN_WORD,
     .words = mode_words,
     .prose = "enforce, shadow, off, or written: what the configuration says."},
    {.name = NULL},
};

/* As any other setting: kept over a reload, told to the audit trail, and to be taken back. */
static void set_mode(const edge_admin_request_t *request, const edge_binding_t *binding, edge_phase_t phase,
                     edge_admin_answer_t *answer) {
    const char *wanted = request->numbers[0] == MODE_WRITTEN ? edge_binding_mode_name(binding->written)
                                                             : mode_words[request->numbers[0]];
    const char *key = apr_pstrcat(request->pool, "validator.", binding->validator, ".", binding->listener.at, ".",
                                  edge_phase_name(phase), ".mode", NULL);
    edge_setting_changing_t changing;
    edge_setting_view_t after;
    edge_setting_changing_start(&changing, request, answer);
    edge_setting_changing_add(&changing, key, wanted, "#/mode");
    if (!edge_setting_changing_run(&changing, &after)) {
        return;
    }
    edge_json_t *json = edge_admin_json(answer);
    edge_json_object(json);
    edge_json_put_string(json, "mode", wanted);
    edge_json_put_string(json, "before", APR_ARRAY_IDX(changing.changes, 0, edge_setting_change_t).before);
    edge_json_put_string(json, "written", edge_binding_mode_name(binding->written));
    edge_json_object_end(json);
    edge_setting_view_close(&after);
}

void edge_admin_validators_mode(const edge_admin_request_t *request, edge_admin_answer_t *answer) {
    wanted_t wanted = {.listener = request->pieces[1], .phase = edge_phase_parse(request->pieces[2])};
    edge_snapshot_t *snapshot = edge_snapshot_current();
    visit_all(snapshot, request->pieces[0], find_binding, &wanted);
    if (request->arguments[0].at == NULL) {
        edge_admin_problem(answer, 422, "missing", "Say mode=enforce, shadow, off or written.");
    } else if (wanted.found == NULL) {
        edge_admin_problem(answer, 404, "not-found", "Validator \"%s\" is not bound to %s in listener \"%s\".",
                           request->pieces[0].at, request->pieces[2].at, request->pieces[1].at);
    } else {
        set_mode(request, wanted.found, (edge_phase_t)wanted.phase, answer);
    }
    edge_snapshot_drop(snapshot);
}
