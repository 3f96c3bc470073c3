/* Which module brings a directive that no loaded module knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/conf_known.h"

static void directives_are_found_in_any_case(void **state) {
    (void)state;
    assert_string_equal(edge_conf_known_module(edge_span_of("Banner")), "smtp_edge");
    assert_string_equal(edge_conf_known_module(edge_span_of("bAnNeR")), "smtp_edge");
    assert_string_equal(edge_conf_known_module(edge_span_of("Rate")), "rate");
    assert_null(edge_conf_known_module(edge_span_of("Rat")));
    assert_null(edge_conf_known_module(edge_span_of("Rates")));
    assert_null(edge_conf_known_module(edge_span_of("")));
}

/* Suggestions walk this list to its end. */
static void modules_are_listed(void **state) {
    unsigned index = 0;
    (void)state;
    for (const char *name; (name = edge_conf_known_module_at(index)) != NULL; index++)
        assert_true(edge_conf_known_is_module(edge_span_of(name)));
    assert_true(index > 10);
    assert_null(edge_conf_known_module_at(index));
    assert_null(edge_conf_known_module_at(index + 1000));
    assert_false(edge_conf_known_is_module(edge_span_of("SMTP_EDGE"))); /* names of modules are exact */
    assert_false(edge_conf_known_is_module(edge_span_of("nothing")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directives_are_found_in_any_case),
        cmocka_unit_test(modules_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
