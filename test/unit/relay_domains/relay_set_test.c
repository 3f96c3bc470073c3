/* Tests of modules/relay_domains/relay_set.c: which domains a set has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <apr_general.h>
#include <cmocka.h>

#include "../../../modules/relay_domains/relay_domains.h"

static apr_pool_t *pool;
static relay_domains_t *domains;

static int start(void **state) {
    (void)state;
    apr_pool_create(&pool, NULL);
    domains = relay_domains_make(pool);
    return 0;
}

static int stop(void **state) {
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static bool add(const char *text) { return relay_domains_add(domains, edge_span_of(text)); }
static bool has(const char *text) { return relay_domains_have(domains, edge_span_of(text)); }

static void exact_ones(void **state) {
    (void)state;
    assert_true(add("Example.ORG"));
    assert_true(add("other.example."));
    assert_true(has("example.org") && has("EXAMPLE.org") && has("example.org.") && has("other.example"));
    assert_false(has("www.example.org") || has("org") || has("ample.org") || has("example.org.evil.example") ||
                 has(""));
}

static void those_below(void **state) {
    (void)state;
    assert_true(add(".example.org"));
    assert_true(has("a.example.org") && has("a.b.Example.Org") && has(".example.org"));
    assert_false(has("example.org") || has("notexample.org") || has("a.example.org.x"));
}

static void literals_by_name_only(void **state) {
    (void)state;
    assert_true(add("[192.0.2.1]") && add("[IPv6:2001:db8::1]") && add(".2.1]") == false);
    assert_true(has("[192.0.2.1]") && has("[ipv6:2001:DB8::1]"));
    assert_false(has("[192.0.2.2]") || has("192.0.2.1"));
}

static void what_is_no_domain(void **state) {
    char text[400];
    (void)state;
    assert_false(add("") || add(".") || add("..") || add("a..b") || add("-") || add("a@b") || add("*.example.org"));
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_false(add(text) || has(text));
    assert_false(relay_domains_have(NULL, edge_span_of("example.org")));
}

static void many(void **state) {
    char text[64];
    (void)state;
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(text, sizeof(text), "d%u.example", i);
        assert_true(add(text));
    }
    assert_true(has("d0.example") && has("d49999.example"));
    assert_false(has("d50000.example"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exact_ones, start, stop),
        cmocka_unit_test_setup_teardown(those_below, start, stop),
        cmocka_unit_test_setup_teardown(literals_by_name_only, start, stop),
        cmocka_unit_test_setup_teardown(what_is_no_domain, start, stop),
        cmocka_unit_test_setup_teardown(many, start, stop),
    };
    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
