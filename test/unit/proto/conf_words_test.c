/* Words: quotes, joined lines, comments, and their places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "conf_fixture.h"

#include "proto/conf_words.h"

static apr_pool_t *pool;
static edge_conf_report_t report;

/* All words of the text: [a][b]/[c], a slash between lines. */
static const char *words_of(const char *text) {
    edge_conf_file_t file = {.path = "x", .text = edge_span_of(text)};
    edge_conf_cursor_t cursor = {&file, 0, 1, 1};
    edge_conf_argument_t words[EDGE_CONF_WORDS_MOST];
    unsigned count;
    const char *out = "";
    edge_conf_report_start(&report, pool);
    while (edge_conf_words_next(&cursor, words, &count, &report, pool)) {
        out = apr_pstrcat(pool, out, *out ? "/" : "", NULL);
        for (unsigned i = 0; i < count; i++) {
            assert_int_equal(strlen(words[i].text.at), words[i].text.len);
            out = apr_psprintf(pool, "%s[%s]", out, words[i].text.at);
        }
    }
    return out;
}

static void plain_words(void **state) {
    assert_string_equal(words_of(""), "");
    assert_string_equal(words_of("\n\n  \t\n"), "");
    assert_string_equal(words_of("a b\tc"), "[a][b][c]");
    assert_string_equal(words_of("  a \r\n b\r\n"), "[a]/[b]");
}

static void comments(void **state) {
    assert_string_equal(words_of("# a\nb # c\nd#e\n"), "[b]/[d#e]");
    assert_string_equal(words_of("a \"# no\" # yes"), "[a][# no]");
    assert_string_equal(words_of("# ends in a backslash \\\nb"), "[b]");
}

static void quotes(void **state) {
    assert_string_equal(words_of("\"a b\" \"\""), "[a b][]");
    assert_string_equal(words_of("k=\"a b\"c"), "[k=a bc]");
    assert_string_equal(words_of("\"a\\\"b\\\\c\\d\""), "[a\"b\\c\\d]");
    assert_string_equal(words_of("a\\\"b"), "[a\\b]");
    assert_string_equal(conf_fixture_codes(&report), "EDG10001@1:1");
    assert_string_equal(words_of("x \"a\ny"), "[x][a]/[y]");
    assert_string_equal(conf_fixture_codes(&report), "EDG10001@1:3");
}

static void joined_lines(void **state) {
    assert_string_equal(words_of("a \\\n b\nc"), "[a][b]/[c]");
    assert_string_equal(words_of("a\\\nb"), "[ab]");
    assert_string_equal(words_of("a \\\r\n b"), "[a][b]");
    assert_string_equal(words_of("a \"b \\\n c\""), "[a][b  c]");
    assert_string_equal(words_of("a \\"), "[a][\\]");
    assert_string_equal(words_of("a \\\n"), "[a]");
    assert_string_equal(words_of("a \\ b"), "[a][\\][b]");
}

static void too_many_words(void **state) {
    char text[3 * EDGE_CONF_WORDS_MOST], *at = text;
    for (unsigned i = 0; i <= EDGE_CONF_WORDS_MOST; i++, at += 2)
        memcpy(at, "w ", 2);
    memcpy(at, "\nx", 3);
    const char *out = words_of(text);
    assert_string_equal(conf_fixture_codes(&report), apr_psprintf(pool, "EDG10002@1:%d", 2 * EDGE_CONF_WORDS_MOST + 1));
    assert_string_equal(out + strlen(out) - 4, "/[x]");
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
        cmocka_unit_test_setup(plain_words, each),    cmocka_unit_test_setup(comments, each),
        cmocka_unit_test_setup(quotes, each),         cmocka_unit_test_setup(joined_lines, each),
        cmocka_unit_test_setup(too_many_words, each),
    };
    return cmocka_run_group_tests_name("proto/conf_words", tests, set_up, NULL);
}
