/* Accept: the form that is wanted most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/http_accept.h"

static const char *const forms[] = {"application/json", "application/x-ndjson", "text/csv"};
enum { NONE = -1, JSON, LINES, CSV };

static int best(const char *accept) { return edge_http_accept_best(edge_span_of(accept), forms, 3); }

static void the_usual_form_for_who_does_not_care(void **state) {
    (void)state;
    assert_int_equal(best(NULL), JSON);
    assert_int_equal(best(""), JSON);
    assert_int_equal(best(" "), JSON);
    assert_int_equal(best("*/*"), JSON);
    assert_int_equal(best("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), JSON);
}

static void the_form_that_is_named(void **state) {
    (void)state;
    assert_int_equal(best("text/csv"), CSV);
    assert_int_equal(best("Text/CSV; charset=utf-8"), CSV);
    assert_int_equal(best("application/x-ndjson, */*;q=0.1"), LINES);
    assert_int_equal(best("text/*"), CSV);
    assert_int_equal(best("application/*"), JSON);
    assert_int_equal(best("application/json, text/csv"), JSON);
}

static void weights_decide(void **state) {
    (void)state;
    assert_int_equal(best("application/json;q=0.5, text/csv;q=0.51"), CSV);
    assert_int_equal(best("application/json;q=0, */*"), LINES);
    assert_int_equal(best("text/csv;q=1.000;x=y, application/json ; Q=0.999"), CSV);
    assert_int_equal(best("*/*, text/csv;q=0.2"), JSON);
    assert_int_equal(best("text/csv;a=\"x,y;q=0\";q=0.3, application/json;q=0.2"), CSV);
}

static void what_is_malformed_counts_for_nothing(void **state) {
    (void)state;
    assert_int_equal(best("image/png"), NONE);
    assert_int_equal(best("text/csv;q=0"), NONE);
    assert_int_equal(best("text/csv;q=2"), NONE);
    assert_int_equal(best("text/csv;q="), NONE);
    assert_int_equal(best("text/csv;q=0.12345"), NONE);
    assert_int_equal(best("text/csv;q=x, application/json;q=0.1"), JSON);
    assert_int_equal(best(",,;,/,text"), NONE);
    assert_int_equal(best("text/csv;a=\"open, application/json"), CSV);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_usual_form_for_who_does_not_care),
                                       cmocka_unit_test(the_form_that_is_named), cmocka_unit_test(weights_decide),
                                       cmocka_unit_test(what_is_malformed_counts_for_nothing)};
    return cmocka_run_group_tests_name("proto/http_accept", tests, NULL, NULL);
}
