/* A child that refuses ends with every reason said, before it says that it serves. How it serves is shown with whole
 * servers: test/dialogue, test/system. */
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

#include "child.h"
#include "core/places.h"
#include "edge_counter.h"

static apr_pool_t *pool;
static char root[] = "/tmp/edged_child_XXXXXX";
static char said[8192];

static const char *below(const char *name) { return apr_pstrcat(pool, root, "/", name, NULL); }

/* The exit status; the status pipe must end without an octet. */
static int run(const char *text) {
    int command[2], ready[2], status;
    static edge_sockets_t sockets;
    edge_snapshot_source_t source = {.path = below("edge.conf"), .server_root = root};
    source.defines = apr_array_make(pool, 1, sizeof(const char *));
    FILE *file = fopen(source.path, "w");
    fputs(text, file);
    fclose(file);
    assert_int_equal(pipe(command), 0);
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        edge_child_seed_t seed = {.source = &source,
                                  .sockets = &sockets,
                                  .foreground = true,
                                  .generation = 1,
                                  .command_descriptor = command[0],
                                  .status_descriptor = ready[1],
                                  .files_descriptor = -1};
        dup2(open(below("stderr"), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        close(ready[0]);
        edge_child_run(&seed);
    }
    char octet;
    close(ready[1]);
    close(command[0]);
    assert_int_equal(read(ready[0], &octet, 1), 0);
    close(ready[0]);
    close(command[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    file = fopen(below("stderr"), "r");
    said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
    fclose(file);
    return WEXITSTATUS(status);
}

static void every_error_is_said(void **state) {
    (void)state;
    assert_int_equal(run("Nonsense\nMaxConnections many\n"), 1);
    assert_non_null(strstr(said, "edge.conf:1:1: error: "));
    assert_non_null(strstr(said, "edge.conf:2:16: error: "));
}

static void nothing_to_serve(void **state) {
    (void)state;
    assert_int_equal(run("ServerName mx.example.net\n"), 1);
    assert_non_null(strstr(said, "[EDG10057]"));
}

static int set_up(void **state) {
    (void)state;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (edge_counter_map() != APR_SUCCESS || edge_places_map() != APR_SUCCESS)
        return 1;
    return mkdtemp(root) ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    return system(apr_pstrcat(pool, "rm -rf ", root, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_is_said),
        cmocka_unit_test(nothing_to_serve),
    };
    return cmocka_run_group_tests_name("main/child", tests, set_up, tear_down);
}
