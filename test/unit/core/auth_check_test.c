/* Tests of server/core/auth_check.c: a worker is asked and not waited for longer than wanted; nothing is left of the question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_time.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/auth_check.h"
#include "event/worker.h"

struct edge_auth_check {
    edge_auth_checked_fn *checked;
    void *asker;
};

static _Atomic bool late;
static _Atomic unsigned canceled, wrong_thread;
static char seen[64];
static size_t seen_len;

/* A module whose store is the test. Says whom it was asked about, and that the password was good; when late, nothing. */
static edge_auth_check_t *check(const edge_auth_listener_t *listener, edge_span_t name, edge_span_t password,
                                edge_auth_checked_fn *checked, void *asker) {
    edge_auth_checked_t answer = {EDGE_AUTH_VERIFIED, edge_span_of("store"), name};
    (void)listener;
    if (!edge_worker_self())
        atomic_fetch_add(&wrong_thread, 1);
    memcpy(seen, password.at, password.len);
    seen_len = password.len;
    if (atomic_load(&late)) {
        edge_auth_check_t *open = calloc(1, sizeof(*open));
        *open = (edge_auth_check_t){checked, asker};
        return open;
    }
    checked(asker, &answer);
    return NULL;
}

static void check_cancel(edge_auth_check_t *open) {
    free(open);
    atomic_fetch_add(&canceled, 1);
}

static const edge_auth_listener_t auth = {.required = true};

static const edge_auth_listener_t *prepare(edge_conf_check_t *checked, const edge_section_t *listener,
                                           const edge_tls_listener_t *tls, apr_pool_t *pool) {
    (void)checked, (void)listener, (void)tls, (void)pool;
    return &auth;
}

static const edge_auth_provider_t provider = {
    .name = "fake", .prepare = prepare, .check = check, .check_cancel = check_cancel};
static const edge_provider_row_t fake_providers[] = {
    {"auth", "fake", &provider, "What a test wants."},
    {NULL, NULL, NULL, NULL},
};
EDGE_MODULE(fake_auth) = {.summary = "says what a test wants", .providers = fake_providers};

static edge_snapshot_t *snapshot;

static edge_auth_told_t ask(edge_span_t password, edge_mono_t most) {
    edge_auth_told_t told;
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("mx"));
    edge_auth_check_ask(snapshot, section->instance, edge_span_of("ann"), password, most, &told, fixture_pool);
    return told;
}

static void a_worker_says_it(void **state) {
    (void)state;
    assert_true(edge_auth_check_can());
    for (unsigned i = 0; i < 5; i++) { /* more than there are workers */
        edge_auth_told_t told = ask(edge_span("with\0nul", 8), EDGE_SECONDS(600));
        assert_false(told.late);
        assert_int_equal(told.verdict, EDGE_AUTH_VERIFIED);
        assert_string_equal(told.store, "store");
        assert_string_equal(told.identity, "ann");
        assert_true(told.took >= 0);
        assert_int_equal(seen_len, 8);
        assert_memory_equal(seen, "with\0nul", 8);
    }
    assert_int_equal(atomic_load(&wrong_thread), 0);
}

/* The question is taken back from the store, by whoever was asked. */
static void who_is_late_is_not_waited_for(void **state) {
    (void)state;
    atomic_store(&late, true);
    edge_auth_told_t told = ask(edge_span_of("right"), EDGE_MS(1));
    assert_true(told.late);
    assert_null(told.store);
    assert_null(told.identity);
    while (atomic_load(&canceled) < 1)
        apr_sleep(1000);
    atomic_store(&late, false);
}

static void nobody_is_there_to_be_asked(void **state) {
    (void)state;
    edge_workers_stop();
    edge_auth_told_t told = ask(edge_span_of("right"), EDGE_SECONDS(600));
    assert_false(told.late);
    assert_int_equal(told.verdict, EDGE_AUTH_TROUBLE);
}

static int set_up(void **state) {
    static const edge_workers_plan_t plan = {.count = 2};
    const char *why = NULL;
    if (fixture_set_up(state) || edge_module_load("fake_auth_module", "", fixture_pool, &why) != APR_SUCCESS)
        return 1;
    snapshot = fixture_build(PROBE_LOAD "LoadModule fake_auth_module x\n" PROBE_REST);
    return fixture_report.errors > 0 || edge_workers_start(&plan) != APR_SUCCESS;
}

static int tear_down(void **state) {
    edge_workers_forget();
    edge_snapshot_drop(snapshot);
    return fixture_tear_down(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_says_it),
        cmocka_unit_test(who_is_late_is_not_waited_for),
        cmocka_unit_test(nobody_is_there_to_be_asked),
    };
    return cmocka_run_group_tests_name("core/auth_check", tests, set_up, tear_down);
}
