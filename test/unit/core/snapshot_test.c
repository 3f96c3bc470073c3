/* Snapshots: building, counting, and publishing a second one while threads work under the first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "core/core_conf.h"

#define READERS 4
#define PUBLISHINGS 200

static edge_snapshot_t *load(const char *text, uint64_t generation) {
    edge_snapshot_t *snapshot = NULL;
    edge_snapshot_source_t source = fixture_source(text);
    assert_int_equal(edge_snapshot_load(&source, generation, &snapshot, stderr), APR_SUCCESS);
    return snapshot;
}

static void sections_are_made_ready(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = load(
        PROBE_LOAD "ServerName mx.example.net\nMaxConnections 9\n"
                   "<Validator v>\nModule probe_module\nOnError pass\nTimeout 5s\n</Validator>\n"
                   "<Listener b>\nListen 127.0.0.1:1 [::1]:2\nListen 127.0.0.1:3\nQueue main\nProtocol PROBE\n"
                   "MaxConnections 5\n<On rcpt>\nValidate v mode=shadow\nValidate v\n</On>\n</Listener>\n" PROBE_REST,
        3);
    const edge_section_t *section = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("b"));
    const edge_listener_t *listener = section->instance;
    const edge_core_listener_conf_t *conf = edge_core_listener_conf(section);
    assert_int_equal(edge_snapshot_generation(snapshot), 3);
    assert_string_equal(listener->server_name.at, "mx.example.net");
    assert_ptr_equal(listener->protocol, &probe_protocol);
    assert_string_equal(listener->queue->name, "main");
    assert_string_equal(listener->queue->directory, apr_pstrcat(fixture_pool, fixture_root, "/spool/main", NULL));
    assert_string_equal(listener->settings, "b");
    assert_int_equal(probe_carries, EDGE_CARRIES_8BITMIME);
    assert_int_equal(conf->listen_count, 3);
    assert_int_equal(conf->listens[1].port, 2);
    assert_int_equal(conf->max_connections, 5);
    assert_true(conf->own_max_connections);
    const edge_section_t *mx = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("mx"));
    assert_int_equal(edge_core_listener_conf(mx)->max_connections, 9);
    assert_false(edge_core_listener_conf(mx)->own_max_connections);
    assert_null(edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("B")));
    assert_null(edge_snapshot_find(snapshot, EDGE_SCOPE_QUEUE, edge_span_of("b")));
    edge_snapshot_drop(snapshot);
}

static void errors_give_no_snapshot(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = NULL;
    edge_snapshot_source_t source = fixture_source(PROBE_LOAD "Number x\n" PROBE_REST);
    FILE *out = tmpfile();
    assert_int_equal(edge_snapshot_load(&source, 1, &snapshot, out), APR_EINVAL);
    assert_null(snapshot);
    char text[512] = "";
    rewind(out);
    size_t got = fread(text, 1, sizeof(text) - 1, out);
    fclose(out);
    assert_true(got > 0);
    assert_non_null(strstr(text, "/edge.conf:2:8: error: \"Number\" needs a whole number, got \"x\" [EDG10031]\n"));
    assert_non_null(strstr(text, "1 error, 0 warnings in 1 file.\n"));
}

static void a_log_that_is_a_file_gets_the_diagnostics(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = NULL;
    edge_snapshot_source_t source = fixture_source(PROBE_LOAD "Number x\n" PROBE_REST);
    FILE *out = tmpfile(), *log;
    const char *path = apr_pstrcat(fixture_pool, fixture_root, "/error.log", NULL);
    char text[512] = "";
    assert_int_equal(edge_log_open(path), APR_SUCCESS);
    assert_int_equal(edge_snapshot_load(&source, 1, &snapshot, out), APR_EINVAL);
    edge_log_open(NULL);
    fclose(out);
    log = fopen(path, "r");
    assert_non_null(fgets(text, sizeof(text), log));
    fclose(log);
    assert_non_null(strstr(text, "[conf:error]"));
    assert_non_null(
        strstr(text, "/edge.conf:2:8: \"Number\" needs a whole number, got \"x\" [EDG10031]: write Number NUMBER\n"));
}

static void modules_check_last_and_only_what_is_sound(void **state) {
    (void)state;
    unsigned before = probe_checked;
    edge_snapshot_drop(fixture_build(PROBE_LOAD "Text x\n" PROBE_REST));
    assert_string_equal(fixture_codes(), "EDG20999@2:1");
    assert_int_equal(probe_checked, before + 1);
    edge_snapshot_drop(fixture_build(PROBE_LOAD "Text x\nNumber x\n" PROBE_REST));
    assert_int_equal(probe_checked, before + 1);
}

static void the_parent_sees_the_core_only(void **state) {
    (void)state;
    edge_snapshot_t *snapshot = NULL;
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    edge_snapshot_source_t source =
        fixture_source("LoadModule gone_module /nowhere\nNumber x\nUser u\nPidFile a.pid\nMaxConnections "
                       "12\n<Admin>\nListen x\n</Admin>\n"
                       "<Listener mx>\nListen 127.0.0.1:2525\nNumber x\nQueue gone\n</Listener>\n");
    assert_int_equal(edge_snapshot_core_only(&source, pool, &snapshot, stderr), APR_SUCCESS);
    const edge_core_server_conf_t *conf = edge_core_server_conf(snapshot);
    assert_string_equal(conf->user.at, "u");
    assert_string_equal(conf->pid_file.at, apr_pstrcat(pool, fixture_root, "/a.pid", NULL));
    assert_int_equal(conf->max_connections, 12);
    assert_int_equal(conf->graceful_timeout, EDGE_SECONDS(120));
    const edge_section_t *listener = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("mx"));
    assert_int_equal(edge_core_listener_conf(listener)->listen_count, 1);
    source = fixture_source("MaxConnections x\n");
    FILE *out = tmpfile();
    assert_int_equal(edge_snapshot_core_only(&source, pool, &snapshot, out), APR_EINVAL);
    fclose(out);
    apr_pool_destroy(pool);
}

/* What readers see is always one whole configuration: both numbers of it belong together. */
static _Atomic bool stop;
static _Atomic unsigned seen[READERS];

static void *read_on(void *context) {
    unsigned reader = (unsigned)(uintptr_t)context;
    while (!atomic_load(&stop)) {
        edge_snapshot_t *snapshot = edge_snapshot_current();
        const probe_conf_t *server = fixture_probe(edge_snapshot_server(snapshot));
        const edge_section_t *mx = edge_snapshot_find(snapshot, EDGE_SCOPE_LISTENER, edge_span_of("mx"));
        assert_non_null(mx);
        if (fixture_probe(mx)->number != server->number || edge_snapshot_generation(snapshot) != server->number)
            abort();
        edge_snapshot_hold(snapshot);
        edge_snapshot_drop(snapshot);
        edge_snapshot_drop(snapshot);
        atomic_fetch_add(&seen[reader], 1);
    }
    return NULL;
}

static edge_snapshot_t *numbered(unsigned number) {
    return load(apr_psprintf(fixture_pool, "%sNumber %u\n%s", PROBE_LOAD, number, PROBE_REST), number);
}

static void a_second_is_published_under_load(void **state) {
    (void)state;
    pthread_t threads[READERS];
    edge_snapshot_t *first = numbered(1);
    edge_snapshot_publish(first);
    edge_snapshot_drop(first);
    for (unsigned i = 0; i < READERS; i++)
        pthread_create(&threads[i], NULL, read_on, (void *)(uintptr_t)i);
    for (unsigned i = 0; i < PUBLISHINGS; i++) {
        edge_snapshot_t *next = numbered(i % 100 + 1);
        edge_snapshot_publish(next);
        edge_snapshot_drop(next);
    }
    for (unsigned i = 0; i < READERS; i++)
        while (atomic_load(&seen[i]) < 100)
            sched_yield();
    atomic_store(&stop, true);
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    edge_snapshot_t *last = edge_snapshot_current();
    assert_int_equal(edge_snapshot_generation(last), (PUBLISHINGS - 1) % 100 + 1);
    edge_snapshot_drop(last);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_are_made_ready),
        cmocka_unit_test(errors_give_no_snapshot),
        cmocka_unit_test(a_log_that_is_a_file_gets_the_diagnostics),
        cmocka_unit_test(modules_check_last_and_only_what_is_sound),
        cmocka_unit_test(the_parent_sees_the_core_only),
        cmocka_unit_test(a_second_is_published_under_load),
    };
    return cmocka_run_group_tests_name("core/snapshot", tests, fixture_set_up, fixture_tear_down);
}
