/* Standard error goes where the log goes, also when the log is another file by then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge_log.h"
#include "standard_error.h"

static char folder[] = "/tmp/edged_stderr_XXXXXX";
static char one[64], two[64];

static bool leads_to(const char *path) {
    struct stat wanted, got;
    return stat(path, &wanted) == 0 && fstat(STDERR_FILENO, &got) == 0 && wanted.st_ino == got.st_ino &&
           wanted.st_dev == got.st_dev;
}

static void it_follows(void **state) {
    int kept = dup(STDERR_FILENO);
    (void)state;
    edge_standard_error_follow(); /* the log is standard error itself */
    assert_int_equal(edge_log_open(one), APR_SUCCESS);
    assert_false(leads_to(one));
    edge_standard_error_follow();
    bool first = leads_to(one);
    assert_int_equal(edge_log_open(two), APR_SUCCESS);
    bool still_first = leads_to(one);
    edge_standard_error_follow();
    bool second = leads_to(two);
    unlink(two); /* the descriptor counts, not the name */
    edge_standard_error_follow();
    bool gone = leads_to(two);
    edge_log_open(NULL);
    dup2(kept, STDERR_FILENO);
    assert_true(first && still_first && second && !gone);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_follows)};
    apr_initialize();
    if (!mkdtemp(folder))
        return 1;
    snprintf(one, sizeof(one), "%s/one", folder);
    snprintf(two, sizeof(two), "%s/two", folder);
    int failed = cmocka_run_group_tests_name("main/standard_error", tests, NULL, NULL);
    unlink(one);
    unlink(two);
    rmdir(folder);
    return failed;
}
