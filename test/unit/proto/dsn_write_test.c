/* What others said, made inert: cleaned, cut, broken into lines. */
#include "dsn_fixture.h"
#include "proto/dsn_priv.h"

static char out[4096];

static edge_dsn_writer_t writer(void) {
    memset(out, 0, sizeof out);
    return (edge_dsn_writer_t){out, 0, sizeof out - 1, 0};
}

static void foreign_text(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool utf8;
        size_t most;
        const char *shown;
    } rows[] = {
        {"", false, 10, ""},
        {"plain", false, 10, "plain"},
        {"a\r\nb\tc", false, 10, "a  b c"},
        {"a\x01\x1b\x7f", false, 10, "a???"},
        {"J\xc3\xb6rg", false, 10, "J?rg"},
        {"J\xc3\xb6rg", true, 10, "J\xc3\xb6rg"},
        {"J\xc3rg\xff", true, 10, "J?rg?"},
        {"0123456789", false, 10, "0123456789"},
        {"0123456789a", false, 10, "0123456789..."},
        {"01\xc3\xb6", true, 3, "01?..."},
    };
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        edge_dsn_writer_t to = writer();
        edge_dsn_put_foreign(&to, edge_span_of(rows[i].text), rows[i].utf8, rows[i].most);
        assert_string_equal(out, rows[i].shown);
    }
    edge_dsn_writer_t to = writer();
    edge_dsn_put_foreign(&to, edge_span("a\0b", 3), true, 10);
    assert_string_equal(out, "a?b");
}

static void words(void **state) {
    (void)state;
    edge_dsn_writer_t to = writer();
    edge_dsn_put_string(&to, "Field: ");
    edge_dsn_put_words(&to, edge_span_of("  one\r\ntwo   three "), false, 100, "  ");
    assert_string_equal(out, "Field: one two three");
    to = writer();
    edge_dsn_put_words(
        &to, edge_span_of("0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789"),
        false, 200, "  ");
    assert_string_equal(out, "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\r\n"
                             "  0123456789");
    to = writer();
    edge_dsn_put_words(&to, edge_span_of("one two"), false, 5, "  ");
    assert_string_equal(out, "one t...");
}

/* A word that fits no line is cut into several. */
static void a_word_without_end(void **state) {
    (void)state;
    char word[1501];
    memset(word, 'x', sizeof word);
    edge_dsn_writer_t to = writer();
    edge_dsn_put_words(&to, edge_span(word, sizeof word), false, sizeof word, " ");
    for (char *line = out; line != NULL;) {
        char *end = strstr(line, "\r\n");
        size_t len = end != NULL ? (size_t)(end - line) : strlen(line);
        assert_true(len > 0 && len < 250);
        line = end != NULL ? end + 2 : NULL;
    }
}

static void lines_and_dates(void **state) {
    (void)state;
    edge_dsn_writer_t to = writer();
    edge_dsn_line(&to, "a");
    edge_dsn_put_date(&to, INT64_C(1795365669120934));
    assert_int_equal(to.column, 31);
    edge_dsn_end_line(&to);
    assert_int_equal(to.column, 0);
    assert_string_equal(out, "a\r\nSun, 22 Nov 2026 16:41:09 +0000\r\n");
}

static void ascii(void **state) {
    (void)state;
    assert_true(edge_dsn_is_ascii(edge_span_of("a\x7f")));
    assert_true(edge_dsn_is_ascii(EDGE_NO_SPAN));
    assert_false(edge_dsn_is_ascii(edge_span_of("a\x80")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text),    cmocka_unit_test(words), cmocka_unit_test(a_word_without_end),
        cmocka_unit_test(lines_and_dates), cmocka_unit_test(ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
