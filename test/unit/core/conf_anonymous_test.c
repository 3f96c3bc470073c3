/* Tests of server/core/conf_anonymous.c: what is hidden, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "core/conf_anonymous.h"

static apr_pool_t *pool;
static const edge_keyed_hash_t key = {{1, 2}};

static const char *shown(const char *value) { return edge_conf_anonymous(value, key, pool); }

static void stays(const char *value) { assert_string_equal(shown(value), value); }

/* Nothing of what was there is left, and it reads as what it was. */
static void hides(const char *value, const char *secret, const char *begins) {
    assert_null(strstr(shown(value), secret));
    assert_memory_equal(shown(value), begins, strlen(begins));
}

static void names_and_addresses_go(void **state) {
    (void)state;
    hides("mx1.firm.test", "firm", "host-");
    hides(".firm.test", "firm", ".host-");
    hides("bob@firm.test", "bob", "user-");
    hides("bob@firm.test", "firm", "user-");
    hides("@firm.test", "firm", "@host-");
    hides("198.51.100.7:25", "198", "address-");
    hides("198.51.100.0/24", "198", "address-");
    hides("[2001:db8::7]:25", "db8", "[address-");
    hides("220 \"mx1.firm.test ESMTP\"", "firm", "220 \"host-");
}

static void the_same_gives_the_same(void **state) {
    (void)state;
    assert_string_equal(shown("a.firm.test A.Firm.Test"),
                        apr_pstrcat(pool, shown("a.firm.test"), " ", shown("a.firm.test"), NULL));
    assert_string_not_equal(shown("a.firm.test"), shown("b.firm.test"));
    assert_string_not_equal(shown("a.firm.test"),
                            edge_conf_anonymous("a.firm.test", (edge_keyed_hash_t){{3, 4}}, pool));
}

static void what_everybody_has_stays(void **state) {
    (void)state;
    stays("127.0.0.1:2525 [::1]:25 0.0.0.0:25 [::]:25");
    stays("modules/mod_tls.so");
    stays("logs/error.log");
    stays("quickstart.pem");
    stays("command=300s data=1.5 7.5s");
    stays("starttls require=all");
    stays("\"%{ServerName} ESMTP Mail Gateway\"");
    stays("");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_addresses_go),
        cmocka_unit_test(the_same_gives_the_same),
        cmocka_unit_test(what_everybody_has_stays),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests_name("core/conf_anonymous", tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
