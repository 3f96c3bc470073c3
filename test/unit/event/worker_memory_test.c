/* Tests of server/event/worker_memory.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "event/worker_priv.h"

#include <apr_general.h>
#include <stdlib.h>

static edge_worker_t *worker;

static bool all_zero(const unsigned char *at, size_t size) {
    while (size > 0 && at[size - 1] == 0) {
        size--;
    }
    return size == 0;
}

static void objects_come_zeroed(void **state) {
    static const size_t sizes[] = {1, 15, 16, 17, 400, 1000, 4096, 4097, 100000};
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < EDGE_COUNT(sizes); i++) {
            unsigned char *object = edge_worker_take(worker, sizes[i]);
            assert_true(all_zero(object, sizes[i]));
            memset(object, 0xff, sizes[i]);
            edge_worker_give(worker, object, sizes[i]);
        }
    }
}

/* Taken and given at random, no two live objects share a byte. */
static void objects_do_not_overlap(void **state) {
    static struct {
        unsigned char *at;
        size_t size;
    } live[2000];
    (void)state;
    srand(5);
    for (int round = 0; round < 40000; round++) {
        size_t i = (size_t)rand() % EDGE_COUNT(live);
        unsigned char stamp = (unsigned char)i;
        if (live[i].at != NULL) {
            assert_true(live[i].at[0] == stamp && live[i].at[live[i].size - 1] == stamp);
            edge_worker_give(worker, live[i].at, live[i].size);
            live[i].at = NULL;
        } else {
            live[i].size = 1 + (size_t)rand() % 1500;
            live[i].at = edge_worker_take(worker, live[i].size);
            assert_int_equal((uintptr_t)live[i].at % EDGE_WORKER_GRAIN, 0);
            memset(live[i].at, stamp, live[i].size);
        }
    }
    for (size_t i = 0; i < EDGE_COUNT(live); i++) {
        if (live[i].at != NULL) {
            edge_worker_give(worker, live[i].at, live[i].size);
        }
    }
}

static apr_status_t count_cleanup(void *count) {
    ++*(int *)count;
    return APR_SUCCESS;
}

static void pools_are_cleared_when_given(void **state) {
    int cleanups = 0;
    (void)state;
    apr_pool_t *pool = edge_worker_take_pool(worker);
    assert_non_null(apr_palloc(pool, 100000));
    apr_pool_cleanup_register(pool, &cleanups, count_cleanup, apr_pool_cleanup_null);
    edge_worker_give_pool(worker, pool);
    assert_int_equal(cleanups, 1);
}

static void more_pools_than_are_kept(void **state) {
    apr_pool_t *pools[EDGE_WORKER_POOLS_KEPT + 10];
    (void)state;
    for (size_t i = 0; i < EDGE_COUNT(pools); i++) {
        pools[i] = edge_worker_take_pool(worker);
        assert_non_null(apr_pcalloc(pools[i], 20000));
    }
    for (size_t i = 0; i < EDGE_COUNT(pools); i++) {
        edge_worker_give_pool(worker, pools[i]);
    }
    assert_true(worker->memory.pool_count <= EDGE_WORKER_POOLS_KEPT);
}

static void a_pool_may_be_destroyed_instead(void **state) {
    (void)state;
    apr_pool_destroy(edge_worker_take_pool(worker));
}

static int open_worker(void **state) {
    (void)state;
    return edge_worker_make(0, &worker) == APR_SUCCESS ? 0 : -1;
}

static int close_worker(void **state) {
    (void)state;
    edge_worker_destroy(worker);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_come_zeroed),
        cmocka_unit_test(objects_do_not_overlap),
        cmocka_unit_test(pools_are_cleared_when_given),
        cmocka_unit_test(more_pools_than_are_kept),
        cmocka_unit_test(a_pool_may_be_destroyed_instead),
    };
    apr_initialize();
    return cmocka_run_group_tests_name("event/worker_memory", tests, open_worker, close_worker);
}
