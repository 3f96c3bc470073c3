/* Values of requests as configuration would have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "control/setting_change.h"

static const struct {
    edge_conf_type_t type;
    const char *json, *text;
} rows[] = {
    {EDGE_CONF_NUMBER, "7", "7"},
    {EDGE_CONF_NUMBER, "-7", "-7"}, /* the row refuses it */
    {EDGE_CONF_SIZE, "52428800", "52428800"},
    {EDGE_CONF_SIZE, "\"50M\"", "50M"},
    {EDGE_CONF_SIZE, "null", "none"},
    {EDGE_CONF_DURATION, "90", "90s"},
    {EDGE_CONF_DURATION, "120", "2m"},
    {EDGE_CONF_DURATION, "0.25", "250ms"},
    {EDGE_CONF_DURATION, "0", "0ms"},
    {EDGE_CONF_DURATION, "-1", "-1"},
    {EDGE_CONF_DURATION, "1e300", "1e300"},
    {EDGE_CONF_DURATION, "\"5m\"", "5m"},
    {EDGE_CONF_SWITCH, "true", "on"},
    {EDGE_CONF_SWITCH, "false", "off"},
    {EDGE_CONF_TEXT, "\"two words\"", "\"two words\""},
    {EDGE_CONF_TEXT, "\"a \\\"b\\\"\"", "\"a \\\"b\\\"\""},
    {EDGE_CONF_CUSTOM, "\"220 \\\"mx\\\"\"", "220 \"mx\""},
    {EDGE_CONF_WORDS, "\"a b\"", "a b"},
    {EDGE_CONF_NUMBER, "[1]", NULL},
    {EDGE_CONF_NUMBER, "{}", NULL},
};

static void each_kind_has_its_text(void **state) {
    apr_pool_t *pool;
    (void)state;
    apr_pool_create(&pool, NULL);
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++) {
        const edge_directive_t row = {.name = "X", .type = rows[i].type};
        const edge_setting_t setting = {.kind = EDGE_SETTING_DIRECTIVE, .row = &row};
        const edge_json_value_t *json = edge_json_in_read(edge_span_of(rows[i].json), pool, NULL, NULL);
        const char *text = edge_setting_value(&setting, json, pool);
        if (!rows[i].text)
            assert_null(text);
        else
            assert_string_equal(text, rows[i].text);
    }
    apr_pool_destroy(pool);
}

static void words_of_modes_and_levels_stay_as_they_are(void **state) {
    apr_pool_t *pool;
    (void)state;
    apr_pool_create(&pool, NULL);
    const edge_setting_t setting = {.kind = EDGE_SETTING_MODE};
    const edge_json_value_t *json = edge_json_in_read(edge_span_of("\"shadow\""), pool, NULL, NULL);
    assert_string_equal(edge_setting_value(&setting, json, pool), "shadow");
    apr_pool_destroy(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_text),
        cmocka_unit_test(words_of_modes_and_levels_stay_as_they_are),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
