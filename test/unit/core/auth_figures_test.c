/* Tests of server/core/auth_figures.c: a histogram for each mechanism, and one for all others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <cmocka.h>

#include "core/auth_figures.h"
#include "edge_counter.h"

/* -1: there is no such series. */
static int64_t value(const char *name, const char *labels) {
    edge_counter_entry_t entry;
    for (unsigned slot = 0; edge_counter_at(slot, &entry); slot++)
        if (strcmp(entry.name, name) == 0 && strcmp(entry.labels, labels) == 0)
            return edge_counter_sum(slot);
    return -1;
}

static void words(void **state) {
    (void)state;
    assert_string_equal(edge_auth_mechanism_words[edge_auth_mechanism_word("PLAIN")], "PLAIN");
    assert_string_equal(edge_auth_mechanism_words[edge_auth_mechanism_word("OAUTHBEARER")], "OAUTHBEARER");
    assert_string_equal(edge_auth_mechanism_words[edge_auth_mechanism_word("X-OWN")], "OTHER");
    assert_string_equal(edge_auth_mechanism_words[edge_auth_mechanism_word("")], "OTHER");
}

static void times(void **state) {
    (void)state;
    edge_auth_figures_observe("PLAIN", 5); /* not made yet */
    assert_int_equal(value("auth_duration_seconds_sum", "mechanism=\"PLAIN\""), -1);
    edge_auth_figures_make();
    assert_int_equal(value("auth_duration_seconds_sum", "mechanism=\"PLAIN\""), 0);
    assert_int_equal(value("auth_duration_seconds_bucket", "mechanism=\"LOGIN\",le=\"0.05\""), 0);
    edge_auth_figures_observe("PLAIN", 30000);
    edge_auth_figures_observe("X-OWN", 2);
    edge_auth_figures_make(); /* of the next generation */
    edge_auth_figures_observe("PLAIN", 40000);
    assert_int_equal(value("auth_duration_seconds_sum", "mechanism=\"PLAIN\""), 70000);
    assert_int_equal(value("auth_duration_seconds_bucket", "mechanism=\"PLAIN\",le=\"0.05\""), 2);
    assert_int_equal(value("auth_duration_seconds_bucket", "mechanism=\"OTHER\",le=\"0.0005\""), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(times)};
    apr_initialize();
    if (edge_counter_map() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests_name("core/auth_figures", tests, NULL, NULL);
}
