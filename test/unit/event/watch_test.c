/* A watch looks as often as it says, and not any more once it is stopped. */
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge_watch.h"

#define LATER 3600 /* seconds: longer than any test */

static sem_t looked;
static unsigned looks, most;

static unsigned look(void *context) {
    assert_ptr_equal(context, &looked);
    looks++;
    sem_post(&looked);
    return looks < most ? 0 : LATER;
}

static int setup(void **state) {
    (void)state;
    looks = 0;
    return sem_init(&looked, 0, 0);
}

static void it_looks_again(void **state) {
    (void)state;
    edge_watch_t watch = {.running = false};
    most = 3;
    assert_int_equal(edge_watch_start(&watch, "test", 0, look, &looked), APR_SUCCESS);
    for (unsigned i = 0; i < most; i++)
        sem_wait(&looked);
    edge_watch_stop(&watch); /* in the middle of its wait */
    assert_int_equal(looks, most);
    assert_false(watch.running);
}

static void it_can_be_started_again(void **state) {
    (void)state;
    edge_watch_t watch = {.running = false};
    edge_watch_stop(&watch); /* does not run: nothing to do */
    most = 1;
    for (unsigned round = 1; round <= 3; round++) {
        assert_int_equal(edge_watch_start(&watch, "test", 0, look, &looked), APR_SUCCESS);
        sem_wait(&looked);
        edge_watch_stop(&watch);
        assert_int_equal(looks, round);
    }
}

static void it_waits_for_the_first(void **state) {
    (void)state;
    edge_watch_t watch;
    assert_int_equal(edge_watch_start(&watch, "test", LATER, look, &looked), APR_SUCCESS);
    edge_watch_stop(&watch);
    assert_int_equal(looks, 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_looks_again, setup),
        cmocka_unit_test_setup(it_can_be_started_again, setup),
        cmocka_unit_test_setup(it_waits_for_the_first, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
