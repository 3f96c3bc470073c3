/* Members of an answer as cells: what is there, what is not, what is of another kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "member.h"

static apr_pool_t *pool;

static const edge_json_value_t *parsed(const char *text) {
    const edge_json_value_t *value = edge_json_in_read(edge_span_of(text), pool, NULL, NULL);
    assert_non_null(value);
    return value;
}

static void texts_and_numbers(void **state) {
    const edge_json_value_t *value = parsed("{\"a\":\"x\",\"n\":-7,\"null\":null}");
    assert_string_equal(ctl_member_text(value, "a"), "x");
    assert_null(ctl_member_text(value, "null"));
    assert_null(ctl_member_text(value, "n"));
    assert_null(ctl_member_text(NULL, "a"));
    assert_string_equal(ctl_member_number(value, "n", pool), "-7");
    assert_string_equal(ctl_member_number(value, "a", pool), "0");
    assert_string_equal(ctl_member_number(NULL, "n", pool), "0");
}

static void times(void **state) {
    const edge_json_value_t *value = parsed("{\"past\":\"2001-01-01T00:00:00Z\",\"none\":\"soon\",\"null\":null}");
    assert_non_null(strchr(ctl_member_age(value, "past", pool), 'd'));
    assert_string_equal(ctl_member_ahead(value, "past", pool), "0s");
    assert_null(ctl_member_age(value, "none", pool));
    assert_null(ctl_member_ahead(value, "null", pool));
    assert_null(ctl_member_ahead(NULL, "past", pool));
    assert_string_equal(ctl_member_end(value, "past", pool), "0s");
    assert_string_equal(ctl_member_end(value, "null", pool), "never");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_and_numbers), cmocka_unit_test(times)};
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests_name("edgectl/member", tests, NULL, NULL);
}
