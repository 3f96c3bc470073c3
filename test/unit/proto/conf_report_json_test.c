/* Diagnostics as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "conf_fixture.h"

#include "proto/conf_report_json.h"

static apr_pool_t *pool;
static edge_conf_report_t report;

static void as_tools_read_it(void **state) {
    edge_json_t json;
    conf_fixture_file("/r/a", "A ${B}\n");
    conf_fixture_parse("Warning \"say \\\"so\\\"\"\nInclude a\n", &report, NULL);
    edge_json_start(&json, pool, 64);
    edge_conf_report_json(&report, &json);
    assert_string_equal(
        apr_pstrmemdup(pool, json.text, json.len),
        "{\"errors\":1,\"warnings\":1,\"files\":2,\"diagnostics\":["
        "{\"file\":\"/r/edge.conf\",\"line\":1,\"column\":1,\"severity\":\"warning\",\"code\":\"EDG20002\","
        "\"message\":\"say \\\"so\\\"\",\"suggestion\":null,\"include_chain\":[]},"
        "{\"file\":\"/r/a\",\"line\":1,\"column\":3,\"severity\":\"error\",\"code\":\"EDG10004\","
        "\"message\":\"\\\"${B}\\\" is not defined\","
        "\"suggestion\":\"set it by Define or -D, give it a default by ${B?=...}, or write ${env:B}\","
        "\"include_chain\":[{\"file\":\"/r/edge.conf\",\"line\":2}]}]}");
}

static void without_a_place(void **state) {
    edge_json_t json;
    conf_fixture_parse(NULL, &report, NULL);
    edge_json_start(&json, pool, 64);
    edge_conf_report_json(&report, &json);
    assert_non_null(strstr(apr_pstrmemdup(pool, json.text, json.len), "{\"file\":null,\"line\":null,\"column\":null,"));
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
        cmocka_unit_test_setup(as_tools_read_it, each),
        cmocka_unit_test_setup(without_a_place, each),
    };
    return cmocka_run_group_tests_name("proto/conf_report_json", tests, set_up, NULL);
}
