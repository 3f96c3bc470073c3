/* Files that several change: whole or not at all, one at a time, and what stays as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edge_locked_file.h"

static char root[] = "/tmp/edge-locked-XXXXXX";
static char path[64], link_path[64];

static void put(const char *text, mode_t mode) {
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_true(edge_locked_file_write(fd, edge_span_of(text)));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void holds(const char *text) {
    edge_locked_file_t file;
    assert_int_equal(edge_locked_file_open(&file, path, EDGE_LOCKED_FILE_READ), APR_SUCCESS);
    assert_string_equal(file.text, text);
    assert_int_equal(file.size, strlen(text));
    edge_locked_file_close(&file);
}

static void replaced(void **state) {
    edge_locked_file_t file;
    struct stat facts;
    put("one\n", 0600);
    assert_int_equal(edge_locked_file_open(&file, path, EDGE_LOCKED_FILE_CHANGE), APR_SUCCESS);
    assert_string_equal(file.text, "one\n");
    assert_int_equal(edge_locked_file_replace_text(&file, edge_span_of("two\n")), APR_SUCCESS);
    edge_locked_file_close(&file);
    holds("two\n");
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(stat(link_path, &facts), -1);
}

static void made(void **state) {
    edge_locked_file_t file;
    struct stat facts;
    unlink(path);
    assert_int_equal(edge_locked_file_open(&file, path, EDGE_LOCKED_FILE_CHANGE), APR_ENOENT);
    assert_int_equal(edge_locked_file_open(&file, path, EDGE_LOCKED_FILE_READ), APR_ENOENT);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(edge_locked_file_open(&file, path, EDGE_LOCKED_FILE_MAKE), APR_SUCCESS);
    assert_int_equal(file.size, 0);
    edge_locked_file_close(&file);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0137, 0);
}

/* A link keeps leading where it led. */
static void through_a_link(void **state) {
    edge_locked_file_t file;
    struct stat facts;
    put("one\n", 0640);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(edge_locked_file_open(&file, link_path, EDGE_LOCKED_FILE_CHANGE), APR_SUCCESS);
    assert_int_equal(edge_locked_file_replace_text(&file, edge_span_of("two\n")), APR_SUCCESS);
    edge_locked_file_close(&file);
    assert_int_equal(lstat(link_path, &facts), 0);
    assert_true(S_ISLNK(facts.st_mode));
    holds("two\n");
    unlink(link_path);
}

static void no_files(void **state) {
    edge_locked_file_t file;
    char gone[96];
    snprintf(gone, sizeof(gone), "%s/none/file", root);
    assert_int_equal(edge_locked_file_open(&file, root, EDGE_LOCKED_FILE_READ), APR_EINVAL);
    assert_int_equal(edge_locked_file_open(&file, "/dev/null", EDGE_LOCKED_FILE_READ), APR_EINVAL);
    assert_int_equal(edge_locked_file_open(&file, gone, EDGE_LOCKED_FILE_MAKE), APR_ENOENT);
    assert_false(file.open);
    edge_locked_file_close(&file);
}

static bool fails(int fd, void *context) {
    (void)context;
    edge_locked_file_write(fd, edge_span_of("half"));
    errno = ENOSPC;
    return false;
}

/* A change that fails leaves the old file, and nothing beside it. */
static void not_by_halves(void **state) {
    edge_locked_file_t file;
    put("one\n", 0640);
    assert_int_equal(edge_locked_file_open(&file, path, EDGE_LOCKED_FILE_CHANGE), APR_SUCCESS);
    assert_int_equal(edge_locked_file_replace(&file, fails, NULL), APR_ENOSPC);
    edge_locked_file_close(&file);
    holds("one\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(root), 0); /* empty */
    assert_int_equal(mkdir(root, 0700), 0);
}

/* Adds its letter a hundred times; what another one has added meanwhile stays. */
static void add_letters(char letter) {
    for (unsigned i = 0; i < 100; i++) {
        edge_locked_file_t file;
        char text[512];
        if (edge_locked_file_open(&file, path, EDGE_LOCKED_FILE_CHANGE) != APR_SUCCESS)
            _exit(1);
        memcpy(text, file.text, file.size);
        text[file.size] = letter;
        if (edge_locked_file_replace_text(&file, edge_span(text, file.size + 1)) != APR_SUCCESS)
            _exit(1);
        edge_locked_file_close(&file);
    }
}

static void one_at_a_time(void **state) {
    edge_locked_file_t file;
    int status;
    put("", 0640);
    pid_t other = fork();
    if (other == 0) {
        add_letters('b');
        _exit(0);
    }
    add_letters('a');
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    assert_int_equal(edge_locked_file_open(&file, path, EDGE_LOCKED_FILE_READ), APR_SUCCESS);
    assert_int_equal(file.size, 200);
    edge_locked_file_close(&file);
}

static int make_root(void **state) {
    if (!mkdtemp(root))
        return -1;
    snprintf(path, sizeof(path), "%s/file", root);
    snprintf(link_path, sizeof(link_path), "%s/link", root);
    return 0;
}

static int drop_root(void **state) {
    unlink(path);
    return rmdir(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaced), cmocka_unit_test(made),          cmocka_unit_test(through_a_link),
        cmocka_unit_test(no_files), cmocka_unit_test(not_by_halves), cmocka_unit_test(one_at_a_time),
    };
    return cmocka_run_group_tests_name("base/locked_file", tests, make_root, drop_root);
}
