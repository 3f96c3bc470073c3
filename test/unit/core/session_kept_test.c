/* Tests of server/core/session_kept.c: what modules keep is found by whose it is, and released when the session closes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/session.h"

static unsigned released;

static void release(edge_session_kept_t *kept) {
    (void)kept;
    released++;
}

static void kept(void **state) {
    (void)state;
    edge_session_t session = {.magic = 0};
    static const char a, b, c;
    edge_session_kept_t first = {.whose = &a, .release = release}, second = {.whose = &b, .release = release},
                        third = {.whose = &c, .release = release};
    assert_null(edge_session_kept_find(&session, &a));
    edge_session_kept_add(&session, &first);
    edge_session_kept_add(&session, &second);
    edge_session_kept_add(&session, &third);
    assert_ptr_equal(edge_session_kept_find(&session, &a), &first);
    assert_ptr_equal(edge_session_kept_find(&session, &b), &second);
    edge_session_kept_remove(&session, &second);
    edge_session_kept_remove(&session, &second);
    assert_null(edge_session_kept_find(&session, &b));
    edge_session_kept_release(&session);
    assert_int_equal(released, 2);
    assert_null(edge_session_kept_find(&session, &a));
    edge_session_kept_release(&session);
    assert_int_equal(released, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
