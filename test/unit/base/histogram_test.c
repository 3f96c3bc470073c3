/* Tests of server/base/histogram.c: values fall into buckets, sums and quantiles come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "edge_histogram.h"

static const edge_histogram_row_t operation = {"test_seconds", EDGE_BOUNDS_OPERATION, "A test."},
                                  sizes = {"test_bytes", EDGE_BOUNDS_SIZE, "A test."};

static void values_fall_into_buckets(void **state) {
    edge_histogram_t histogram;
    edge_counter_entry_t entry;
    (void)state;
    assert_int_equal(edge_histogram_make(&histogram, "test", &operation, "what=\"x\""), APR_SUCCESS);
    edge_histogram_observe(&histogram, 0);
    edge_histogram_observe(&histogram, 500);
    edge_histogram_observe(&histogram, 501);
    edge_histogram_observe(&histogram, EDGE_SECONDS(100));
    assert_int_equal(edge_counter_sum(histogram.bucket - 1), 2);
    assert_int_equal(edge_counter_sum(histogram.bucket), 1);
    assert_int_equal(edge_counter_sum(histogram.bucket - 1 + EDGE_HISTOGRAM_BUCKETS - 1), 1);
    assert_int_equal(edge_counter_sum(histogram.sum - 1), 1001 + EDGE_SECONDS(100));
    assert_int_equal(edge_histogram_observed(&histogram), 4);
    assert_true(edge_counter_at(histogram.bucket - 1, &entry));
    assert_string_equal(entry.name, "test_seconds_bucket");
    assert_string_equal(entry.labels, "what=\"x\",le=\"0.0005\"");
    assert_true(edge_counter_at(histogram.sum - 1, &entry));
    assert_string_equal(entry.labels, "what=\"x\"");
    assert_int_equal(entry.kind, EDGE_COUNTER_TIME);
}

static void buckets_are_told_one_by_one(void **state) {
    edge_histogram_t histogram;
    edge_histogram_bucket_t bucket;
    (void)state;
    assert_int_equal(edge_histogram_make(&histogram, "test", &operation, "what=\"z\""), APR_SUCCESS);
    edge_histogram_observe(&histogram, 501);
    edge_histogram_observe(&histogram, 502);
    edge_histogram_observe(&histogram, EDGE_SECONDS(100));
    assert_int_equal(edge_histogram_sum(&histogram), 1003 + EDGE_SECONDS(100));
    assert_true(edge_histogram_bucket_at(&histogram, 0, &bucket));
    assert_int_equal(bucket.most, 500);
    assert_int_equal(bucket.count, 0);
    assert_true(edge_histogram_bucket_at(&histogram, 1, &bucket));
    assert_int_equal(bucket.most, 1000);
    assert_int_equal(bucket.count, 2);
    assert_true(edge_histogram_bucket_at(&histogram, EDGE_HISTOGRAM_BUCKETS - 1, &bucket));
    assert_int_equal(bucket.most, -1);
    assert_int_equal(bucket.count, 1);
    assert_false(edge_histogram_bucket_at(&histogram, EDGE_HISTOGRAM_BUCKETS, &bucket));
}

static void quantiles(void **state) {
    edge_histogram_t histogram;
    (void)state;
    assert_int_equal(edge_histogram_make(&histogram, "test", &sizes, ""), APR_SUCCESS);
    assert_int_equal(edge_histogram_quantile(&histogram, 0.5), -1);
    for (unsigned i = 0; i < 99; i++)
        edge_histogram_observe(&histogram, 1000);
    edge_histogram_observe(&histogram, INT64_C(1) << 40);
    assert_int_equal(edge_histogram_quantile(&histogram, 0.99), 1024);
    assert_int_equal(edge_histogram_quantile(&histogram, 1), -1);
}

static void it_is_found_again(void **state) {
    edge_histogram_t first, second;
    (void)state;
    assert_int_equal(edge_histogram_make(&first, "test", &operation, "what=\"y\""), APR_SUCCESS);
    assert_int_equal(edge_histogram_make(&second, "test", &operation, "what=\"y\""), APR_SUCCESS);
    assert_memory_equal(&first, &second, sizeof(first));
}

static void one_that_was_never_made_counts_nothing(void **state) {
    edge_histogram_t none = {.sum = 0};
    (void)state;
    edge_histogram_bucket_t bucket;
    edge_histogram_observe(&none, 5);
    assert_int_equal(edge_histogram_sum(&none), 0);
    assert_false(edge_histogram_bucket_at(&none, 0, &bucket));
    assert_int_equal(edge_histogram_observed(&none), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_fall_into_buckets),
        cmocka_unit_test(buckets_are_told_one_by_one),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(it_is_found_again),
        cmocka_unit_test(one_that_was_never_made_counts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
