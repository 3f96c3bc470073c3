/* Targets: splitting, decoding, matching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "proto/http_target.h"

static apr_pool_t *pool;

static void is(edge_span_t span, const char *text) {
    assert_int_equal(span.at == NULL, text == NULL);
    assert_true(edge_span_equal(span, edge_span_of(text)));
}

static void splits(void **state) {
    (void)state;
    edge_span_t path, query, name, value;
    assert_true(edge_http_target_split(edge_span_of("/a/b?x=1&&y&=z&w="), &path, &query));
    is(path, "/a/b");
    static const char *const members[][2] = {{"x", "1"}, {"y", NULL}, {"", "z"}, {"w", ""}};
    for (size_t i = 0; i < EDGE_COUNT(members); i++) {
        assert_true(edge_http_target_next(&query, &name, &value));
        is(name, members[i][0]);
        is(value, members[i][1]);
    }
    assert_false(edge_http_target_next(&query, &name, &value));
    assert_true(edge_http_target_split(edge_span_of("/"), &path, &query));
    is(path, "/");
    assert_null(query.at);
    assert_false(edge_http_target_next(&query, &name, &value));
    assert_false(edge_http_target_split(edge_span_of("*"), &path, &query));
    assert_false(edge_http_target_split(edge_span_of("http://a/"), &path, &query));
    assert_false(edge_http_target_split(edge_span_of(""), &path, &query));
}

static void decodes(void **state) {
    (void)state;
    is(edge_http_target_decode(edge_span_of("a%2Fb%c3%A9+"), pool), "a/b\xc3\xa9+");
    is(edge_http_target_decode(edge_span_of(""), pool), "");
    is(edge_http_target_decode(edge_span_of("%41"), pool), "A");
    static const char *const wrong[] = {"%", "%4", "%4g", "a%00", "%0a", "a\x01", "%7f"};
    for (size_t i = 0; i < EDGE_COUNT(wrong); i++) {
        assert_null(edge_http_target_decode(edge_span_of(wrong[i]), pool).at);
    }
    assert_null(edge_http_target_decode(EDGE_NO_SPAN, pool).at);
}

static void encodes(void **state) {
    (void)state;
    is(edge_http_target_encode(edge_span_of("a/b c+\xc3\xa9&=%<>\"-._~Z9"), pool),
       "a%2Fb%20c%2B%C3%A9%26%3D%25%3C%3E%22-._~Z9");
    is(edge_http_target_encode(edge_span("\0", 1), pool), "%00");
    is(edge_http_target_encode(edge_span_of(""), pool), "");
    is(edge_http_target_decode(edge_http_target_encode(edge_span_of("main:0 1+2"), pool), pool), "main:0 1+2");
}

static void matches(void **state) {
    (void)state;
    edge_span_t pieces[2];
    assert_int_equal(edge_http_target_match("/api/v1/queue", edge_span_of("/api/v1/queue"), pieces, 2), 0);
    assert_int_equal(edge_http_target_match("/q/{id}/hold", edge_span_of("/q/a%2Fb/hold"), pieces, 2), 1);
    is(pieces[0], "a%2Fb");
    assert_int_equal(edge_http_target_match("/q/{id}/{part}", edge_span_of("/q/a/b"), pieces, 2), 2);
    is(pieces[1], "b");
    static const char *const wrong[] = {"/q",         "/q/",         "/q//hold",  "/q/a",
                                        "/q/a/hold/", "/q/a/hold/x", "/q/a/Hold", "/Q/a/hold"};
    for (size_t i = 0; i < EDGE_COUNT(wrong); i++) {
        assert_int_equal(edge_http_target_match("/q/{id}/hold", edge_span_of(wrong[i]), pieces, 2), -1);
    }
    assert_int_equal(edge_http_target_match("/{a}/{b}", edge_span_of("/x/y"), pieces, 1), -1);
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(splits), cmocka_unit_test(decodes), cmocka_unit_test(encodes),
                                       cmocka_unit_test(matches)};
    return cmocka_run_group_tests_name("proto/http_target", tests, set_up, NULL);
}
