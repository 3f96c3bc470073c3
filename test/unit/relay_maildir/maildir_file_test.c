/* Files in Maildirs: made, kept, copied, given up; directories that are missing; a message that is there already. */
#include "maildir_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static maildir_file_t make(const char *directory, const char *temporary) {
    maildir_file_t file = {.directory = maildir_at(directory), .name = "name", .temporary = temporary, .fd = -1};
    file.fixed = strlen(maildir_root) + 1;
    file.create = true;
    return file;
}

static void a_whole_life(void **state) {
    (void)state;
    maildir_file_t file = make("example/bob", "one");
    assert_int_equal(maildir_file_open(&file, "Head: 1\n"), 0);
    assert_string_equal(maildir_list("example/bob/tmp"), "one\n");
    assert_string_equal(maildir_list("example/bob/new"), "");
    assert_int_equal(maildir_file_write(&file, "body\n", 5), 0);
    assert_int_equal(maildir_file_keep(&file), 0);
    assert_string_equal(maildir_list("example/bob/tmp"), "");
    assert_string_equal(maildir_list("example/bob/new"), "name\n");
    assert_string_equal(maildir_list("example/bob/cur"), "");
    maildir_file_drop(&file);
    assert_string_equal(maildir_read("example/bob/new"), "Head: 1\nbody\n");
    struct stat stat_of;
    assert_int_equal(stat(maildir_at("example/bob/new/name"), &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
}

static void given_up(void **state) {
    (void)state;
    maildir_file_t file = make("bob", "one");
    assert_int_equal(maildir_file_open(&file, "Head: 1\n"), 0);
    maildir_file_drop(&file);
    assert_string_equal(maildir_list("bob/tmp"), "");
    assert_string_equal(maildir_list("bob/new"), "");
    maildir_file_drop(&file);
}

/* As after a crash between the link and the record that it was done. */
static void there_already(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        maildir_file_t file = make("bob", i == 0 ? "one" : "two");
        assert_int_equal(maildir_file_open(&file, "Head: 1\n"), 0);
        assert_int_equal(maildir_file_keep(&file), 0);
        maildir_file_drop(&file);
    }
    assert_string_equal(maildir_list("bob/tmp"), "");
    assert_string_equal(maildir_list("bob/new"), "name\n");
}

static void copies(void **state) {
    (void)state;
    static char block[100000];
    memset(block, 'x', sizeof block);
    maildir_file_t from = make("bob", "one"), to = make("eve", "two");
    assert_int_equal(maildir_file_open(&from, "Delivered-To: bob\n"), 0);
    assert_int_equal(maildir_file_write(&from, block, sizeof block), 0);
    assert_int_equal(maildir_file_keep(&from), 0);
    assert_int_equal(maildir_file_open(&to, "Delivered-To: eve@example\n"), 0);
    assert_int_equal(maildir_file_copy(&to, &from), 0);
    assert_int_equal(maildir_file_keep(&to), 0);
    assert_int_equal(to.written, 26 + sizeof block);
    maildir_file_drop(&from);
    maildir_file_drop(&to);
    const char *text = maildir_read("eve/new");
    assert_memory_equal(text, "Delivered-To: eve@example\nxxxx", 30);
}

static void nothing_is_made_that_nobody_asked_for(void **state) {
    (void)state;
    maildir_file_t file = make("bob", "one");
    file.create = false;
    assert_int_equal(maildir_file_open(&file, ""), ENOENT);
    assert_string_equal(maildir_list("bob"), "-");
    file = make("missing/bob", "one");
    file.fixed = strlen(maildir_root) + strlen("/missing/");
    assert_int_equal(maildir_file_open(&file, ""), ENXIO);
    file.create = false;
    assert_int_equal(maildir_file_open(&file, ""), ENXIO);
    assert_string_equal(maildir_list("missing"), "-");
}

static void a_file_in_the_way(void **state) {
    (void)state;
    close(open(maildir_at("bob"), O_CREAT | O_WRONLY, 0600));
    maildir_file_t file = make("bob", "one");
    assert_int_equal(maildir_file_open(&file, ""), ENOTDIR);
}

static void names_too_long(void **state) {
    (void)state;
    char name[400];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    maildir_file_t file = make(name, "one");
    assert_int_equal(maildir_file_open(&file, ""), ENAMETOOLONG);
}

/* A full disk, as /dev/full plays it. */
static void no_room(void **state) {
    (void)state;
    maildir_file_t file = make("bob", "one");
    file.fd = open("/dev/full", O_WRONLY);
    assert_int_equal(maildir_file_write(&file, "x", 1), ENOSPC);
    maildir_file_drop(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define A(test) cmocka_unit_test_setup_teardown(test, maildir_setup, maildir_teardown)
        A(a_whole_life),      A(given_up),       A(there_already), A(copies), A(nothing_is_made_that_nobody_asked_for),
        A(a_file_in_the_way), A(names_too_long), A(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
