/* Values as text, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "core/conf_value.h"

static apr_pool_t *pool;

static edge_mono_t duration(const char *text) {
    edge_mono_t value = -1;
    return edge_conf_parse_duration(edge_span_of(text), &value) ? value : -1;
}

static int64_t size(const char *text) {
    uint64_t value = 0;
    return edge_conf_parse_size(edge_span_of(text), &value) ? (int64_t)value : -1;
}

static void durations(void **state) {
    (void)state;
    assert_int_equal(duration("250ms"), 250000);
    assert_int_equal(duration("30s"), 30000000);
    assert_int_equal(duration("5m"), 300000000LL);
    assert_int_equal(duration("1h"), 3600000000LL);
    assert_int_equal(duration("2d"), 172800000000LL);
    assert_int_equal(duration("0s"), 0);
    assert_int_equal(duration("30S"), 30000000);
    const char *wrong[] = {
        "",    "30", "s", "-1s", "+1s", "1.5s", "1 s", "1x", "1sec", "99999999999999999999s", "9223372036854775807d",
        "0x1s"};
    for (unsigned i = 0; i < EDGE_COUNT(wrong); i++)
        assert_int_equal(duration(wrong[i]), -1);
}

static void sizes(void **state) {
    (void)state;
    assert_int_equal(size("512"), 512);
    assert_int_equal(size("64K"), 65536);
    assert_int_equal(size("75M"), 78643200);
    assert_int_equal(size("1g"), 1 << 30);
    assert_int_equal(size("1T"), 1LL << 40);
    assert_int_equal(size("0"), 0);
    const char *wrong[] = {"", "K", "-1", "1.5M", "1KB", "10 M", "18446744073709551616", "9999999999T"};
    for (unsigned i = 0; i < EDGE_COUNT(wrong); i++)
        assert_int_equal(size(wrong[i]), -1);
}

static void what_is_shown_can_be_written(void **state) {
    (void)state;
    const edge_mono_t moments[] = {1000,        250000,       1000000,       90000000,
                                   300000000LL, 3600000000LL, 86400000000LL, 129600000000LL};
    for (unsigned i = 0; i < EDGE_COUNT(moments); i++)
        assert_int_equal(duration(edge_conf_show_duration(moments[i], pool)), moments[i]);
    const int64_t octets[] = {0, 1, 1023, 1024, 78643200, 1 << 30, 5LL << 40};
    for (unsigned i = 0; i < EDGE_COUNT(octets); i++)
        assert_int_equal(size(edge_conf_show_size((uint64_t)octets[i], pool)), octets[i]);
    assert_string_equal(edge_conf_show_duration(7200000000LL, pool), "2h");
    assert_string_equal(edge_conf_show_size(78643200, pool), "75M");
}

static void pairs(void **state) {
    (void)state;
    edge_span_t key, value;
    assert_true(edge_conf_split_pair(edge_span_of("mode=a=b"), &key, &value));
    assert_true(edge_span_equal(key, edge_span_of("mode")) && edge_span_equal(value, edge_span_of("a=b")));
    assert_true(edge_conf_split_pair(edge_span_of("="), &key, &value));
    assert_int_equal(key.len + value.len, 0);
    assert_false(edge_conf_split_pair(edge_span_of("mode"), &key, &value));
    assert_false(edge_conf_split_pair(edge_span_of(""), &key, &value));
}

static void quoting(void **state) {
    (void)state;
    assert_string_equal(edge_conf_quote(edge_span_of("plain-1.2:3/x=y"), pool), "plain-1.2:3/x=y");
    assert_string_equal(edge_conf_quote(edge_span_of("a b"), pool), "\"a b\"");
    assert_string_equal(edge_conf_quote(edge_span_of(""), pool), "\"\"");
    assert_string_equal(edge_conf_quote(edge_span_of("#x"), pool), "\"#x\"");
    assert_string_equal(edge_conf_quote(edge_span_of("<x"), pool), "\"<x\"");
    assert_string_equal(edge_conf_quote(edge_span_of("a\"\\"), pool), "\"a\\\"\\\\\"");
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations), cmocka_unit_test(sizes),   cmocka_unit_test(what_is_shown_can_be_written),
        cmocka_unit_test(pairs),     cmocka_unit_test(quoting),
    };
    return cmocka_run_group_tests_name("core/conf_value", tests, set_up, NULL);
}
