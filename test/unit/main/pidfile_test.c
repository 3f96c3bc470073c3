/* The PidFile: whole or not at all, and removed only by whom it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pidfile.h"

static char folder[] = "/tmp/edged_pidfile_XXXXXX";
static char path[64], beside[64];

static void put(const char *text) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static long named(void) {
    long pid = -1;
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%ld\n", &pid) != 1)
        pid = -2;
    if (file)
        fclose(file);
    return pid;
}

static void written_and_removed(void **state) {
    (void)state;
    assert_int_equal(edge_pidfile_write(path), APR_SUCCESS);
    assert_int_equal(named(), (long)getpid());
    assert_int_equal(access(beside, F_OK), -1);
    put("1234567890 and what was longer\n");
    assert_int_equal(edge_pidfile_write(path), APR_SUCCESS);
    assert_int_equal(named(), (long)getpid());
    edge_pidfile_remove(path);
    assert_int_equal(access(path, F_OK), -1);
    edge_pidfile_remove(path);
}

static void anothers_stays(void **state) {
    (void)state;
    put("1\n");
    edge_pidfile_remove(path);
    assert_int_equal(named(), 1);
    put("");
    edge_pidfile_remove(path);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
}

static void trouble_is_given_back(void **state) {
    char longer[5000];
    (void)state;
    assert_int_equal(edge_pidfile_write("/nonexistent/edged.pid"), ENOENT);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(edge_pidfile_write(longer), ENAMETOOLONG);
    assert_int_equal(edge_pidfile_write("/dev/full/x"), ENOTDIR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_removed),
        cmocka_unit_test(anothers_stays),
        cmocka_unit_test(trouble_is_given_back),
    };
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof(path), "%s/edged.pid", folder);
    snprintf(beside, sizeof(beside), "%s/edged.pid.new", folder);
    int failed = cmocka_run_group_tests_name("main/pidfile", tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
