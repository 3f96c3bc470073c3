/* The secret is one for a process and those it forks, and another for the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge_secret.h"

static void it_stays(void **state) {
    (void)state;
    uint8_t first[EDGE_SECRET_SIZE], zero[EDGE_SECRET_SIZE] = {0};
    assert_int_equal(edge_secret_make(), APR_SUCCESS);
    memcpy(first, edge_secret(), sizeof(first));
    assert_memory_not_equal(first, zero, sizeof(zero));
    assert_int_equal(edge_secret_make(), APR_SUCCESS);
    assert_memory_equal(first, edge_secret(), sizeof(first));
    pid_t child = fork();
    if (child == 0)
        _exit(memcmp(first, edge_secret(), sizeof(first)) == 0 ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(it_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
