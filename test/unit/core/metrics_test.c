/* Tests of server/core/metrics.c: families, labels, histograms, times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <apr_general.h>
#include <cmocka.h>

#include "conf_core_fixture.h"

#include "core/bans.h"
#include "core/metrics.h"
#include "core/override_store.h"
#include "core/snapshot.h"
#include "edge_histogram.h"

static const char *text(void) {
    edge_span_t made = edge_metrics_text(false, fixture_pool);
    return apr_pstrmemdup(fixture_pool, made.at, made.len);
}

static void has(const char *wanted) {
    if (!strstr(text(), wanted))
        fail_msg("not there:\n%s\nin:\n%s", wanted, text());
}

static int start(void **state) {
    if (fixture_set_up(state) != 0)
        return -1;
    edge_snapshot_publish(fixture_build(PROBE_LOAD PROBE_REST));
    return edge_bans_map() == APR_SUCCESS && edge_override_store_map() == APR_SUCCESS ? 0 : -1;
}

static void one_of_each_kind(void **state) {
    static const edge_counter_row_t rows[] = {{"probe_seen_total", EDGE_COUNTER_TOTAL, "Seen."},
                                              {"probe_open", EDGE_COUNTER_GAUGE, "Open now."},
                                              {"probe_time_total", EDGE_COUNTER_TIME, "Time."}};
    unsigned first;
    (void)state;
    edge_counter_register("probe", rows, 3, &first);
    edge_counter_add(first, 7);
    edge_counter_add(first + 1, -2);
    edge_counter_add(first + 2, 1500000);
    has("# HELP edge_probe_seen_total Seen.\n# TYPE edge_probe_seen_total counter\nedge_probe_seen_total 7\n");
    has("# TYPE edge_probe_open gauge\nedge_probe_open -2\n");
    has("# TYPE edge_probe_time_total counter\nedge_probe_time_total 1.500000\n");
}

/* Registered apart, and still one family. */
static void labels_share_a_family(void **state) {
    static const edge_counter_row_t row = {"probe_by_total", EDGE_COUNTER_TOTAL, "By."};
    static const edge_counter_row_t between = {"probe_between_total", EDGE_COUNTER_TOTAL, "Between."};
    unsigned one, other, slot;
    (void)state;
    edge_counter_register_labelled("core", &row, "what=\"a\"", &one);
    edge_counter_register("core", &between, 1, &slot);
    edge_counter_register_labelled("core", &row, "what=\"b\"", &other);
    edge_counter_add(other, 3);
    has("# HELP edge_probe_by_total By.\n# TYPE edge_probe_by_total counter\n"
        "edge_probe_by_total{what=\"a\"} 0\nedge_probe_by_total{what=\"b\"} 3\n");
}

static void buckets_are_cumulated(void **state) {
    static const edge_counter_row_t bucket = {"probe_wait_seconds_bucket", EDGE_COUNTER_BUCKET, "Waited."};
    static const edge_counter_row_t sum = {"probe_wait_seconds_sum", EDGE_COUNTER_TIME, "Waited."};
    static const char *const labels[] = {"of=\"x\",le=\"1\"", "of=\"y\",le=\"1\"", "of=\"x\",le=\"+Inf\"",
                                         "of=\"y\",le=\"+Inf\""};
    unsigned slots[4], total;
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        edge_counter_register_labelled("core", &bucket, labels[i], &slots[i]);
        edge_counter_add(slots[i], i + 1);
    }
    edge_counter_register_labelled("core", &sum, "of=\"x\"", &total);
    edge_counter_add(total, 2500000);
    has("# TYPE edge_probe_wait_seconds histogram\n");
    has("edge_probe_wait_seconds_bucket{of=\"x\",le=\"1\"} 1\nedge_probe_wait_seconds_bucket{of=\"x\",le=\"+Inf\"} 4\n"
        "edge_probe_wait_seconds_count{of=\"x\"} 4\n");
    has("edge_probe_wait_seconds_bucket{of=\"y\",le=\"+Inf\"} 6\nedge_probe_wait_seconds_count{of=\"y\"} 6\n");
    has("edge_probe_wait_seconds_sum{of=\"x\"} 2.500000\n");
}

/* Whatever the labels, and in whatever order they were made: the series of one set stand together, and once. */
static void histograms_of_any_order(void **state) {
    static const edge_histogram_row_t row = {"probe_op_seconds", EDGE_BOUNDS_OPERATION, "Took."};
    static const char *const labels[] = {"op=\"z\"", "op=\"m\"", "op=\"a\"", "op=\"q\""};
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(labels); i++) {
        edge_histogram_t made;
        assert_int_equal(edge_histogram_make(&made, "core", &row, labels[i]), APR_SUCCESS);
        edge_histogram_observe(&made, 700);
    }
    for (unsigned i = 0; i < EDGE_COUNT(labels); i++) {
        char first[192], last[96];
        snprintf(first, sizeof(first),
                 "edge_probe_op_seconds_sum{%s} 0.000700\nedge_probe_op_seconds_bucket{%s,le=\"0.0005\"} 0\n",
                 labels[i], labels[i]);
        snprintf(last, sizeof(last), "edge_probe_op_seconds_count{%s} 1\n", labels[i]);
        has(first);
        has(last);
        assert_null(strstr(strstr(text(), last) + 1, last));
    }
}

static void labels_are_escaped(void **state) {
    (void)state;
    assert_string_equal(edge_metrics_label("a\"b\\c\nd", fixture_pool), "a\\\"b\\\\c\\nd");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_each_kind),      cmocka_unit_test(labels_share_a_family),
        cmocka_unit_test(buckets_are_cumulated), cmocka_unit_test(histograms_of_any_order),
        cmocka_unit_test(labels_are_escaped),
    };
    return cmocka_run_group_tests_name("core/metrics", tests, start, fixture_tear_down);
}
