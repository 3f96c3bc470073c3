/* Loading modules: the ABI, the names, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

EDGE_API extern const uint32_t older_module_abi;
const uint32_t older_module_abi = EDGE_MODULE_ABI + 41;
EDGE_API extern edge_module_t older_module;
edge_module_t older_module = {.summary = "of another ABI"};

EDGE_API extern const uint32_t half_module_abi;
const uint32_t half_module_abi = EDGE_MODULE_ABI;

static apr_status_t load(const char *symbol, const char *path, const char **why) {
    *why = "";
    return edge_module_load(symbol, path, fixture_pool, why);
}

static void the_core_is_first(void **state) {
    (void)state;
    edge_modules_begin();
    edge_modules_begin();
    assert_string_equal(edge_module_at(0)->name, "core");
    assert_string_equal(edge_module_at(1)->name, "probe");
    assert_null(edge_module_at(2));
    assert_ptr_equal(edge_module_find(edge_span_of("probe")), &probe_module);
    assert_null(edge_module_find(edge_span_of("prob")));
}

static void what_is_refused(void **state) {
    (void)state;
    const char *why;
    assert_int_equal(load("probe_module", "", &why), APR_EEXIST);
    assert_int_equal(load("probe", "", &why), APR_EINVAL);
    assert_string_equal(why, "the name must end in _module");
    assert_int_equal(load("_module", "", &why), APR_EINVAL);
    assert_int_equal(load("older_module", "", &why), APR_EGENERAL);
    assert_string_equal(why,
                        apr_psprintf(fixture_pool, "it was built for module ABI %u, this server has %u: build it again",
                                     EDGE_MODULE_ABI + 41, EDGE_MODULE_ABI));
    assert_int_equal(load("fnord_module", "", &why), APR_EGENERAL);
    assert_string_equal(why, "it has no symbol fnord_module_abi: is it a module of this name?");
    assert_int_equal(load("half_module", "", &why), APR_EGENERAL);
    assert_string_equal(why, "it has no symbol half_module");
    assert_int_equal(load("other_module", "/nowhere.so", &why), APR_EGENERAL);
    assert_non_null(strstr(why, "/nowhere.so"));
    assert_null(edge_module_at(2));
}

static void failures_are_reported_once(void **state) {
    (void)state;
    edge_snapshot_drop(
        fixture_build(PROBE_LOAD "LoadModule older_module /proc/self/fnord\nLoadModule probe_module y\nLoadModule a\n"
                                 "SomethingOfIt 5\n<SomeSection>\n</SomeSection>\n" PROBE_REST));
    assert_string_equal(fixture_codes(), "EDG10041@2:25 EDG20003@3:12 EDG10040@4:1 EDG10024@6:1");
}

static void counters_get_slots(void **state) {
    (void)state;
    const char *why = NULL;
    edge_counter_entry_t entry;
    assert_int_equal(edge_counter_map(), APR_SUCCESS);
    assert_int_equal(edge_modules_register_counters(&why), APR_SUCCESS);
    assert_int_equal(probe_module.first_counter, EDGE_C_CORE_END);
    assert_true(edge_counter_at(probe_module.first_counter, &entry));
    assert_string_equal(entry.name, "probe_total");
    assert_int_equal(edge_modules_register_counters(&why), APR_SUCCESS);
    assert_int_equal(probe_module.first_counter, EDGE_C_CORE_END);
}

static unsigned calls[4];
static apr_status_t start(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    (void)snapshot;
    (void)pool;
    calls[0]++;
    return APR_SUCCESS;
}
static apr_status_t start_badly(const edge_snapshot_t *snapshot, apr_pool_t *pool) {
    (void)snapshot;
    (void)pool;
    return APR_ENOSPC;
}
static void stop(void) { calls[1]++; }
static apr_status_t worker_start(edge_worker_t *worker) {
    (void)worker;
    calls[2]++;
    return APR_SUCCESS;
}
static void worker_stop(edge_worker_t *worker) {
    (void)worker;
    calls[3]++;
}

static void calls_at_their_times(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = fixture_build(PROBE_LOAD "LogLevel notice\n" PROBE_REST);
    assert_string_equal(fixture_codes(), "");
    probe_module.start = start;
    probe_module.stop = stop;
    probe_module.worker_start = worker_start;
    probe_module.worker_stop = worker_stop;
    assert_int_equal(edge_modules_start(snapshot, fixture_pool), APR_SUCCESS);
    assert_int_equal(edge_modules_worker_start(NULL), APR_SUCCESS);
    edge_modules_worker_stop(NULL);
    edge_modules_stop();
    for (unsigned i = 0; i < EDGE_COUNT(calls); i++)
        assert_int_equal(calls[i], 1);
    probe_module.start = start_badly;
    assert_int_equal(edge_modules_start(snapshot, fixture_pool), APR_ENOSPC);
    probe_module.start = NULL;
    edge_snapshot_drop(snapshot);
}

static void providers_are_found_by_kind_and_name(void **state) {
    (void)state;
    assert_ptr_equal(edge_provider_find("protocol", edge_span_of("Probe")), &probe_protocol);
    assert_ptr_equal(edge_provider_find("queue", edge_span_of("spool")), &probe_queue);
    assert_null(edge_provider_find("queue", edge_span_of("probe")));
    assert_null(edge_provider_find("lookup", edge_span_of("probe")));
    assert_string_equal(edge_provider_at("queue", 0), "spool");
    assert_null(edge_provider_at("queue", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_core_is_first),          cmocka_unit_test(what_is_refused),
        cmocka_unit_test(failures_are_reported_once), cmocka_unit_test(counters_get_slots),
        cmocka_unit_test(calls_at_their_times),       cmocka_unit_test(providers_are_found_by_kind_and_name),
    };
    return cmocka_run_group_tests_name("core/module", tests, fixture_set_up, fixture_tear_down);
}
