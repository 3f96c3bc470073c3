/* Tests of server/base/json_out.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_json.h"

static apr_pool_t *pool;

static void a_document(void **state) {
    edge_json_t json;
    (void)state;
    edge_json_start(&json, pool, 0);
    edge_json_object(&json);
    edge_json_put_string(&json, "name", "a\"b\\c");
    edge_json_put_number(&json, "n", -5);
    edge_json_put_bool(&json, "yes", true);
    edge_json_put_string(&json, "none", NULL);
    edge_json_key(&json, "list");
    edge_json_array(&json);
    edge_json_number(&json, 1);
    edge_json_null(&json);
    edge_json_object(&json);
    edge_json_object_end(&json);
    edge_json_array(&json);
    edge_json_array_end(&json);
    edge_json_bool(&json, false);
    edge_json_array_end(&json);
    edge_json_key(&json, "took");
    edge_json_seconds(&json, 1500000);
    edge_json_object_end(&json);
    assert_string_equal(json.text, "{\"name\":\"a\\\"b\\\\c\",\"n\":-5,\"yes\":true,\"none\":null,"
                                   "\"list\":[1,null,{},[],false],\"took\":1.5}");
    assert_int_equal(json.len, strlen(json.text));
    assert_false(json.overflow);
}

static void text_is(edge_span_t in, size_t most, const char *expected) {
    edge_json_t json;
    edge_json_start(&json, pool, 0);
    edge_json_text(&json, in, most);
    assert_string_equal(json.text, expected);
}

static void hostile_text(void **state) {
    (void)state;
    text_is(edge_span_of("a\r\nb\tc\b\f"), 0, "\"a\\r\\nb\\tc\\b\\f\"");
    text_is(edge_span("\0\x1f\x7f", 3), 0, "\"\\u0000\\u001f\\u007f\"");
    text_is(edge_span_of("gr\xc3\xbc\xc3\x9f"), 0, "\"gr\xc3\xbc\xc3\x9f\"");
    text_is(edge_span_of("\xff"
                         "a\xc3"),
            0,
            "\"\xef\xbf\xbd"
            "a\xef\xbf\xbd\"");
    text_is(edge_span_of("\xed\xa0\x80"), 0, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void bounded_text(void **state) {
    (void)state;
    text_is(edge_span_of("abcdef"), 3, "\"abc...\"");
    text_is(edge_span_of("abc"), 3, "\"abc\"");
    text_is(edge_span_of("\xc3\xbc\xc3\xbc\xc3\xbc"), 2, "\"\xc3\xbc\xc3\xbc...\"");
    text_is(edge_span_of(""), 3, "\"\"");
}

static void seconds_are(int64_t micro, const char *expected) {
    edge_json_t json;
    edge_json_start(&json, pool, 0);
    edge_json_seconds(&json, micro);
    assert_string_equal(json.text, expected);
}

static void values_that_are_json_already(void **state) {
    edge_json_t json;
    (void)state;
    edge_json_start(&json, pool, 0);
    edge_json_array(&json);
    edge_json_raw(&json, edge_span_of("{\"a\":1.50}"));
    edge_json_raw(&json, edge_span_of("null"));
    edge_json_object(&json);
    edge_json_key(&json, "b");
    edge_json_raw(&json, edge_span_of("[]"));
    edge_json_object_end(&json);
    edge_json_array_end(&json);
    assert_string_equal(json.text, "[{\"a\":1.50},null,{\"b\":[]}]");
}

static void seconds(void **state) {
    (void)state;
    seconds_are(0, "0");
    seconds_are(1, "0.000001");
    seconds_are(10000000, "10");
    seconds_are(-1500000, "-1.5");
    seconds_are(INT64_MIN, "-9223372036854.775808");
}

static void a_fixed_buffer_overflows_cleanly(void **state) {
    char buffer[16];
    edge_json_t json;
    (void)state;
    edge_json_start_fixed(&json, buffer, sizeof buffer);
    edge_json_text(&json, edge_span_of("0123456789abc"), 0); /* 15 characters and the NUL: fits exactly */
    assert_false(json.overflow);
    edge_json_start_fixed(&json, buffer, sizeof buffer);
    edge_json_text(&json, edge_span_of("0123456789abcd"), 0);
    assert_true(json.overflow);
    assert_true(strlen(buffer) < sizeof buffer);
}

static void grows(void **state) {
    edge_json_t json;
    (void)state;
    edge_json_start(&json, pool, 0);
    edge_json_array(&json);
    for (int i = 0; i < 10000; i++) {
        edge_json_number(&json, 7);
    }
    edge_json_array_end(&json);
    assert_int_equal(json.len, 20001);
    assert_string_equal(json.text + 19995, "7,7,7]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document),   cmocka_unit_test(hostile_text),
        cmocka_unit_test(bounded_text), cmocka_unit_test(values_that_are_json_already),
        cmocka_unit_test(seconds),      cmocka_unit_test(a_fixed_buffer_overflows_cleanly),
        cmocka_unit_test(grows),
    };
    apr_pool_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests_name("base/json_out", tests, NULL, NULL);
}
