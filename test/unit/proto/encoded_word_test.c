/* Encoded words: what is decoded, what stays, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include "proto/encoded_word.h"

static apr_pool_t *pool;

static void gives(const char *text, const char *wanted) {
    edge_span_t decoded;
    assert_true(edge_encoded_word_decode(edge_span_of(text), pool, &decoded));
    assert_int_equal(decoded.len, strlen(wanted));
    assert_memory_equal(decoded.at, wanted, decoded.len);
}

static void fails(const char *text) {
    edge_span_t decoded;
    assert_false(edge_encoded_word_decode(edge_span_of(text), pool, &decoded));
}

static void words(void **state) {
    (void)state;
    gives("", "");
    gives("plain@example.org", "plain@example.org");
    gives("j\xc3\xb6rg@example.org", "j\xc3\xb6rg@example.org");
    gives("=?utf-8?Q?j=C3=B6rg?=@example.org", "j\xc3\xb6rg@example.org");
    gives("=?UTF-8?b?asO2cmc=?=@example.org", "j\xc3\xb6rg@example.org");
    gives("=?utf-8*de?q?a_b?=", "a b");
    gives("=?us-ascii?q?a?= =?us-ascii?q?b?= c", "ab c");
}

static void what_is_none_stays(void **state) {
    (void)state;
    gives("=?x@example.org", "=?x@example.org");
    gives("=?utf-8?x?abc?=", "=?utf-8?x?abc?=");
    gives("=?utf-8?q?abc", "=?utf-8?q?abc");
}

static void what_is_refused(void **state) {
    (void)state;
    fails("=?iso-8859-1?q?=F6?=");
    fails("=?utf-8?q?=F?=");
    fails("=?utf-8?b?!!!!?=");
    fails("=?utf-8?q?=00?=");
    fails("=?utf-8?q?a=0D=0Ab?=");
    fails("\xff");
    fails("a\rb");
}

static int setup(void **state) {
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int teardown(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(what_is_none_stays),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
