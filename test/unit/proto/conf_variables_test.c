/* Variables: values, defaults, the environment, and what is not defined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "conf_fixture.h"

static apr_pool_t *pool;
static edge_conf_report_t report;

static const char *filled(const char *word) {
    conf_fixture_start(pool);
    return conf_fixture_tree(
        conf_fixture_parse(apr_psprintf(pool, "Define HOST mx\nDefine EMPTY \"\"\nX %s\n", word), &report, NULL)
            ->root.first);
}

static void filled_in(void **state) {
    assert_string_equal(filled("a${HOST}b${HOST}"), "X amxbmx;");
    assert_string_equal(filled("${EMPTY}"), "X ;");
    assert_string_equal(filled("\"${HOST} x\""), "X mx x;");
    assert_string_equal(filled("${env:HOME}"), "X /root;");
    assert_string_equal(filled("$HOST {HOST} $ {HOST} %{HOST}"), "X $HOST {HOST} $ {HOST} %{HOST};");
    assert_string_equal(conf_fixture_codes(&report), "");
}

static void defaults(void **state) {
    assert_string_equal(filled("${HOST?=b}"), "X mx;");
    assert_string_equal(filled("${GONE?=b}"), "X b;");
    assert_string_equal(filled("${GONE?=}"), "X ;");
    assert_string_equal(filled("${env:GONE?=c=d}"), "X c=d;");
    assert_string_equal(conf_fixture_codes(&report), "");
}

static void undefined(void **state) {
    assert_string_equal(filled("a${HOTS}b"), "X a${HOTS}b;");
    assert_string_equal(conf_fixture_codes(&report), "EDG10004@3:3");
    assert_string_equal(report.first->advice, "did you mean \"${HOST}\"?");
    filled("${HOME}");
    assert_string_equal(conf_fixture_codes(&report), "EDG10004@3:3");
    filled("${env:GONE}");
    assert_string_equal(conf_fixture_codes(&report), "EDG10004@3:3");
    filled("a ${HOST");
    assert_string_equal(conf_fixture_codes(&report), "EDG10005@3:5");
}

static void growth_is_bounded(void **state) {
    const char *text = "Define A 0123456789abcdef\n";
    for (char c = 'B'; c <= 'Z'; c++)
        text = apr_psprintf(pool, "%sDefine %c ${%c}${%c}${%c}${%c}\n", text, c, c - 1, c - 1, c - 1, c - 1);
    conf_fixture_parse(text, &report, NULL);
    assert_string_equal(report.first->code, "EDG10019");
    assert_int_equal(report.first->place.line, 8);
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int each(void **state) {
    (void)state;
    conf_fixture_start(pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(filled_in, each),
        cmocka_unit_test_setup(defaults, each),
        cmocka_unit_test_setup(undefined, each),
        cmocka_unit_test_setup(growth_is_bounded, each),
    };
    return cmocka_run_group_tests_name("proto/conf_variables", tests, set_up, NULL);
}
