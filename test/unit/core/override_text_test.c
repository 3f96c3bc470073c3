/* Overrides as the text of a file: what is written is read again, and what is broken is passed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "core/override.h"

static apr_pool_t *pool;

static int start(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL) == APR_SUCCESS ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static const edge_override_t samples[] = {
    {.key = "max_hops", .value = "7", .by = "uid 0", .at = 1795278011204000, .sections = "", .before = "MaxHops "},
    {.key = "listener.mx.banner",
     .value = "220 \"mx \\\"one\\\" # ESMTP\"",
     .by = "token:ops \"1\"",
     .at = 1795278011204000,
     .reason = "INC-2217 \\ \"disk\" # pressure\xc3\xa9",
     .until = 1795292411000000,
     .persistent = true,
     .over = "220 \"%{ServerName} ESMTP\"",
     .sections = "Listener mx",
     .before = "Banner "},
    {.key = "validator.local.mx.RCPT.mode",
     .value = "shadow",
     .by = "x",
     .at = 1,
     .over = "enforce",
     .sections = "Listener mx\nOn RCPT",
     .before = "Validate local mode="},
    {.key = "log.smtp_edge", .value = "debug", .by = "x", .at = 1, .sections = "", .before = "LogLevel smtp_edge:"},
    {.key = "log.default", .value = "info", .by = "x", .at = 1, .sections = "", .before = "LogLevel "},
    {.key = "listener.a b.auth.mechanisms",
     .value = "PLAIN,LOGIN",
     .by = "x",
     .at = 1,
     .sections = "Listener \"a b\"",
     .before = "Auth required backend=staff mechanisms="},
};

static apr_array_header_t *all(void) {
    apr_array_header_t *list = edge_override_none(pool);
    for (unsigned i = 0; i < EDGE_COUNT(samples); i++)
        list = edge_override_with(list, &samples[i], pool);
    return list;
}

static void assert_text(const char *got, const char *wanted) {
    if (!wanted)
        assert_null(got);
    else
        assert_string_equal(got, wanted);
}

static void assert_same(const edge_override_t *got, const edge_override_t *wanted) {
    assert_text(got->key, wanted->key);
    assert_text(got->value, wanted->value);
    assert_text(got->by, wanted->by);
    assert_text(got->reason, wanted->reason);
    assert_text(got->over, wanted->over);
    assert_text(got->sections, wanted->sections);
    assert_text(got->before, wanted->before);
    assert_int_equal(got->at, wanted->at);
    assert_int_equal(got->until, wanted->until);
    assert_int_equal(got->persistent, wanted->persistent);
}

static void what_is_written_is_read_again(void **state) {
    unsigned bad = 1;
    (void)state;
    const char *text = edge_override_write(all(), false, pool);
    apr_array_header_t *list = edge_override_read(edge_span_of(text), &bad, pool);
    assert_int_equal(bad, 0);
    assert_int_equal(list->nelts, EDGE_COUNT(samples));
    for (unsigned i = 0; i < EDGE_COUNT(samples); i++)
        assert_same(&APR_ARRAY_IDX(list, (int)i, edge_override_t), &samples[i]);
    assert_string_equal(edge_override_write(list, false, pool), text);
}

/* Or else a reason would write directives. */
static void a_comment_stays_in_its_line(void **state) {
    unsigned bad = 1;
    (void)state;
    edge_override_t one = samples[4];
    one.reason = "x\"\nMaxHops 3\r# key max_hops\n";
    one.by = "y\nMaxHops 4";
    const char *text = edge_override_write(edge_override_with(edge_override_none(pool), &one, pool), false, pool);
    assert_null(strstr(text, "\nMaxHops"));
    apr_array_header_t *list = edge_override_read(edge_span_of(text), &bad, pool);
    assert_int_equal(bad, 0);
    assert_int_equal(list->nelts, 1);
    one.reason = "x\" MaxHops 3 # key max_hops ";
    one.by = "y MaxHops 4";
    assert_same(&APR_ARRAY_IDX(list, 0, edge_override_t), &one);
}

static void it_reads_as_configuration(void **state) {
    (void)state;
    const char *text = edge_override_write(all(), false, pool);
    assert_non_null(
        strstr(text, "\n<Listener mx>\n    <On RCPT>\n        Validate local mode=shadow\n    </On>\n</Listener>\n"));
    assert_non_null(strstr(text, "\nMaxHops 7\n"));
    assert_non_null(strstr(text, " at 2026-11-21T16:20:11.204000Z until 2026-11-21T20:20:11.000000Z\n"));
}

static void only_what_persists_goes_into_the_file(void **state) {
    unsigned bad = 1;
    (void)state;
    const char *text = edge_override_write(all(), true, pool);
    apr_array_header_t *list = edge_override_read(edge_span_of(text), &bad, pool);
    assert_int_equal(list->nelts, 1);
    assert_same(&APR_ARRAY_IDX(list, 0, edge_override_t), &samples[1]);
}

static void broken_pieces_are_counted(void **state) {
    static const struct {
        const char *text;
        int kept;
        unsigned bad;
    } rows[] = {
        {"", 0, 0},
        {"# key a\n", 0, 1},
        {"# key a\n# by x at 2026-11-21T16:20:11Z\n", 0, 1},
        {"# key a\n# by x at yesterday\nA 1\n", 0, 1},
        {"# key a\n# by x at 2026-11-21T16:20:11Z for ever\nA 1\n", 0, 1},
        {"# key a\n# by x at 2026-11-21T16:20:11Z until\nA 1\n", 0, 1},
        {"A 1\n", 0, 1},
        {"# key a\n# by x at 2026-11-21T16:20:11Z\nA 1\nA 2\n", 1, 1},
        {"# key a\n# by x at 2026-11-21T16:20:11Z\nA\n", 0, 1},
        {"# key a\n# by x at 2026-11-21T16:20:11Z\nA 1\n# key b\n# by x at 2026-11-21T16:20:11Z reload\nB 2", 2, 0},
        {"# because \"open\n# by \"open\n", 0, 0},
    };
    (void)state;
    for (unsigned i = 0; i < EDGE_COUNT(rows); i++) {
        unsigned bad = 99;
        apr_array_header_t *list = edge_override_read(edge_span_of(rows[i].text), &bad, pool);
        if (list->nelts != rows[i].kept || bad != rows[i].bad)
            print_error("row %u: kept %d, bad %u\n", i, list->nelts, bad);
        assert_int_equal(list->nelts, rows[i].kept);
        assert_int_equal(bad, rows[i].bad);
    }
}

static void lists_are_values(void **state) {
    (void)state;
    apr_array_header_t *list = all(), *fewer = edge_override_without(list, "max_hops", pool);
    edge_override_t other = samples[0];
    other.value = "9";
    apr_array_header_t *changed = edge_override_with(list, &other, pool);
    assert_int_equal(fewer->nelts, list->nelts - 1);
    assert_null(edge_override_find(fewer, "max_hops"));
    assert_string_equal(edge_override_find(list, "max_hops")->value, "7");
    assert_string_equal(edge_override_find(changed, "max_hops")->value, "9");
    assert_int_equal(changed->nelts, list->nelts);
    assert_int_equal(edge_override_without(list, "nothing", pool)->nelts, list->nelts);
    assert_int_equal(edge_override_copy(list, pool)->nelts, list->nelts);
}

#define OVERRIDE_TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        OVERRIDE_TEST(what_is_written_is_read_again), OVERRIDE_TEST(a_comment_stays_in_its_line),
        OVERRIDE_TEST(it_reads_as_configuration),     OVERRIDE_TEST(only_what_persists_goes_into_the_file),
        OVERRIDE_TEST(broken_pieces_are_counted),     OVERRIDE_TEST(lists_are_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
