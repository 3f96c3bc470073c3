/* Tests of server/core/session_events.c: as many in a second as may be told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/session_events.h"

static unsigned taken(uint64_t second, unsigned tries) {
    unsigned count = 0;
    while (tries-- > 0)
        count += edge_session_events_take(second);
    return count;
}

static void so_many_a_second(void **state) {
    (void)state;
    assert_int_equal(taken(1000, EDGE_SESSION_EVENTS_MOST * 3), EDGE_SESSION_EVENTS_MOST);
    assert_int_equal(taken(1001, 10), 10);
    assert_int_equal(taken(1000, 10), 10); /* a worker whose clock is a little behind */
    assert_int_equal(taken(1001, 100), EDGE_SESSION_EVENTS_MOST - 20);
    assert_int_equal(taken(5000, 1), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(so_many_a_second)};
    return cmocka_run_group_tests_name("core/session_events", tests, NULL, NULL);
}
