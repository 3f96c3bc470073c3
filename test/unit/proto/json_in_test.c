/* JSON read into a tree, and every malformed document refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <stdlib.h>

#include "proto/json_in.h"

static apr_pool_t *pool;

static const edge_json_value_t *read_text(const char *text) {
    const char *wrong = "none";
    const edge_json_value_t *value = edge_json_in_read(edge_span_of(text), pool, &wrong, NULL);
    assert_non_null(value);
    assert_null(wrong);
    return value;
}

static void is(edge_span_t span, const char *text) { assert_true(edge_span_equal(span, edge_span_of(text))); }

static void reads_a_document(void **state) {
    (void)state;
    const edge_json_value_t *value =
        read_text(" { \"a\" : [ 1 , -2.5e+3 , true,false, null, {} , [] ],\"b\":\"x\", \"n\": -12, \"\":0 } ");
    assert_int_equal(value->type, EDGE_JSON_OBJECT);
    assert_int_equal(value->count, 4);
    is(edge_json_in_text(value, "b"), "x");
    assert_int_equal(edge_json_in_number(value, "n", 7), -12);
    assert_int_equal(edge_json_in_number(value, "", 7), 0);
    assert_int_equal(edge_json_in_number(value, "b", 7), 7);
    assert_int_equal(edge_json_in_number(value, "none", 7), 7);
    assert_null(edge_json_in_text(value, "n").at);
    const edge_json_value_t *array = edge_json_in_member(value, "a"), *element = array->first;
    assert_int_equal(array->count, 7);
    is(array->raw, "[ 1 , -2.5e+3 , true,false, null, {} , [] ]");
    is(element->text, "1");
    is(element->next->text, "-2.5e+3");
    assert_true(element->next->next->truth);
    assert_false(element->next->next->next->truth);
    assert_int_equal(element->next->next->next->next->type, EDGE_JSON_NULL);
    assert_null(edge_json_in_member(array, "a"));
    assert_null(edge_json_in_member(NULL, "a"));
}

static void decodes_strings(void **state) {
    (void)state;
    is(read_text("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00\xc3\xa9\"")->text,
       "a\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9");
    is(read_text("\"\"")->text, "");
    is(read_text("\"\\\\\"")->text, "\\");
    assert_int_equal(read_text("\"\\u0000\"")->text.len, 1);
}

static void numbers_that_do_not_fit(void **state) {
    (void)state;
    const edge_json_value_t *value =
        read_text("{\"a\":9223372036854775807,\"b\":9223372036854775808,\"c\":1e3,\"d\":2.9}");
    assert_true(edge_json_in_number(value, "a", 7) == INT64_MAX);
    assert_int_equal(edge_json_in_number(value, "b", 7), 7);
    assert_int_equal(edge_json_in_number(value, "c", 7), 7);
    assert_int_equal(edge_json_in_number(value, "d", 7), 2);
}

static void refuses_what_is_wrong(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        " ",
        "nul",
        "tru",
        "x",
        "01",
        "-",
        "1.",
        "1e",
        "+1",
        ".5",
        "1 2",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[",
        "[1",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":2}",
        "\"",
        "\"a",
        "\"a\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ude00\"",
        "\"\n\"",
        "\"\xff\"",
        "\"\xc3\"",
        "// x\n1",
        "[1]]",
        "'a'",
    };
    for (size_t i = 0; i < EDGE_COUNT(wrong); i++) {
        const char *why = NULL;
        size_t at = SIZE_MAX, len = strlen(wrong[i]);
        char *exact = malloc(len + 1); /* no NUL behind the text: reading too far is seen by a checker */
        memcpy(exact, wrong[i], len);
        assert_null(edge_json_in_read(edge_span(exact, len), pool, &why, &at));
        assert_non_null(why);
        assert_true(at <= len);
        free(exact);
    }
}

static void depth_is_bounded(void **state) {
    (void)state;
    char text[200];
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    assert_null(edge_json_in_read(edge_span(text, 200), pool, NULL, NULL));
    assert_non_null(edge_json_in_read(edge_span(text + 100 - EDGE_JSON_IN_DEPTH, (size_t)EDGE_JSON_IN_DEPTH * 2), pool,
                                      NULL, NULL));
    assert_null(edge_json_in_read(edge_span(text + 99 - EDGE_JSON_IN_DEPTH, (size_t)EDGE_JSON_IN_DEPTH * 2 + 2), pool,
                                  NULL, NULL));
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_document),        cmocka_unit_test(decodes_strings),
        cmocka_unit_test(numbers_that_do_not_fit), cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests_name("proto/json_in", tests, set_up, NULL);
}
