/* Sizes, durations, times and tables as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>
#include <stdlib.h>

#include "human.h"

static apr_pool_t *pool;

static void sizes(void **state) {
    (void)state;
    static const struct {
        uint64_t octets;
        const char *text;
    } rows[] = {{0, "0 B"},
                {1023, "1023 B"},
                {1024, "1 KiB"},
                {1536, "1.5 KiB"},
                {10239, "9.9 KiB"},
                {10240, "10 KiB"},
                {78643200, "75 MiB"},
                {UINT64_C(1) << 40, "1 TiB"},
                {UINT64_MAX, "15 EiB"}};
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        assert_string_equal(ctl_human_size(rows[i].octets, pool), rows[i].text);
    }
}

static void durations(void **state) {
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{-5, "0s"},   {0, "0s"},       {59, "59s"},       {60, "1m"},    {725, "12m 5s"},
                {3600, "1h"}, {3725, "1h 2m"}, {273600, "3d 4h"}, {259201, "3d"}};
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        assert_string_equal(ctl_human_duration(rows[i].seconds * 1000000, pool), rows[i].text);
    }
}

static void times(void **state) {
    (void)state;
    assert_true(ctl_human_parse_time(edge_span_of("2026-11-22T16:41:09.120934Z")) == INT64_C(1795365669120934));
    assert_true(ctl_human_parse_time(edge_span_of("1970-01-01T00:00:00.000000Z")) == 0);
    static const char *const wrong[] = {"", "2026-11", "2026-11-22T16:41:09.120934", "2026-1x-22T16:41:09.120934Z"};
    for (size_t i = 0; i < EDGE_COUNT(wrong); i++) {
        assert_true(ctl_human_parse_time(edge_span_of(wrong[i])) == -1);
    }
}

static void cleaning(void **state) {
    (void)state;
    assert_string_equal(ctl_human_clean(edge_span_of("p\xc3\xa9l\xc3\xa9 \x1b[31m\r\n\x7f\xff\xc2\x9bz"), pool),
                        "p\xc3\xa9l\xc3\xa9 ?[31m?????z");
}

static void tables(void **state) {
    (void)state;
    static const char *const heads[] = {"NAME", ">SIZE", "LAST", NULL};
    ctl_table_t *table = ctl_table_make(heads, pool);
    static const char *const cells[] = {"a\xc3\xa9", "5", "x", "long name", "12345", NULL, "", NULL, "y\n"};
    for (size_t i = 0; i < EDGE_COUNT(cells); i++) {
        ctl_table_add(table, cells[i]);
    }
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ctl_table_print(table, out);
    fclose(out);
    assert_string_equal(text, "NAME        SIZE  LAST\n"
                              "a\xc3\xa9             5  x\n"
                              "long name  12345  -\n"
                              "               -  y?\n");
    free(text);
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes), cmocka_unit_test(durations), cmocka_unit_test(times),
                                       cmocka_unit_test(cleaning), cmocka_unit_test(tables)};
    return cmocka_run_group_tests_name("edgectl/human", tests, set_up, NULL);
}
