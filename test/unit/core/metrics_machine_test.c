/* Tests of server/core/metrics_machine.c: what is looked at is there, and plausible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <apr_general.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "conf_core_fixture.h"

#include "core/metrics.h"
#include "core/snapshot.h"

static double value_of(const char *name) {
    edge_metrics_t metrics = {.pool = fixture_pool};
    edge_metrics_put_machine(&metrics);
    const char *at = strstr(metrics.text, apr_pstrcat(fixture_pool, "\n", name, " ", NULL));
    if (!at)
        fail_msg("no %s in:\n%s", name, metrics.text);
    return strtod(at + strlen(name) + 2, NULL);
}

static int start(void **state) {
    if (fixture_set_up(state) != 0)
        return -1;
    edge_snapshot_publish(fixture_build(PROBE_LOAD PROBE_REST));
    return 0;
}

static void the_process_is_this_one(void **state) {
    (void)state;
    double now = (double)time(NULL), began = value_of("process_start_time_seconds");
    assert_true(began <= now + 2 && began > now - 3600);
    assert_true(value_of("process_resident_memory_bytes") > 100000);
    assert_true(value_of("process_threads") >= 1);
    assert_true(value_of("process_max_fds") >= value_of("process_open_fds"));
}

static void descriptors_are_counted(void **state) {
    int before = (int)value_of("process_open_fds"), fds[3];
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal((int)value_of("process_open_fds"), before + 3);
    for (unsigned i = 0; i < 3; i++)
        close(fds[i]);
}

static void processor_time_passes(void **state) {
    double before = value_of("process_cpu_seconds_total");
    volatile unsigned sink = 0;
    (void)state;
    while (value_of("process_cpu_seconds_total") <= before)
        for (unsigned i = 0; i < 1000000; i++)
            sink += i;
    assert_true(value_of("process_cpu_seconds_total") > before);
}

static void the_heap_is_told(void **state) {
    edge_metrics_t metrics = {.pool = fixture_pool};
    (void)state;
    edge_metrics_put_machine(&metrics);
    assert_non_null(strstr(metrics.text, "\nedge_memory_pool_bytes{pool=\"used\"} "));
    assert_non_null(strstr(metrics.text, "\nedge_memory_pool_bytes{pool=\"mapped\"} "));
    assert_non_null(strstr(metrics.text, "\nedge_memory_pool_bytes{pool=\"free\"} "));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_process_is_this_one),
        cmocka_unit_test(descriptors_are_counted),
        cmocka_unit_test(processor_time_passes),
        cmocka_unit_test(the_heap_is_told),
    };
    return cmocka_run_group_tests_name("core/metrics_machine", tests, start, fixture_tear_down);
}
