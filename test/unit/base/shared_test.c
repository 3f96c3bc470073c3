/* Memory that a forked process writes is seen here, and its locks are no one's once it is dead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge_shared.h"

typedef struct shared {
    pthread_mutex_t lock;
    int number;
} shared_t;

static void a_killed_holder(void **state) {
    (void)state;
    shared_t *shared = edge_shared_map(sizeof(*shared));
    assert_non_null(shared);
    assert_int_equal(shared->number, 0);
    assert_int_equal(edge_shared_lock_make(&shared->lock), APR_SUCCESS);
    pid_t child = fork();
    if (child == 0) {
        edge_shared_lock(&shared->lock);
        shared->number = 7;
        _exit(0); /* and holds it for ever */
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    for (int i = 0; i < 2; i++) {
        edge_shared_lock(&shared->lock);
        assert_int_equal(shared->number, 7);
        assert_int_equal(pthread_mutex_unlock(&shared->lock), 0);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(a_killed_holder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
