/* Tests of server/base/obj.c: a failed assertion is written down and ends the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "edge_log.h"
#include "edge_obj.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct thing {
    unsigned magic;
} thing_t;

static void a_good_object_passes(void **state) {
    thing_t thing;
    (void)state;
    EDGE_OBJ_INIT(&thing, 0x1234U);
    EDGE_OBJ_CHECK(&thing, 0x1234U);
    EDGE_ASSERT(1 + 1 == 2);
}

/* Runs `child` in a process of its own and reads what it wrote to standard error. */
static int run(void (*child)(void), char *text, size_t size) {
    int pipes[2], status;
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        dup2(pipes[1], STDERR_FILENO);
        child();
        _exit(0);
    }
    close(pipes[1]);
    size_t len = 0;
    ssize_t some;
    while (len < size - 1 && (some = read(pipes[0], text + len, size - 1 - len)) > 0) {
        len += (size_t)some;
    }
    text[len] = '\0';
    close(pipes[0]);
    waitpid(pid, &status, 0);
    return status;
}

static void use_after_clear(void) {
    thing_t thing;
    EDGE_OBJ_INIT(&thing, 0x1234U);
    EDGE_OBJ_CLEAR(&thing);
    EDGE_OBJ_CHECK(&thing, 0x1234U);
}

static void a_stale_object_is_caught(void **state) {
    char text[2048];
    (void)state;
    int status = run(use_after_clear, text, sizeof text);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "EDG00100: "));
    assert_non_null(strstr(text, "obj_test.c"));
    assert_non_null(strstr(text, "use_after_clear"));
}

static char log_path[64];

static void fail_with_log(void) {
    edge_log_open(log_path);
    EDGE_ASSERT(log_path[0] == 0);
}

static void both_log_and_standard_error_have_it(void **state) {
    char text[2048], logged[2048];
    (void)state;
    strcpy(log_path, "/tmp/edge_obj_test.XXXXXX");
    int fd = mkstemp(log_path);
    assert_true(fd >= 0);
    run(fail_with_log, text, sizeof text);
    ssize_t len = read(fd, logged, sizeof logged - 1);
    assert_true(len > 0);
    logged[len] = '\0';
    assert_non_null(strstr(text, "assertion failed: log_path[0] == 0"));
    assert_non_null(strstr(logged, "assertion failed: log_path[0] == 0"));
    close(fd);
    unlink(log_path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_object_passes),
        cmocka_unit_test(a_stale_object_is_caught),
        cmocka_unit_test(both_log_and_standard_error_have_it),
    };
    return cmocka_run_group_tests_name("base/obj", tests, NULL, NULL);
}
