/* What of a message can be returned: in one piece and octet by octet. */
#include "dsn_fixture.h"

#include <apr_strings.h>

#define BOUNDARY "=_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static edge_dsn_survey_t survey_cut(edge_span_t text, size_t step) {
    static const uint8_t random[EDGE_DSN_BOUNDARY_OCTETS];
    edge_dsn_survey_t survey;
    edge_dsn_survey_begin(&survey, random);
    while (text.len > 0) {
        size_t len = text.len < step ? text.len : step;
        if (!edge_dsn_survey_feed(&survey, edge_span(text.at, len))) {
            break;
        }
        text = edge_span_after(text, len);
    }
    edge_dsn_survey_end(&survey);
    return survey;
}

typedef struct row {
    const char *text;
    const char *header; /* what can be returned of it */
    bool unfit, eight_bit, header_eight_bit;
} row_t;

static void messages(void **state) {
    (void)state;
    static const row_t rows[] = {
        {"", "", false, false, false},
        {"A: b\r\n\r\nbody\r\n", "A: b\r\n", false, false, false},
        {"A: b\r\n c\r\nB: d\r\n", "A: b\r\n c\r\nB: d\r\n", false, false, false},
        {"A: b", "", false, false, false},
        {"A: b\r\n\r\nno end", "A: b\r\n", false, false, false},
        {"no header\r\nA: b\r\n\r\n", "", false, false, false},
        {"A: b\r\n\r\n\xff\r\n", "A: b\r\n", false, true, false},
        {"A: b\r\n\r\n\xff", "A: b\r\n", false, true, false},
        {"A: \xff\r\nB: c\r\n\r\n", "A: \xff\r\nB: c\r\n", false, true, true},
        {"A: b\nB: c\r\n\r\n", "", true, false, false},
        {"A: b\r\nB: \rc\r\nC: d\r\n\r\n", "A: b\r\n", true, false, false},
        {"A: b\r\n\r\nx\ry\r\n", "A: b\r\n", true, false, false},
        {"A: b\r\n\r\nx\r", "A: b\r\n", true, false, false},
        {"A: b\r\n\r\nx\r\r\n", "A: b\r\n", true, false, false},
        {"A: b\r\n\r\n--" BOUNDARY "\r\n", "A: b\r\n", true, false, false},
        {"A: b\r\n\r\n--" BOUNDARY, "A: b\r\n", true, false, false},
        {"A: b\r\n\r\n--" BOUNDARY "more\r\n", "A: b\r\n", true, false, false},
        {"A: b\r\n\r\n --" BOUNDARY "\r\n-" BOUNDARY "\r\n---" BOUNDARY "\r\n", "A: b\r\n", false, false, false},
    };
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        size_t whole = strlen(rows[i].text);
        for (size_t step = 1; step <= whole; step++) {
            edge_dsn_survey_t survey = survey_cut(edge_span_of(rows[i].text), step);
            assert_int_equal(survey.header_octets, strlen(rows[i].header));
            assert_memory_equal(rows[i].text, rows[i].header, survey.header_octets);
            assert_int_equal(survey.unfit, rows[i].unfit);
            assert_int_equal(survey.eight_bit, rows[i].eight_bit);
            assert_int_equal(survey.header_eight_bit, rows[i].header_eight_bit);
            assert_true(survey.unfit || survey.size == whole);
        }
    }
}

static void a_nul(void **state) {
    (void)state;
    edge_dsn_survey_t survey = survey_cut(edge_span("A: b\r\n\r\n\0\r\n", 11), 3);
    assert_true(survey.unfit);
    assert_int_equal(survey.header_octets, 6);
}

/* 998 octets are a line, 999 are too many. */
static void long_lines(void **state) {
    dsn_fixture_t *fixture = *state;
    for (size_t len = 997; len <= 1000; len++) {
        char *line = apr_pcalloc(fixture->pool, len + 1);
        memset(line, 'x', len);
        const char *body = apr_pstrcat(fixture->pool, "A: b\r\n\r\n", line, "\r\n", NULL);
        assert_int_equal(survey_cut(edge_span_of(body), 100).unfit, len > 998);
        line[1] = ':';
        const char *header = apr_pstrcat(fixture->pool, "A: b\r\n", line, "\r\nB: c\r\n\r\n", NULL);
        edge_dsn_survey_t survey = survey_cut(edge_span_of(header), 100);
        assert_int_equal(survey.header_octets, len > 998 ? 6 : strlen(header) - 2);
    }
}

static void a_header_block_without_end(void **state) {
    dsn_fixture_t *fixture = *state;
    enum { LINE = 10, LINES = 10000 };
    char *text = apr_palloc(fixture->pool, (size_t)LINE * LINES + 1);
    for (unsigned i = 0; i < LINES; i++) {
        memcpy(text + (size_t)i * LINE, "Abc: def\r\n", LINE);
    }
    edge_dsn_survey_t survey = survey_cut(edge_span(text, (size_t)LINE * LINES), 4096);
    assert_false(survey.unfit);
    assert_int_equal(survey.header_octets, EDGE_DSN_HEADERS_MOST / LINE * LINE);
}

static void it_says_when_it_has_seen_enough(void **state) {
    (void)state;
    static const uint8_t random[EDGE_DSN_BOUNDARY_OCTETS];
    edge_dsn_survey_t survey;
    edge_dsn_survey_begin(&survey, random);
    assert_true(edge_dsn_survey_feed(&survey, edge_span_of("A: b\r\n\r\nx")));
    assert_false(edge_dsn_survey_feed(&survey, edge_span_of("\n")));
}

static void boundaries_differ(void **state) {
    (void)state;
    edge_dsn_survey_t one, two;
    uint8_t random[EDGE_DSN_BOUNDARY_OCTETS] = {0};
    edge_dsn_survey_begin(&one, random);
    random[EDGE_DSN_BOUNDARY_OCTETS - 1] = 1;
    edge_dsn_survey_begin(&two, random);
    assert_memory_equal(one.boundary, BOUNDARY, EDGE_DSN_BOUNDARY_SIZE);
    assert_memory_not_equal(one.boundary, two.boundary, EDGE_DSN_BOUNDARY_SIZE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define A(test) cmocka_unit_test_setup_teardown(test, dsn_fixture_setup, dsn_fixture_teardown)
        A(messages),          A(a_nul),
        A(long_lines),        A(a_header_block_without_end),
        A(boundaries_differ), A(it_says_when_it_has_seen_enough),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
