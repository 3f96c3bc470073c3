/* Password files: read, walked over, replaced; locks, links, owners, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "passwd_file.h"
#include "said.h"

static apr_pool_t *pool;
static char root[] = "/tmp/edgectl-passwd-XXXXXX";
static const char *users;

static void put(const char *text, mode_t mode) {
    unlink(users);
    int fd = open(users, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static const char *text_of(const char *path) {
    char *text = apr_pcalloc(pool, 4096);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, 4095, file) < 4095);
    fclose(file);
    return text;
}

static unsigned names_in_root(void) {
    unsigned count = 0;
    DIR *directory = opendir(root);
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count - 2; /* . and .. */
}

static ctl_passwd_file_t opened(bool change, bool make) {
    ctl_passwd_file_t file;
    assert_int_equal(ctl_passwd_open(&file, users, change, make), CTL_OK);
    return file;
}

static void replaced(const char *before, const char *user, const char *lines, const char *after) {
    put(before, 0640);
    ctl_passwd_file_t file = opened(true, false);
    assert_int_equal(ctl_passwd_replace(&file, user, edge_span_of(lines)), CTL_OK);
    ctl_passwd_close(&file);
    assert_string_equal(text_of(users), after);
    assert_int_equal(names_in_root(), 1);
}

static void walks(void **state) {
    (void)state;
    put("# one\r\n\nann:{PLAIN}a:id\nbob\ncarl:{PLAIN}c", 0640);
    ctl_passwd_file_t file = opened(false, false);
    ctl_passwd_cursor_t cursor = {0};
    const char *const names[] = {"", "", "ann", "", "carl"};
    for (unsigned i = 0; i < EDGE_COUNT(names); i++) {
        assert_true(ctl_passwd_next(&file, &cursor));
        assert_int_equal(cursor.number, i + 1);
        assert_true(edge_span_equal(cursor.line.user, edge_span_of(names[i])));
        assert_int_equal(cursor.why != NULL, i == 3);
    }
    assert_false(ctl_passwd_next(&file, &cursor));
    ctl_passwd_close(&file);
    ctl_passwd_close(&file); /* once more does no harm */
}

static void replaces(void **state) {
    (void)state;
    replaced("", "ann", "ann:1\n", "ann:1\n");
    replaced("# c\nann:{PLAIN}a\nbob:{PLAIN}b\nann:$y$x\n", "ann", "ann:1\nann:2\n",
             "# c\nann:1\nann:2\nbob:{PLAIN}b\n");
    replaced("bob:{PLAIN}b", "ann", "ann:1\n", "bob:{PLAIN}b\nann:1\n");
    replaced("bob:{PLAIN}b\r\n\n", "ann", "ann:1\n", "bob:{PLAIN}b\r\n\nann:1\n");
    replaced("ann:{PLAIN}a\nAnn:{PLAIN}a\nanna:{PLAIN}a\n", "ann", "", "Ann:{PLAIN}a\nanna:{PLAIN}a\n");
    replaced("broken\nann:broken\n", "ann", "ann:1\n", "broken\nann:broken\nann:1\n");
    replaced("jo\xcc\x88rg:{PLAIN}a\n", "j\xc3\xb6rg", "x:1\n", "x:1\n");
}

static void mode_and_link_stay(void **state) {
    struct stat facts;
    (void)state;
    const char *link = apr_pstrcat(pool, root, "/link", NULL), *real = users;
    put("ann:{PLAIN}a\n", 0604);
    assert_int_equal(symlink("users", link), 0);
    users = link;
    ctl_passwd_file_t file = opened(true, false);
    users = real;
    assert_non_null(strstr(said(), "everybody can read"));
    assert_int_equal(ctl_passwd_replace(&file, "ann", edge_span_of("ann:1\n")), CTL_OK);
    ctl_passwd_close(&file);
    assert_int_equal(lstat(link, &facts), 0);
    assert_true(S_ISLNK(facts.st_mode));
    assert_int_equal(stat(users, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0604);
    assert_string_equal(text_of(users), "ann:1\n");
    unlink(link);
}

static void makes(void **state) {
    ctl_passwd_file_t file;
    struct stat facts;
    (void)state;
    unlink(users);
    assert_int_equal(ctl_passwd_open(&file, users, true, false), CTL_NOT_FOUND);
    assert_int_equal(access(users, F_OK), -1);
    file = opened(true, true);
    ctl_passwd_close(&file);
    assert_int_equal(stat(users, &facts), 0);
    assert_int_equal(facts.st_mode & 0137, 0);
}

static void no_files(void **state) {
    ctl_passwd_file_t file;
    (void)state;
    assert_int_equal(ctl_passwd_open(&file, root, false, false), CTL_ERROR);
    assert_int_equal(ctl_passwd_open(&file, "/dev/null", false, false), CTL_ERROR);
    assert_int_equal(ctl_passwd_open(&file, apr_pstrcat(pool, root, "/none/users", NULL), true, true), CTL_NOT_FOUND);
    assert_int_equal(file.fd, -1);
}

/* Whether somebody else could take the lock. */
static bool is_free(int how) {
    int fd = open(users, O_RDONLY);
    bool is_free = flock(fd, how | LOCK_NB) == 0;
    close(fd);
    return is_free;
}

static void locks(void **state) {
    (void)state;
    put("ann:{PLAIN}a\n", 0600);
    ctl_passwd_file_t reader = opened(false, false);
    assert_true(is_free(LOCK_SH));
    assert_false(is_free(LOCK_EX));
    ctl_passwd_close(&reader);
    ctl_passwd_file_t editor = opened(true, false);
    assert_false(is_free(LOCK_SH));
    ctl_passwd_close(&editor);
    assert_true(is_free(LOCK_EX));
}

/* One who waits for the lock of a file that is replaced meanwhile goes on with the new one. */
static void waits_for_the_new_one(void **state) {
    int ready[2];
    char c;
    (void)state;
    put("ann:{PLAIN}a\n", 0600);
    assert_int_equal(pipe(ready), 0);
    ctl_passwd_file_t first = opened(true, false);
    pid_t other = fork();
    assert_true(other >= 0);
    if (other == 0) {
        ctl_passwd_file_t second;
        close(first.fd);
        bool good = write(ready[1], "x", 1) == 1 && ctl_passwd_open(&second, users, true, false) == CTL_OK &&
                    ctl_passwd_replace(&second, "carl", edge_span_of("carl:1\n")) == CTL_OK;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(ctl_passwd_replace(&first, "bob", edge_span_of("bob:1\n")), CTL_OK);
    ctl_passwd_close(&first);
    int status;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    assert_string_equal(text_of(users), "ann:{PLAIN}a\nbob:1\ncarl:1\n");
    close(ready[0]);
    close(ready[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks),
        cmocka_unit_test(replaces),
        cmocka_unit_test(mode_and_link_stay),
        cmocka_unit_test(makes),
        cmocka_unit_test(no_files),
        cmocka_unit_test(locks),
        cmocka_unit_test(waits_for_the_new_one),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (mkdtemp(root) == NULL)
        return 1;
    users = apr_pstrcat(pool, root, "/users", NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(users);
    rmdir(root);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
