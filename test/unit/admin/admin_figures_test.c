/* Figures of the admin's server: who failed to say who he is, and streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../../modules/admin/admin.h"

/* -1: there is no such series. */
static int64_t value(const char *name, const char *labels) {
    edge_counter_entry_t entry;
    for (unsigned slot = 0; edge_counter_at(slot, &entry); slot++)
        if (strcmp(entry.name, name) == 0 && strcmp(entry.labels, labels) == 0)
            return edge_counter_sum(slot);
    return -1;
}

static void failures_and_streams(void **state) {
    assert_int_equal(value("admin_auth_failures_total", "reason=\"missing\""), 0);
    assert_int_equal(value("admin_auth_failures_total", "reason=\"csrf\""), 0);
    assert_int_equal(value("admin_streams_active", ""), 0);
    admin_figures_failed(ADMIN_FAILURE_SOURCE);
    admin_figures_failed(ADMIN_FAILURE_CSRF);
    admin_figures_failed(ADMIN_FAILURE_CSRF);
    assert_int_equal(value("admin_auth_failures_total", "reason=\"source\""), 1);
    assert_int_equal(value("admin_auth_failures_total", "reason=\"csrf\""), 2);
    assert_int_equal(value("admin_auth_failures_total", "reason=\"missing\""), 0);
    assert_int_equal(admin_who_failure(EDGE_TOKEN_EXPIRED), ADMIN_FAILURE_EXPIRED);
    assert_int_equal(admin_who_failure(EDGE_TOKEN_WRONG_SOURCE), ADMIN_FAILURE_SOURCE);
    assert_int_equal(admin_who_failure(EDGE_TOKEN_UNKNOWN), ADMIN_FAILURE_UNKNOWN);
    admin_figures_streams(1);
    admin_figures_streams(1);
    admin_figures_streams(-1);
    assert_int_equal(value("admin_streams_active", ""), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_and_streams),
    };
    apr_initialize();
    if (edge_counter_map() != APR_SUCCESS)
        return 1;
    admin_figures_make();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
