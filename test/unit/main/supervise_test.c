/* A start that is refused, by the parent and by the first child: what it says, what it returns, what it leaves. How it
 * serves, reloads and ends is shown with whole servers: test/system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervise.h"

static apr_pool_t *pool;
static char root[] = "/tmp/edged_supervise_XXXXXX";
static char said[8192];

static const char *below(const char *name) { return apr_pstrcat(pool, root, "/", name, NULL); }

static void read_what_was_said(void) {
    FILE *file = fopen(below("stderr"), "r");
    said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
    fclose(file);
}

/* The exit status of a server in a process of its own; whether it said that it serves. */
static int start(const char *text, bool *served) {
    int ready[2], status;
    edge_snapshot_source_t source = {.path = below("edge.conf"), .server_root = root};
    source.defines = apr_array_make(pool, 1, sizeof(const char *));
    FILE *file = fopen(source.path, "w");
    fputs(text, file);
    fclose(file);
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        edge_supervision_t supervision = {&source, true, ready[1]};
        dup2(open(below("stderr"), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        close(ready[0]);
        _exit(edge_supervise(&supervision, pool));
    }
    close(ready[1]);
    char octet;
    *served = read(ready[0], &octet, 1) == 1; /* ends when nobody is left */
    close(ready[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    read_what_was_said();
    return WEXITSTATUS(status);
}

static void the_core_refuses(void **state) {
    bool served;
    (void)state;
    assert_int_equal(start("PidFile pid\nMaxConnections many\n", &served), 1);
    assert_false(served);
    assert_non_null(strstr(said, "edge.conf:2:16: error: "));
    assert_int_equal(access(below("pid"), F_OK), -1);
}

static void the_child_refuses(void **state) {
    bool served;
    (void)state;
    assert_int_equal(start("PidFile pid\nLoadModule gone_module modules/gone.so\n", &served), 1);
    assert_false(served);
    assert_non_null(strstr(said, "[EDG10041]"));
    assert_non_null(strstr(said, "EDG00517: stopped"));
    assert_int_equal(access(below("pid"), F_OK), -1);
}

static void an_address_that_is_nobodys(void **state) {
    bool served;
    (void)state;
    assert_int_equal(start("<Listener mx>\nListen 192.0.2.1:25\n</Listener>\n", &served), 1);
    assert_false(served);
    assert_non_null(strstr(said, "EDG00506: cannot bind 192.0.2.1:25: "));
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return mkdtemp(root) ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    return system(apr_pstrcat(pool, "rm -rf ", root, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_core_refuses),
        cmocka_unit_test(the_child_refuses),
        cmocka_unit_test(an_address_that_is_nobodys),
    };
    return cmocka_run_group_tests_name("main/supervise", tests, set_up, tear_down);
}
