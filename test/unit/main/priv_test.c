/* Accounts, limits, directories, files; becoming another user in a process of its own, when this one is root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "priv.h"

#define NOBODY 65534u

static char folder[] = "/tmp/edged_priv_XXXXXX";

static const char *below(const char *name) {
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static unsigned owner_of(const char *path) {
    struct stat facts;
    assert_int_equal(lstat(path, &facts), 0);
    return facts.st_uid;
}

static edge_identity_t nobody(void) {
    edge_identity_t identity;
    assert_int_equal(edge_priv_find(edge_span_of("nobody"), EDGE_NO_SPAN, &identity), APR_SUCCESS);
    return identity;
}

static void needs_root(void) {
    if (geteuid() != 0)
        skip();
}

static void accounts_are_found(void **state) {
    edge_identity_t identity;
    char longer[100];
    (void)state;
    assert_int_equal(edge_priv_find(EDGE_NO_SPAN, EDGE_NO_SPAN, &identity), APR_SUCCESS);
    assert_false(identity.change);
    assert_int_equal(edge_priv_find(edge_span_of("root"), EDGE_NO_SPAN, &identity), APR_SUCCESS);
    assert_false(identity.change); /* it is who it is */
    assert_int_equal(edge_priv_find(edge_span_of("nobody"), edge_span_of("root"), &identity), APR_SUCCESS);
    assert_int_equal(identity.change, geteuid() == 0);
    assert_int_equal(identity.uid, NOBODY);
    assert_int_equal(identity.gid, 0);
    assert_int_equal(edge_priv_find(edge_span_of("no-such-user"), EDGE_NO_SPAN, &identity), APR_NOTFOUND);
    assert_int_equal(edge_priv_find(edge_span_of("nobody"), edge_span_of("no-such-group"), &identity), APR_NOTFOUND);
    memset(longer, 'x', sizeof(longer));
    assert_int_equal(edge_priv_find(edge_span(longer, sizeof(longer)), EDGE_NO_SPAN, &identity), APR_NOTFOUND);
}

static void there_is_no_way_back(void **state) {
    int status;
    (void)state;
    needs_root();
    edge_identity_t identity = nobody();
    pid_t pid = fork();
    if (pid == 0) {
        if (edge_priv_drop(&identity) != APR_SUCCESS)
            _exit(1);
        uid_t real, effective, saved;
        if (getresuid(&real, &effective, &saved) < 0 || real != NOBODY || effective != NOBODY || saved != NOBODY)
            _exit(2);
        _exit(setuid(0) == 0 ? 3 : 0);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(geteuid(), 0);
    edge_identity_t same = {.change = false};
    assert_int_equal(edge_priv_drop(&same), APR_SUCCESS);
    assert_int_equal(geteuid(), 0);
}

static void limits_are_raised_not_lowered(void **state) {
    struct rlimit before;
    uint64_t got = 0;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(edge_priv_descriptors(1, &got), APR_SUCCESS);
    assert_int_equal(got, before.rlim_cur);
    struct rlimit low = {32, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(edge_priv_descriptors(64, &got), APR_SUCCESS);
    assert_int_equal(got, 64);
    setrlimit(RLIMIT_NOFILE, &before);
}

static void what_was_made_is_given(void **state) {
    (void)state;
    needs_root();
    edge_identity_t identity = nobody();
    assert_int_equal(mkdir(below("mine"), 0700), 0);
    assert_int_equal(edge_priv_directory(below("mine/a/b"), &identity), APR_SUCCESS);
    assert_int_equal(owner_of(below("mine")), 0); /* it was there: the operator's choice */
    assert_int_equal(owner_of(below("mine/a")), NOBODY);
    assert_int_equal(owner_of(below("mine/a/b")), NOBODY);
    assert_int_equal(edge_priv_directory_of(below("mine/c/file"), &identity), APR_SUCCESS);
    assert_int_equal(owner_of(below("mine/c")), NOBODY);
    assert_int_equal(access(below("mine/c/file"), F_OK), -1);
    rmdir(below("mine/a/b"));
    rmdir(below("mine/a"));
    rmdir(below("mine/c"));
    rmdir(below("mine"));
}

static void a_file_in_the_way(void **state) {
    edge_identity_t identity = {.change = false};
    (void)state;
    close(open(below("file"), O_WRONLY | O_CREAT, 0600));
    assert_int_equal(edge_priv_directory(below("file"), &identity), ENOTDIR);
    assert_int_equal(edge_priv_directory(below("file/x"), &identity), ENOTDIR);
    unlink(below("file"));
}

/* Whoever owns the directory may have put there a link to a file of root's. */
static void only_plain_files_are_given(void **state) {
    (void)state;
    needs_root();
    edge_identity_t identity = nobody();
    close(open(below("plain"), O_WRONLY | O_CREAT, 0600));
    close(open(below("roots"), O_WRONLY | O_CREAT, 0600));
    assert_int_equal(symlink(below("roots"), below("link")), 0);
    assert_int_equal(edge_priv_file(below("link"), &identity), ELOOP);
    assert_int_equal(edge_priv_file(below("none"), &identity), ENOENT);
    assert_int_equal(link(below("roots"), below("second")), 0);
    assert_int_equal(edge_priv_file(below("second"), &identity), EPERM);
    assert_int_equal(owner_of(below("roots")), 0);
    assert_int_equal(edge_priv_file(below("plain"), &identity), APR_SUCCESS);
    assert_int_equal(owner_of(below("plain")), NOBODY);
    const char *const names[] = {"plain", "roots", "link", "second"};
    for (unsigned i = 0; i < EDGE_COUNT(names); i++)
        unlink(below(names[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_are_found),
        cmocka_unit_test(there_is_no_way_back),
        cmocka_unit_test(limits_are_raised_not_lowered),
        cmocka_unit_test(what_was_made_is_given),
        cmocka_unit_test(a_file_in_the_way),
        cmocka_unit_test(only_plain_files_are_given),
    };
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests_name("main/priv", tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
