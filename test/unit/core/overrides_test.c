/* Overrides in force: edits that are kept whole or not at all, starts that find others' lists, ends by time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <pthread.h>

#include "conf_core_fixture.h"

#include "core/core_conf.h"
#include "core/overrides.h"
#include "core/policy.h"
#include "core/setting.h"
#include "edge_clock.h"

#define TEXT(hops)                                                                                                  \
    PROBE_LOAD "MaxHops " hops "\n<Validator a>\nModule probe_module\n</Validator>\n<Queue q>\nSpool s\n</Queue>\n" \
               "<Listener x>\nListen 127.0.0.1:1\nQueue q\nProtocol probe\n"                                        \
               "<On MAIL>\nValidate a\nValidate a\n</On>\n</Listener>\n"

static apr_pool_t *pool;
static edge_snapshot_t *loaded;
static const char *path;
static uint64_t generation = 100;

/* As a child starts: it loads, takes up, publishes, takes over. */
static void begin(const char *text, const char *file) {
    edge_snapshot_source_t source = fixture_source(text);
    loaded = edge_snapshot_build(&source, ++generation, &fixture_report, fixture_pool, NULL);
    assert_int_equal(fixture_report.errors, 0);
    edge_snapshot_t *first = edge_overrides_take_up(loaded, file);
    edge_snapshot_publish(first);
    edge_snapshot_drop(first);
    edge_overrides_take_over();
}

static int start(void **state) {
    (void)state;
    apr_pool_create(&pool, NULL);
    path = apr_pstrcat(pool, fixture_root, "/overrides.conf", NULL);
    unlink(path);
    return edge_override_store_map(); /* a new parent */
}

static int end(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static bool set(const char *key, const char *value, apr_time_t until, bool persistent) {
    edge_overrides_edit_t edit;
    assert_true(edge_overrides_begin(&edit, pool));
    const edge_setting_t *setting = edge_setting_find(edit.base, key, pool);
    edge_override_t one = {.key = key,
                           .value = value,
                           .by = "a test",
                           .until = until,
                           .persistent = persistent,
                           .over = setting ? edge_setting_text(setting, pool) : NULL,
                           .sections = setting ? edge_setting_sections(setting, pool) : "",
                           .before = setting ? edge_setting_before(setting, pool) : "X "};
    edit.list = edge_override_with(edit.list, &one, pool);
    if (edge_overrides_try(&edit))
        return edge_overrides_commit(&edit) == APR_SUCCESS;
    edge_overrides_abandon(&edit);
    return false;
}

static uint32_t hops(void) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    uint32_t most = edge_core_server_conf(snapshot)->limits.max_hops;
    edge_snapshot_drop(snapshot);
    return most;
}

static unsigned mode(unsigned index) {
    edge_snapshot_t *snapshot = edge_snapshot_current();
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("x"));
    const edge_listener_t *listener = section->instance;
    unsigned now = edge_binding_mode(&listener->policy->phases[EDGE_PHASE_MAIL].bindings[index]);
    edge_snapshot_drop(snapshot);
    return now;
}

static void a_change_holds_at_once(void **state) {
    (void)state;
    begin(TEXT("50"), NULL);
    assert_int_equal(hops(), 50);
    assert_true(set("max_hops", "7", 0, false));
    assert_int_equal(hops(), 7);
    assert_int_equal(edge_override_store_count(false), 1);
    assert_int_equal(edge_override_store_count(true), 0);
    assert_false(set("max_hops", "many", 0, false));
    assert_int_equal(hops(), 7);
}

static void modes_hold_for_all_of_the_validators_lines(void **state) {
    (void)state;
    begin(TEXT("50"), NULL);
    assert_true(set("validator.a.x.MAIL.mode", "off", 0, false));
    assert_int_equal(mode(0), EDGE_MODE_OFF);
    assert_int_equal(mode(1), EDGE_MODE_OFF);
    begin(TEXT("50"), NULL);
    assert_int_equal(mode(1), EDGE_MODE_OFF);
}

static void levels_are_those_of_the_areas(void **state) {
    (void)state;
    begin("LogLevel warn conf:info\n" TEXT("50"), NULL);
    extern edge_log_area_t edge_conf_log, edge_overrides_log;
    assert_int_equal(edge_conf_log.level, EDGE_LOG_INFO);
    assert_int_equal(edge_overrides_log.level, EDGE_LOG_WARN);
    assert_true(set("log.default", "debug", 0, false));
    assert_int_equal(edge_conf_log.level, EDGE_LOG_INFO); /* it has one of its own */
    assert_int_equal(edge_overrides_log.level, EDGE_LOG_DEBUG);
    assert_true(set("log.conf", "trace", 0, false));
    assert_int_equal(edge_conf_log.level, EDGE_LOG_TRACE);
}

static void the_next_generation_goes_on(void **state) {
    (void)state;
    begin(TEXT("50"), NULL);
    assert_true(set("max_hops", "7", 0, false));
    begin(TEXT("50"), NULL);
    assert_int_equal(hops(), 7);
    /* The file says something else: it wins, also over what comes back later. */
    begin(TEXT("60"), NULL);
    assert_int_equal(hops(), 60);
    begin(TEXT("50"), NULL);
    assert_int_equal(hops(), 50);
}

static void a_generation_that_has_retired_changes_nothing(void **state) {
    edge_overrides_edit_t edit;
    (void)state;
    begin(TEXT("50"), NULL);
    edge_override_store_lock();
    edge_override_store_set_owner(generation + 1);
    edge_override_store_unlock();
    assert_false(edge_overrides_begin(&edit, pool));
}

static void only_persistent_ones_are_in_the_file(void **state) {
    unsigned bad;
    apr_array_header_t *list;
    (void)state;
    begin(TEXT("50"), path);
    assert_true(edge_overrides_may_persist());
    assert_true(set("max_hops", "7", 0, false));
    assert_int_equal(edge_override_file_read(path, &list, &bad, pool), APR_SUCCESS);
    assert_int_equal(list->nelts, 0);
    assert_true(set("listener.x.max_hops", "8", 0, true));
    assert_int_equal(edge_override_store_map(), APR_SUCCESS); /* the machine was off */
    begin(TEXT("50"), path);
    assert_int_equal(hops(), 50);
    assert_int_equal(edge_override_store_count(true), 1);
    begin(TEXT("50"), NULL); /* forbidden by now: it lasts until the restart */
    assert_int_equal(edge_override_store_count(true), 0);
    assert_int_equal(edge_override_store_count(false), 1);
}

static void a_file_that_cannot_be_written_keeps_all_as_it_was(void **state) {
    (void)state;
    begin(TEXT("50"), apr_pstrcat(pool, fixture_root, "/nowhere/overrides.conf", NULL));
    assert_false(set("max_hops", "7", 0, true));
    assert_int_equal(hops(), 50);
    assert_int_equal(edge_override_store_count(true), 0);
}

static void time_ends_them(void **state) {
    apr_time_t now = edge_clock_read().wall;
    (void)state;
    begin(TEXT("50"), NULL);
    assert_true(set("max_hops", "7", now + EDGE_SECONDS(60), false));
    edge_overrides_turn(now + EDGE_SECONDS(59));
    assert_int_equal(hops(), 7);
    edge_overrides_turn(now + EDGE_SECONDS(60));
    assert_int_equal(hops(), 50);
    assert_int_equal(edge_override_store_count(false), 0);
    assert_true(set("max_hops", "7", now - 1, false)); /* over before the next start */
    begin(TEXT("50"), NULL);
    assert_int_equal(hops(), 50);
}

static void too_many_are_refused(void **state) {
    (void)state;
    char *long_value = apr_pcalloc(pool, EDGE_OVERRIDE_STORE_MOST + 1);
    memset(long_value, 'x', EDGE_OVERRIDE_STORE_MOST);
    begin(TEXT("50"), NULL);
    edge_overrides_edit_t edit;
    assert_true(edge_overrides_begin(&edit, pool));
    edge_override_t one = {.key = "max_hops", .value = "7", .by = long_value, .sections = "", .before = "MaxHops "};
    edit.list = edge_override_with(edit.list, &one, pool);
    assert_true(edge_overrides_try(&edit));
    assert_int_equal(edge_overrides_commit(&edit), APR_ENOSPC);
    assert_int_equal(hops(), 50);
}

/* Readers never see half a change, and every change is there at the end. */
#define WRITERS 4
#define CHANGES 25

static void *change_often(void *key) {
    apr_pool_t *mine;
    apr_pool_create(&mine, NULL);
    for (unsigned i = 1; i <= CHANGES; i++) {
        edge_overrides_edit_t edit;
        apr_pool_clear(mine);
        if (!edge_overrides_begin(&edit, mine))
            return key;
        edge_override_t one = {
            .key = key, .value = apr_psprintf(mine, "%u", i), .by = "a test", .sections = "", .before = "X "};
        edit.list = edge_override_with(edit.list, &one, mine);
        if (!edge_overrides_try(&edit) || edge_overrides_commit(&edit) != APR_SUCCESS)
            return key;
    }
    apr_pool_destroy(mine);
    return NULL;
}

static void *look_often(void *unused) {
    (void)unused;
    for (unsigned i = 0; i < 2000; i++) {
        edge_snapshot_t *snapshot = edge_snapshot_current();
        const edge_section_t *x = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("x"));
        if (edge_core_listener_conf(x)->limits.max_hops != edge_core_server_conf(snapshot)->limits.max_hops)
            return &generation;
        edge_snapshot_drop(snapshot);
    }
    return NULL;
}

static void many_at_once(void **state) {
    static const char *const keys[WRITERS] = {"max_hops", "max_recipients", "listener.x.number", "max_connections"};
    pthread_t threads[WRITERS + 2];
    void *wrong;
    (void)state;
    begin(TEXT("50"), NULL);
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, change_often, (void *)(uintptr_t)keys[i]);
    for (unsigned i = WRITERS; i < WRITERS + 2; i++)
        pthread_create(&threads[i], NULL, look_often, NULL);
    for (unsigned i = 0; i < WRITERS + 2; i++) {
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(edge_override_store_count(false), WRITERS);
    assert_int_equal(edge_override_store_revision(), 1 + WRITERS * CHANGES);
    assert_int_equal(hops(), CHANGES);
}

#define OVERRIDES_TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        OVERRIDES_TEST(a_change_holds_at_once),
        OVERRIDES_TEST(modes_hold_for_all_of_the_validators_lines),
        OVERRIDES_TEST(levels_are_those_of_the_areas),
        OVERRIDES_TEST(the_next_generation_goes_on),
        OVERRIDES_TEST(a_generation_that_has_retired_changes_nothing),
        OVERRIDES_TEST(only_persistent_ones_are_in_the_file),
        OVERRIDES_TEST(a_file_that_cannot_be_written_keeps_all_as_it_was),
        OVERRIDES_TEST(time_ends_them),
        OVERRIDES_TEST(too_many_are_refused),
        OVERRIDES_TEST(many_at_once),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
