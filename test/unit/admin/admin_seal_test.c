/* Sealed texts: what was written is read, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "../../../modules/admin/admin.h"

static apr_pool_t *pool;

static admin_seal_t example(void) {
    admin_seal_t seal = {
        .role = EDGE_ADMIN_OPERATE, .token_created = 7, .issued = 1000, .until = 2000, .name = "a.b@c-1"};
    admin_seal_new_id(&seal);
    return seal;
}

static bool reads(const char *text, admin_seal_kind_t kind) {
    admin_seal_t seal;
    return admin_seal_read(edge_span_of(text), kind, &seal, pool);
}

static void come_back(void **state) {
    admin_seal_t seal = example(), back;
    const char *text = admin_seal_write(&seal, ADMIN_SEAL_SESSION, pool);
    assert_true(admin_seal_read(edge_span_of(text), ADMIN_SEAL_SESSION, &back, pool));
    assert_int_equal(back.role, EDGE_ADMIN_OPERATE);
    assert_true(back.token_created == 7 && back.issued == 1000 && back.until == 2000);
    assert_string_equal(back.id, seal.id);
    assert_string_equal(back.name, "a.b@c-1");
    assert_string_equal(admin_seal_csrf(&back, pool), admin_seal_csrf(&seal, pool));
}

static void of_another_purpose(void **state) {
    admin_seal_t seal = example();
    assert_false(reads(admin_seal_write(&seal, ADMIN_SEAL_TICKET, pool), ADMIN_SEAL_SESSION));
    assert_false(reads(admin_seal_write(&seal, ADMIN_SEAL_SESSION, pool), ADMIN_SEAL_TICKET));
    admin_seal_t other = example();
    assert_string_not_equal(admin_seal_csrf(&seal, pool), admin_seal_csrf(&other, pool));
}

static void any_changed_octet_is_seen(void **state) {
    admin_seal_t seal = example();
    const char *text = admin_seal_write(&seal, ADMIN_SEAL_SESSION, pool);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char *changed = apr_pstrdup(pool, text);
        changed[i] = (char)(changed[i] ^ 1);
        assert_false(reads(changed, ADMIN_SEAL_SESSION));
        assert_false(reads(apr_pstrndup(pool, text, i), ADMIN_SEAL_SESSION));
    }
    assert_false(reads(apr_pstrcat(pool, text, "x", NULL), ADMIN_SEAL_SESSION));
    assert_false(reads("", ADMIN_SEAL_SESSION));
    assert_false(reads("x.y.z", ADMIN_SEAL_SESSION));
}

static int set_up(void **state) {
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(come_back),
        cmocka_unit_test(of_another_purpose),
        cmocka_unit_test(any_changed_octet_is_seen),
    };
    return cmocka_run_group_tests_name("admin/admin_seal", tests, set_up, NULL);
}
