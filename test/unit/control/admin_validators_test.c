/* The routes about validators, called as a carrier calls them: what is shown, who may set which mode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "../core/conf_core_fixture.h"

#include "control/admin.h"
#include "core/overrides.h"
#include "core/policy.h"
#include "core/snapshot.h"
#include "proto/json_in.h"

static apr_pool_t *pool;
static edge_admin_answer_t answer;
static edge_snapshot_t *snapshot;

static int start(void **state) {
    if (fixture_set_up(state) != 0)
        return -1;
    apr_pool_create(&pool, NULL);
    snapshot = fixture_build(PROBE_LOAD
                             "<Validator a>\nModule probe_module\nOnError pass\nTimeout 5s\n</Validator>\n"
                             "<Validator unused>\nModule probe_module\n</Validator>\n"
                             "<Queue q>\nSpool s\n</Queue>\n"
                             "<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n"
                             "<On MAIL>\nValidate a mode=shadow\n</On>\n<On RCPT>\nValidate a\n</On>\n</Listener>\n");
    assert_int_equal(edge_policy_register_counters(snapshot), APR_SUCCESS);
    edge_override_store_map();
    edge_snapshot_t *first = edge_overrides_take_up(snapshot, NULL);
    edge_snapshot_publish(first);
    edge_snapshot_drop(first);
    edge_overrides_take_over();
    return 0;
}

static int end(void **state) {
    edge_snapshot_drop(snapshot);
    apr_pool_destroy(pool);
    return fixture_tear_down(state);
}

static unsigned ask(const char *method, const char *target, edge_admin_role_t role) {
    edge_admin_call_t call = {
        .method = edge_span_of(method), .target = edge_span_of(target), .role = role, .who = "a test", .local = true};
    edge_admin_answer_start(&answer, pool);
    edge_admin_dispatch(&call, &answer);
    return answer.status;
}

static const edge_json_value_t *document(void) {
    const edge_json_value_t *read = edge_json_in_read(edge_span(answer.json.text, answer.json.len), pool, NULL, NULL);
    assert_non_null(read);
    return read;
}

static void assert_member(const edge_json_value_t *value, const char *name, const char *text) {
    edge_span_t got = edge_json_in_text(value, name);
    assert_non_null(got.at);
    assert_string_equal(got.at, text);
}

static edge_binding_t *binding(edge_phase_t phase) {
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("x"));
    return &((const edge_listener_t *)section->instance)->policy->phases[phase].bindings[0];
}

static unsigned set(const char *where, const char *mode, edge_admin_role_t role) {
    return ask("PATCH", apr_pstrcat(pool, "/api/v1/validators/a/bindings/", where, "?mode=", mode, NULL), role);
}

static void what_is_bound_is_shown(void **state) {
    (void)state;
    assert_int_equal(ask("GET", "/api/v1/validators", EDGE_ADMIN_READ), 200);
    const edge_json_value_t *items = edge_json_in_member(document(), "items");
    assert_int_equal(items->count, 2);
    assert_member(items->first, "name", "a");
    assert_member(items->first, "module", "probe_module");
    assert_member(items->first, "on_error", "pass");
    const edge_json_value_t *bindings = edge_json_in_member(items->first, "bindings");
    assert_int_equal(bindings->count, 2);
    assert_member(bindings->first, "listener", "x");
    assert_member(bindings->first, "command", "MAIL");
    assert_member(bindings->first, "mode", "shadow");
    assert_member(bindings->first->next, "command", "RCPT");
    assert_member(bindings->first->next, "written", "enforce");
    assert_int_equal(edge_json_in_number(bindings->first->next, "order", 0), 1);
    const edge_json_value_t *results = edge_json_in_member(bindings->first, "results");
    assert_int_equal(edge_json_in_number(edge_json_in_member(results, "shadow"), "reject", -1), 0);
    assert_int_equal(edge_json_in_member(items->first->next, "bindings")->count, 0);
}

static void what_one_came_to_is_told(void **state) {
    (void)state;
    const edge_check_counters_t *counters = &binding(EDGE_PHASE_RCPT)->counters;
    edge_check_counters_add(counters, EDGE_MODE_ENFORCE, EDGE_RESULT_REJECT, 700);
    edge_check_counters_add(counters, EDGE_MODE_SHADOW, EDGE_RESULT_TEMPFAIL, EDGE_SECONDS(20));
    edge_check_counters_skip(counters);
    assert_int_equal(ask("GET", "/api/v1/validators/a/stats", EDGE_ADMIN_READ), 200);
    assert_member(document(), "name", "a");
    const edge_json_value_t *commands = edge_json_in_member(document(), "commands");
    assert_int_equal(commands->count, 2);
    assert_member(commands->first, "command", "MAIL");
    assert_int_equal(edge_json_in_number(commands->first, "skipped", -1), 0);
    const edge_json_value_t *rcpt = commands->first->next, *results = edge_json_in_member(rcpt, "results");
    assert_member(rcpt, "command", "RCPT");
    assert_int_equal(edge_json_in_number(edge_json_in_member(results, "enforce"), "reject", -1), 1);
    assert_int_equal(edge_json_in_number(edge_json_in_member(results, "shadow"), "tempfail", -1), 1);
    assert_int_equal(edge_json_in_number(rcpt, "skipped", -1), 1);
    assert_int_equal(edge_json_in_number(rcpt, "differences", -1), 1);
    const edge_json_value_t *duration = edge_json_in_member(document(), "duration");
    const edge_json_value_t *buckets = edge_json_in_member(duration, "buckets");
    assert_int_equal(edge_json_in_number(duration, "count", -1), 2);
    assert_true(edge_span_equal(edge_json_in_member(duration, "sum")->raw, edge_span_of("20.0007")));
    assert_true(edge_span_equal(edge_json_in_member(duration, "p50")->raw, edge_span_of("0.001")));
    assert_int_equal(edge_json_in_member(duration, "p99")->type, EDGE_JSON_NULL);
    assert_int_equal(buckets->count, EDGE_HISTOGRAM_BUCKETS);
    assert_int_equal(edge_json_in_number(buckets->first, "count", -1), 0);
    assert_int_equal(edge_json_in_number(buckets->first->next, "count", -1), 1);
    assert_int_equal(ask("GET", "/api/v1/validators", EDGE_ADMIN_READ), 200); /* the list tells the same times */
    const edge_json_value_t *items = edge_json_in_member(document(), "items");
    assert_true(edge_span_equal(edge_json_in_member(items->first, "p50")->raw, edge_span_of("0.001")));
    assert_int_equal(edge_json_in_member(items->first, "p99")->type, EDGE_JSON_NULL);
    assert_int_equal(edge_json_in_member(items->first->next, "p50")->type, EDGE_JSON_NULL);
}

static void one_that_is_bound_nowhere_came_to_nothing(void **state) {
    (void)state;
    assert_int_equal(ask("GET", "/api/v1/validators/unused/stats", EDGE_ADMIN_READ), 200);
    assert_int_equal(edge_json_in_member(document(), "commands")->count, 0);
    assert_int_equal(edge_json_in_member(document(), "duration")->type, EDGE_JSON_NULL);
    assert_int_equal(ask("GET", "/api/v1/validators/nobody/stats", EDGE_ADMIN_READ), 404);
}

static void a_mode_is_set_and_set_back(void **state) {
    (void)state;
    assert_int_equal(set("x/RCPT", "off", EDGE_ADMIN_OPERATE), 200);
    assert_member(document(), "mode", "off");
    assert_member(document(), "before", "enforce");
    assert_int_equal(edge_binding_mode(binding(EDGE_PHASE_RCPT)), EDGE_MODE_OFF);
    assert_int_equal(edge_binding_mode(binding(EDGE_PHASE_MAIL)), EDGE_MODE_SHADOW);
    assert_int_equal(set("x/rcpt", "written", EDGE_ADMIN_OPERATE), 200);
    assert_int_equal(edge_binding_mode(binding(EDGE_PHASE_RCPT)), EDGE_MODE_ENFORCE);
}

/* An operator loosens, and goes back to what is written; to refuse more than that is the administrator's. */
static void tightening_needs_more(void **state) {
    (void)state;
    assert_int_equal(set("x/MAIL", "enforce", EDGE_ADMIN_OPERATE), 403);
    assert_int_equal(edge_binding_mode(binding(EDGE_PHASE_MAIL)), EDGE_MODE_SHADOW);
    assert_int_equal(set("x/MAIL", "enforce", EDGE_ADMIN_ADMIN), 200);
    assert_int_equal(set("x/MAIL", "off", EDGE_ADMIN_READ), 403);
    assert_int_equal(edge_binding_mode(binding(EDGE_PHASE_MAIL)), EDGE_MODE_ENFORCE);
    assert_int_equal(set("x/MAIL", "written", EDGE_ADMIN_OPERATE), 200);
    assert_int_equal(set("x/RCPT", "off", EDGE_ADMIN_OPERATE), 200);
    assert_int_equal(set("x/RCPT", "enforce", EDGE_ADMIN_OPERATE), 200);
}

static void what_is_not_bound_is_not_found(void **state) {
    (void)state;
    assert_int_equal(set("x/EHLO", "off", EDGE_ADMIN_ADMIN), 404);
    assert_int_equal(set("x/NONSENSE", "off", EDGE_ADMIN_ADMIN), 404);
    assert_int_equal(set("y/RCPT", "off", EDGE_ADMIN_ADMIN), 404);
    assert_int_equal(set("x/RCPT", "sometimes", EDGE_ADMIN_ADMIN), 422);
    assert_int_equal(ask("PATCH", "/api/v1/validators/a/bindings/x/RCPT", EDGE_ADMIN_ADMIN), 422);
    assert_int_equal(ask("PATCH", "/api/v1/validators/unused/bindings/x/RCPT?mode=off", EDGE_ADMIN_ADMIN), 404);
    assert_int_equal(edge_binding_mode(binding(EDGE_PHASE_RCPT)), EDGE_MODE_ENFORCE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_bound_is_shown),
        cmocka_unit_test(what_one_came_to_is_told),
        cmocka_unit_test(one_that_is_bound_nowhere_came_to_nothing),
        cmocka_unit_test(a_mode_is_set_and_set_back),
        cmocka_unit_test(tightening_needs_more),
        cmocka_unit_test(what_is_not_bound_is_not_found),
    };
    return cmocka_run_group_tests_name("control/admin_validators", tests, start, end);
}
