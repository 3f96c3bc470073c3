/* Tests of server/core/pattern.c: matches, what is wrong with a pattern, and patterns that try too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "edge_pattern.h"

static edge_pattern_t *make(const char *regex, bool nocase) {
    char why[EDGE_PATTERN_WHY];
    size_t at;
    edge_pattern_t *pattern = edge_pattern_make(edge_span_of(regex), nocase, why, &at);
    assert_non_null(pattern);
    return pattern;
}

static void expect(const char *regex, bool nocase, const char *text, edge_pattern_match_t match) {
    edge_pattern_t *pattern = make(regex, nocase);
    assert_int_equal(edge_pattern_match(pattern, edge_span_of(text)), match);
    edge_pattern_free(pattern);
}

static void matches(void **state) {
    (void)state;
    expect("^a.c$", false, "abc", EDGE_PATTERN_YES);
    expect("^a.c$", false, "ABC", EDGE_PATTERN_NO);
    expect("^a.c$", true, "ABC", EDGE_PATTERN_YES);
    expect("^$", false, "", EDGE_PATTERN_YES);
    edge_pattern_t *pattern = make("^$", false);
    assert_int_equal(edge_pattern_match(pattern, EDGE_NO_SPAN), EDGE_PATTERN_YES);
    edge_pattern_free(pattern);
    edge_pattern_free(NULL);
}

static void wrong_ones(void **state) {
    char why[EDGE_PATTERN_WHY];
    size_t at = 0;
    (void)state;
    assert_null(edge_pattern_make(edge_span_of("a(b"), false, why, &at));
    assert_string_equal(why, "missing closing parenthesis");
    assert_int_equal(at, 4);
    assert_null(edge_pattern_make(edge_span_of("\\C"), false, why, &at)); /* half a character */
}

static void what_tries_too_much(void **state) {
    char text[20000];
    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    expect("^(a+)+$", false, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", EDGE_PATTERN_GAVE_UP);
    expect("^(?:(a)|b)*c", false, text, EDGE_PATTERN_GAVE_UP); /* deep */
}

static void *match_here(void *pattern) {
    for (unsigned i = 0; i < 1000; i++)
        if (edge_pattern_match(pattern, edge_span_of("xabcx")) != EDGE_PATTERN_YES)
            return NULL;
    return pattern;
}

static void by_many_threads(void **state) {
    edge_pattern_t *pattern = make("a(b)c", false);
    pthread_t threads[4];
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_here, pattern), 0);
    for (unsigned i = 0; i < 4; i++) {
        void *good;
        pthread_join(threads[i], &good);
        assert_ptr_equal(good, pattern);
    }
    edge_pattern_free(pattern);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(wrong_ones),
        cmocka_unit_test(what_tries_too_much),
        cmocka_unit_test(by_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
