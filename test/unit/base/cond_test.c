/* Tests of server/base/cond.c: a wait ends by a signal, or when its time has come and not before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge_cond.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;
static bool said;

static void *say(void *unused) {
    pthread_mutex_lock(&lock);
    said = true;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&lock);
    return unused;
}

static void ends_by_a_signal(void **state) {
    pthread_t thread;
    (void)state;
    edge_cond_make(&cond);
    said = false;
    pthread_mutex_lock(&lock);
    assert_int_equal(pthread_create(&thread, NULL, say, NULL), 0);
    edge_mono_t until = edge_clock_mono() + EDGE_SECONDS(600);
    while (!said)
        assert_true(edge_cond_wait(&cond, &lock, until));
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&cond);
}

static void ends_when_its_time_has_come(void **state) {
    (void)state;
    edge_cond_make(&cond);
    pthread_mutex_lock(&lock);
    edge_mono_t until = edge_clock_mono() + EDGE_MS(20);
    while (edge_cond_wait(&cond, &lock, until))
        ;
    assert_true(edge_clock_mono() >= until);
    assert_false(edge_cond_wait(&cond, &lock, edge_clock_mono() - EDGE_SECONDS(1)));
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&cond);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends_by_a_signal),
                                       cmocka_unit_test(ends_when_its_time_has_come)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
