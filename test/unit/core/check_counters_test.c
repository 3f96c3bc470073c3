/* Tests of server/core/check_counters.c: one set of counters a validator and command, whoever asks for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <apr_general.h>
#include <cmocka.h>

#include "core/check_counters.h"

static int64_t of(const edge_check_counters_t *counters, edge_binding_mode_t mode, edge_check_result_t result) {
    return edge_check_counters_sum(counters->results[mode][result]);
}

static void each_result_has_its_counter(void **state) {
    edge_check_counters_t counters;
    (void)state;
    assert_int_equal(edge_check_counters_make(&counters, "one", "MAIL"), APR_SUCCESS);
    for (unsigned mode = 0; mode < 2; mode++)
        for (unsigned result = 0; result < EDGE_RESULT_COUNT; result++)
            for (unsigned times = 0; times <= mode * EDGE_RESULT_COUNT + result; times++)
                edge_check_counters_add(&counters, (edge_binding_mode_t)mode, (edge_check_result_t)result, 1);
    for (unsigned mode = 0; mode < 2; mode++)
        for (unsigned result = 0; result < EDGE_RESULT_COUNT; result++)
            assert_int_equal(of(&counters, (edge_binding_mode_t)mode, (edge_check_result_t)result),
                             mode * EDGE_RESULT_COUNT + result + 1);
    /* All of shadow's but what passed. */
    assert_int_equal(edge_check_counters_sum(counters.differences), 8 + 9 + 10 + 11 + 12);
    edge_check_counters_skip(&counters);
    assert_int_equal(edge_check_counters_sum(counters.skipped), 1);
}

static void the_same_names_share(void **state) {
    edge_check_counters_t first, again, elsewhere;
    (void)state;
    edge_check_counters_make(&first, "two", "RCPT");
    edge_check_counters_make(&again, "two", "RCPT");
    edge_check_counters_make(&elsewhere, "two", "DATA");
    assert_memory_equal(&first, &again, sizeof(first));
    assert_int_not_equal(first.results[0][0], elsewhere.results[0][0]);
    assert_int_equal(first.duration.sum, elsewhere.duration.sum); /* a validator's, over all commands */
}

static void time_falls_into_its_bucket(void **state) {
    edge_check_counters_t counters;
    (void)state;
    edge_check_counters_make(&counters, "three", "EHLO");
    edge_check_counters_add(&counters, EDGE_MODE_ENFORCE, EDGE_RESULT_PASS, 500);
    edge_check_counters_add(&counters, EDGE_MODE_ENFORCE, EDGE_RESULT_PASS, 501);
    edge_check_counters_add(&counters, EDGE_MODE_ENFORCE, EDGE_RESULT_PASS, EDGE_SECONDS(3600));
    assert_int_equal(edge_check_counters_sum((counters.duration.bucket)), 1);
    assert_int_equal(edge_check_counters_sum((counters.duration.bucket + 1)), 1);
    assert_int_equal(edge_check_counters_sum((counters.duration.bucket + EDGE_HISTOGRAM_BUCKETS - 1)), 1);
    assert_int_equal(edge_check_counters_sum(counters.duration.sum), 1001 + EDGE_SECONDS(3600));
}

static void they_are_listed_with_labels(void **state) {
    edge_check_counters_t counters;
    edge_counter_entry_t entry;
    (void)state;
    edge_check_counters_make(&counters, "four", "QUIT");
    assert_true(edge_counter_at(counters.results[EDGE_MODE_SHADOW][EDGE_RESULT_TIMEOUT] - 1, &entry));
    assert_string_equal(entry.name, "validator_results_total");
    assert_string_equal(entry.labels, "validator=\"four\",command=\"QUIT\",mode=\"shadow\",result=\"timeout\"");
    assert_true(edge_counter_at(counters.duration.sum - 1, &entry));
    assert_int_equal(entry.kind, EDGE_COUNTER_TIME);
}

/* Binding by binding until nothing fits: then it says so, and counting does no harm. */
static void a_full_directory_counts_nothing(void **state) {
    edge_check_counters_t counters;
    char name[24];
    apr_status_t status = APR_SUCCESS;
    (void)state;
    for (unsigned i = 0; status == APR_SUCCESS && i < EDGE_COUNTER_SLOTS; i++) {
        snprintf(name, sizeof(name), "many%u", i);
        memset(&counters, 0, sizeof(counters));
        status = edge_check_counters_make(&counters, name, "MAIL");
    }
    assert_int_equal(status, APR_ENOSPC);
    edge_check_counters_add(&counters, EDGE_MODE_SHADOW, EDGE_RESULT_REJECT, 1);
    edge_check_counters_skip(&counters);
    assert_int_equal(edge_check_counters_sum(0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_result_has_its_counter),     cmocka_unit_test(the_same_names_share),
        cmocka_unit_test(time_falls_into_its_bucket),      cmocka_unit_test(they_are_listed_with_labels),
        cmocka_unit_test(a_full_directory_counts_nothing),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
