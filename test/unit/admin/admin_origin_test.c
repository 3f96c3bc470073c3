/* Who is behind a port: remembered from its connection's beginning to its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../modules/admin/admin.h"

static void remembered_until_the_end(void **state) {
    admin_origin_t origin = {.port = 7, .tls = true, .listener = "console", .subject = "CN=alice"}, found = {.port = 0};
    assert_false(admin_origin_find(4000, &found));
    admin_origin_set(4000, &origin);
    assert_true(admin_origin_find(4000, &found));
    assert_true(found.port == 7 && found.tls);
    assert_string_equal(found.subject, "CN=alice");
    assert_false(admin_origin_find(4001, &found));
    admin_origin_forget(4000);
    assert_false(admin_origin_find(4000, &found));
    admin_origin_forget(4000);
}

static void busy_until_all_is_answered(void **state) {
    admin_origin_t origin = {.port = 7};
    admin_origin_set(65535, &origin);
    assert_false(admin_origin_is_busy(65535, 0));
    admin_origin_asked(65535);
    admin_origin_asked(65535);
    admin_origin_answered(65535, 100);
    assert_true(admin_origin_is_busy(65535, 100));
    admin_origin_answered(65535, 30);
    assert_true(admin_origin_is_busy(65535, 129));
    assert_false(admin_origin_is_busy(65535, 130));
    assert_false(admin_origin_is_streaming(65535));
    admin_origin_streams(65535);
    assert_true(admin_origin_is_streaming(65535));
    assert_false(admin_origin_is_last(65535));
    admin_origin_last(65535);
    assert_true(admin_origin_is_last(65535));
    /* Whom the port is lent to next begins anew. */
    admin_origin_asked(65535);
    admin_origin_set(65535, &origin);
    assert_false(admin_origin_is_busy(65535, 0));
    assert_false(admin_origin_is_streaming(65535));
    admin_origin_forget(65535);
}

static void of_nobody_nothing_is_counted(void **state) {
    admin_origin_asked(0);
    admin_origin_answered(0, 7);
    admin_origin_streams(0);
    assert_false(admin_origin_is_busy(0, 0));
    assert_false(admin_origin_is_streaming(0));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(remembered_until_the_end),
                                       cmocka_unit_test(busy_until_all_is_answered),
                                       cmocka_unit_test(of_nobody_nothing_is_counted)};
    return cmocka_run_group_tests_name("admin/admin_origin", tests, NULL, NULL);
}
